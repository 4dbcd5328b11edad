"""How much each row counts: a column of the file, a weight for each class, or both, multiplied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.levels import meaning
from mlpcli.data.numeric import Floats
from mlpcli.data.table import Table, more
from mlpcli.data.targets import ClassTarget, Target
from mlpcli.errors import DataError, Fault, nearest
from mlpcli.wording import listed

Array = NDArray[Any]
SMALLEST = float(np.finfo(np.float64).tiny)
"""Below this float64 loses digits, and quotients of weights are no longer what they should be."""


@dataclass(frozen=True)
class Weighting:
    """The rule by which rows count.

    column: the column of weights in the file, None where there is none. classes: a weight for each class, in
    their order; empty: all classes count alike.
    """

    column: str | None = None
    classes: Floats = ()

    def __bool__(self) -> bool:
        """Tell whether rows count differently at all."""
        return self.column is not None or bool(self.classes)

    def fault(self) -> str:
        """Say what cannot be true of weights; empty when all is well."""
        return "a weight is negative." if min(self.classes, default=0.0) < 0 else ""

    def of(self, table: Table, targets: Array) -> Array:
        """Return the weight of every row, (rows,) float64. targets: as Preparation.targets gives them.

        A column that the table lacks counts every row alike. Raises DataError as row_weights does.
        """
        weights = np.ones(table.rows)
        if self.column is not None and self.column in table.names:
            weights *= row_weights(table, self.column)
        if self.classes:
            # A class that training never saw comes after all others, and has 1 as one that is not named.
            by_class = np.array((*self.classes, 1.0))[np.minimum(targets, len(self.classes))]
            with np.errstate(over="ignore", under="ignore"):
                weights *= by_class
            bad = np.flatnonzero(~np.isfinite(weights) | ((weights < SMALLEST) & (by_class > 0)))
            if len(bad):
                what = (
                    f"The weight of this row times that of its class, {by_class[bad[0]]:g}, is out of range"
                )
                remedy = "Give weights nearer to 1: only how they compare matters."
                where = table.where(bad[0])
                raise DataError(Fault(where, f"{what}{more(len(bad))}.", remedy, "data.class_weights"))
        return weights

    def relative(self, weights: Array, mean: float, table: Table, dtype: str) -> Array:
        """Divide the weights of the rows of `table` by the mean of the training part, (rows,) float64.

        Raises DataError, naming the row, where that leaves nothing of a weight in `dtype`, or so much that
        its product with a loss may be infinite.
        """
        with np.errstate(over="ignore", under="ignore"):
            quotients: Array = weights / mean
            kept = quotients.astype(dtype)
        bad = np.flatnonzero((kept > np.finfo(dtype).max ** 0.5) | ((kept == 0) & (weights > 0)))
        if len(bad):
            size = "too large" if kept[bad[0]] else "so small that the row would not count"
            what = f"The weight {weights[bad[0]]:g} is {size} beside the mean {mean:g} of the training rows"
            key = "data.class_weights" if self.column is None else "data.weight"
            remedy = "Give weights that differ less, or 0 to leave a row out."
            raise DataError(Fault(table.where(bad[0]), f"{what}{more(len(bad))}.", remedy, key))
        return quotients

    def describe(self, target: Target) -> str:
        """Describe the rule in words: by column 'w' and by class (no 0.625, yes 2.5)."""
        words = [] if self.column is None else [f"by column {self.column!r}"]
        if self.classes and isinstance(target, ClassTarget):
            pairs = [f"{n} {w:.4g}" for n, w in zip(target.classes, self.classes, strict=True)]
            words.append(f"by class ({listed(pairs)})")
        return " and ".join(words)


UNWEIGHTED = Weighting()
"""The rule by which all rows count alike."""


def fit_weighting(config: DataConfig, target: Target, training: Table) -> Weighting:
    """Fit the rule to the rows of the training part. Raises DataError for classes that are not there."""
    classes: Floats = ()
    if config.class_weights:
        if not isinstance(target, ClassTarget):
            what = f"Class weights are for one target of classes, and the task is {target.task}."
            remedy = (
                "Leave it out. To weigh rows, give the file a column of weights, and name it: data.weight."
            )
            raise DataError(Fault(training.source, what, remedy, "data.class_weights"))
        classes = class_weights(config.class_weights, target, training)
    return Weighting(config.weight, classes)


def class_weights(given: str | Mapping[str, float], target: ClassTarget, training: Table) -> Floats:
    """Return a weight for each class of `target`, in their order; a class that is not named has 1.

    balanced: rows / (classes · rows of the class), as scikit-learn's compute_class_weight has it (King, Zeng
    2001, Logistic regression in rare events data, section 3.2). Raises DataError for unknown classes.
    """
    if isinstance(given, str):
        counts = np.bincount(target.encode(training), minlength=len(target.classes))
        return tuple((training.rows / (len(counts) * np.maximum(counts, 1))).tolist())
    places = {meaning(name): place for place, name in enumerate(target.classes)}
    unknown = [name for name in given if meaning(name) not in places]
    if unknown:
        raise DataError(
            [
                Fault(
                    training.source,
                    f"{target.name!r} has no class {name!r}.",
                    nearest(name, target.classes),
                    f"data.class_weights.{name}",
                )
                for name in unknown
            ]
        )
    weights = [1.0] * len(target.classes)
    for name, weight in given.items():
        weights[places[meaning(name)]] = weight
    return tuple(weights)


def row_weights(table: Table, name: str) -> Array:
    """Return the cells of a column of weights, (rows,) float64.

    Raises DataError, naming the row, for one that is missing, negative, infinite, no number, or so small that
    float64 does not hold all its digits.
    """
    remedy = "Give a number of 0 or more; a row of weight 0 is left out."
    try:
        values = table.numbers(name).astype(np.float64)
    except DataError as error:
        raise DataError([Fault(f.where, f.what, remedy, "data.weight") for f in error.faults]) from error
    bad = np.flatnonzero(~(np.isfinite(values) & ((values == 0) | (values >= SMALLEST))))
    if len(bad):
        value = values[bad[0]]
        kind = "missing" if np.isnan(value) else "negative" if value < 0 else "infinite"
        if 0 < value < SMALLEST:
            kind = "too small"
            remedy = "Multiply all weights by one number, or give 0 to leave the row out."
        shown = "" if np.isnan(value) else f" ({value:g})"
        raise DataError(
            Fault(
                table.where(bad[0], name),
                f"The weight is {kind}{shown}{more(len(bad))}.",
                remedy,
                "data.weight",
            )
        )
    return values


def with_weight(table: Table, name: str | None) -> tuple[Table, tuple[str, ...]]:
    """Return the rows whose weight is above 0, and a note where others are left out.

    A row of weight 0 counts as not in the file. Where there is no such column, all rows are kept. Raises
    DataError as row_weights does, and when no row is left.
    """
    if name is None or name not in table.names:
        return table, ()
    kept = np.flatnonzero(row_weights(table, name))
    if not len(kept):
        what = f"The weight of every row is 0 (column {name!r})."
        raise DataError(
            Fault(table.source, what, "Give the rows that count a weight above 0.", "data.weight")
        )
    if len(kept) == table.rows:
        return table, ()
    note = f"{table.source}: {table.rows - len(kept)} of {table.rows} rows have weight 0 and are left out."
    return table.take(kept), (note,)


def mean_weight(weights: Array, where: str) -> float:
    """Return the mean of weights, (rows,), without overflow. Raises DataError where all of them are 0."""
    largest = float(weights.max())
    if largest <= 0:
        what = "The weight of every row is 0."
        raise DataError(
            Fault(where, what, "Give a class that is there a weight above 0.", "data.class_weights")
        )
    return largest * float((weights / largest).mean())
