"""Target columns: class names to indices, numbers to scaled numbers; and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import plain_number
from mlpcli.data.levels import EMPTY, UNKNOWN, count_levels, level_codes
from mlpcli.data.numeric import Floats, fit_numeric, is_spread
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault, nearest
from mlpcli.wording import listed

Array = NDArray[Any]


@dataclass(frozen=True)
class ClassTarget:
    """A column of classes, named as in the file; encoded as the index of the class, int64 (rows,).

    codes: the number that one output unit is to say for each class, where the config gives them.
    """

    name: str
    classes: tuple[str, ...]
    codes: Floats = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def task(self) -> str:
        return "classification"

    def fault(self) -> str:
        """Say what cannot be true of classes; empty when all is well."""
        if not 0 < len(set(self.classes)) == len(self.classes):
            return "the classes are not distinct."
        fits = not self.codes or len(set(self.codes)) == len(self.codes) == len(self.classes)
        return "" if fits else "the codes do not fit the classes."

    @property
    def coding(self) -> Floats:
        """The output of a single unit for each class: the codes, else 1 for the last of one or two."""
        return self.codes or ((0.0, 1.0) if len(self.classes) > 1 else (1.0,))

    def encode_all(self, table: Table) -> tuple[Array, tuple[str, ...]]:
        """Return class indices, int64 (rows,), and the classes in the table that training never saw.

        Unseen classes have the indices that follow the known ones. Raises DataError for a missing cell.
        """
        column = table.column(self.name)
        found = level_codes(column, self.classes)
        strange = np.flatnonzero(found == UNKNOWN)
        if not len(strange):
            return self._checked(table, found), ()
        unseen = tuple(count_levels(column.take(strange)))
        beyond = replace(self, classes=(*self.classes, *unseen), codes=())
        return beyond.encode(table), unseen

    def encode(self, table: Table) -> Array:
        """Return class indices, int64 (rows,). Raises DataError for an unknown class, or a missing cell."""
        return self._checked(table, level_codes(table.column(self.name), self.classes))

    def _checked(self, table: Table, found: Array) -> Array:
        """Return class indices as they are found, int64 (rows,). Raises DataError where one is none."""
        bad = np.flatnonzero(found < 0)
        if len(bad):
            cell = table.column(self.name).cell(bad[0])
            missing = found[bad[0]] == EMPTY
            what = "The class is missing" if missing else f"{cell!r} is no class known from training"
            what += f" ({len(bad)} such cells)." if len(bad) > 1 else "."
            raise DataError(Fault(table.where(bad[0], self.name), what, nearest(cell, self.classes)))
        return found.astype(np.int64)

    def unscale(self, values: Array) -> Array:
        """Return the values as they are: there is no scaling to undo."""
        return values


@dataclass(frozen=True)
class RegressionTarget:
    """Columns of numbers, encoded as (y - shift) / scale, float64 (rows, columns)."""

    names: tuple[str, ...]
    shift: Floats
    scale: Floats

    @property
    def task(self) -> str:
        return "regression"

    def fault(self) -> str:
        """Say what cannot be true of such columns; empty when all is well."""
        if not len(self.names) == len(self.shift) == len(self.scale) > 0 or min(self.scale) <= 0:
            return "shift and scale do not fit the columns."
        wrong = [(n, scale) for n, scale in zip(self.names, self.scale, strict=True) if not is_spread(scale)]
        return f"{wrong[0][0]!r}: the scale {wrong[0][1]:g} is not the spread of any values." if wrong else ""

    def encode(self, table: Table) -> Array:
        """Return scaled targets, (rows, columns). Raises DataError for a missing or infinite cell."""
        scaled: Array = (_numbers(table, self.names) - np.array(self.shift)) / np.array(self.scale)
        return scaled

    def unscale(self, values: Array) -> Array:
        """Return targets or predictions, (rows, columns), in the units of the file, float64."""
        with np.errstate(over="ignore"):  # beyond the largest number there is infinity, which is written
            unscaled: Array = np.asarray(values, np.float64) * np.array(self.scale) + np.array(self.shift)
        return unscaled


@dataclass(frozen=True)
class MultilabelTarget:
    """Columns of two values, encoded as 0 and 1, float64 (rows, columns).

    no, yes: what the cells of each column say for 0 and for 1; none where all columns have the numbers.
    """

    names: tuple[str, ...]
    no: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        return "multilabel"

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """The cells that stand for 0 and for 1 in each column."""
        return tuple(zip(self.no, self.yes, strict=True)) or (("0", "1"),) * len(self.names)

    @property
    def affirmed(self) -> tuple[str, ...]:
        """What a 1 says: the name of the column, with the word for yes where that is none of the numbers."""
        named = zip(self.names, self.words, strict=True)
        said = tuple(name if pair == ("0", "1") else f"{name}={pair[1]}" for name, pair in named)
        return said if len(set(said)) == len(said) else self.names

    def fault(self) -> str:
        """Say what cannot be true of such columns; empty when all is well."""
        if not self.names:
            return "there are no columns."
        fits = len(self.no) == len(self.yes) in (0, len(self.names))
        if not fits or any(no == yes for no, yes in self.words):
            return "the words do not fit the columns."
        return ""

    def encode(self, table: Table) -> Array:
        """Return 0 and 1, (rows, columns). Raises DataError for a cell that is neither of the two."""
        if self.no:
            named = zip(self.names, self.words, strict=True)
            return np.stack([self._encode_words(table, name, pair) for name, pair in named], axis=1)
        values = _numbers(table, self.names)
        bad = np.argwhere((values != 0) & (values != 1))
        if len(bad):
            row, at = bad[0]
            what = f"{values[row, at]:g} is neither 0 nor 1."
            raise DataError(Fault(table.where(row, self.names[at]), what, "Write 0 or 1 for every label."))
        return values

    def _encode_words(self, table: Table, name: str, pair: tuple[str, str]) -> Array:
        column = table.column(name)
        found = level_codes(column, pair)
        bad = np.flatnonzero(found < 0)
        if len(bad):
            what = f"{column.cell(bad[0])!r} is neither {pair[0]!r} nor {pair[1]!r}."
            remedy = "Write one of the two, or leave rows out of which the label is not known."
            raise DataError(Fault(table.where(bad[0], name), what, remedy))
        return found.astype(np.float64)

    def unscale(self, values: Array) -> Array:
        """Return the values as they are: there is no scaling to undo."""
        return values


Target = ClassTarget | RegressionTarget | MultilabelTarget


def describe_unseen(where: str, targets: Array, unseen: tuple[str, ...], target: Target) -> str:
    """Return a note on rows whose class training never saw; "" where there are none.

    targets, unseen: as scored_targets() gives them. Raises DataError where all rows are such.
    """
    if not unseen or not isinstance(target, ClassTarget):
        return ""
    count, shown = int(np.sum(targets >= len(target.classes))), ", ".join(map(repr, unseen[:8]))
    shown += f" and {len(unseen) - 8} more" if unseen[8:] else ""
    if count == len(targets):
        what = f"The target {target.name!r} has no class in it that training saw: {shown}."
        raise DataError(Fault(where, what, nearest(unseen[0], target.classes)))
    rows = f"{count} of {len(targets)} rows {'is' if count == 1 else 'are'} of"
    which = f"a class that training never saw ({shown})"
    if unseen[1:]:
        which = f"classes that training never saw ({shown})"
    they = "it counts" if count == 1 else "they count"
    return f"{where}: {rows} {which}: {they} as wrong, and the loss is of the other rows."


def fit_classes(table: Table, name: str, codes: Floats = ()) -> ClassTarget:
    """Collect the classes of all rows of `table`, none of which lacks one.

    codes: see ClassTarget; a class that is alone has the last one. Raises DataError where the codes
    do not fit the classes.
    """
    classes = tuple(count_levels(table.column(name)))
    if len(classes) == 1:
        codes = codes[-1:]
    if codes and len(codes) != len(classes):
        what = f"{len(codes)} numbers are given for the classes of {name!r}, which are {len(classes)}"
        remedy = "Give one number per class, in that order, or leave data.classes out."
        raise DataError(Fault(table.source, f"{what}: {listed(classes)}.", remedy, "data.classes"))
    return ClassTarget(name, classes, codes)


def fit_labels(
    table: Table, names: tuple[str, ...], declared: Mapping[str, tuple[str, ...]]
) -> MultilabelTarget:
    """Collect the two values of each column: for no and for yes.

    Every column has the numbers 0 and 1, or two texts; infer_task has seen to that. declared: the words for
    no and yes, by column, where they are known; of other texts the second by alphabet is the label.
    """
    pairs = []
    for name in names:
        found = tuple(count_levels(table.column(name)))
        known = declared.get(name, ())
        pairs.append(known if set(found) <= set(known) else found)
    if not any(_is_text(pair) for pair in pairs):
        return MultilabelTarget(names)
    pairs = [pair if _is_text(pair) else ("0", "1") for pair in pairs]
    return MultilabelTarget(names, tuple(no for no, _ in pairs), tuple(yes for _, yes in pairs))


def _is_text(pair: Iterable[str]) -> bool:
    """Tell whether one of the words is no number."""
    return any(plain_number(word) is None for word in pair)


def fit_regression(table: Table, names: tuple[str, ...], scaling: str) -> RegressionTarget:
    """Fit shift and scale of each column to the rows of `table`; a constant column is only shifted.

    Raises DataError for infinite values, and for values too large to be scaled.
    """
    fitted = [fit_numeric(table, (name,), False, scaling, "error").shift_and_scale() for name in names]
    shift = tuple(float(shift[0]) for shift, _ in fitted)
    return RegressionTarget(
        names, shift, tuple(float(scale[0]) if np.isfinite(scale[0]) else 1.0 for _, scale in fitted)
    )


def _numbers(table: Table, names: tuple[str, ...]) -> Array:
    values = table.matrix(names).astype(np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        what = "The target is missing or infinite."
        raise DataError(
            Fault(table.where(bad[0][0], names[bad[0][1]]), what, "Give the value, or drop the row.")
        )
    return values
