"""Part: the rows that train, validate or test, as matrices; and how it is built from a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.matrix_files import MatrixFiles
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.prepare import Preparation
from mlpcli.data.read_in_pieces import read_in_pieces
from mlpcli.data.table import Table
from mlpcli.data.target_columns import split_columns, with_target
from mlpcli.data.targets import describe_unseen
from mlpcli.data.weights import Weighting, mean_weight, with_weight
from mlpcli.errors import DataError, Fault, nearest

Array = NDArray[Any]


@dataclass(frozen=True)
class Unseen:
    """Rows of classes that training never saw: they have no loss, and no prediction of them is right.

    inputs, weights: arrays as a Part has them. targets: class indices, int64 (rows,), which follow those of
    the known classes. classes: the names of the unseen classes.
    """

    inputs: Array
    targets: Array
    classes: tuple[str, ...]
    weights: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Prepared rows of one part.

    inputs: (rows, width), C-contiguous. targets: class indices, int64 (rows,); for the other tasks float64
    (rows, outputs), scaled. weights: how much each row counts, float64 (rows,), of mean 1 in the training
    part; None: all rows count alike.
    """

    inputs: Array
    targets: Array
    weights: Array | None = None
    lines: range | Array = range(0)
    """The number of each row's line or row in the file it comes from, see `source`; empty: not known."""
    source: str = ""
    """The text that comes before such a number, for example `iris.csv line`."""
    unseen: Unseen | None = None
    """Further rows, which count in the scores alone; None where there are none."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.inputs)

    def where(self, row: int) -> str:
        """Return where a row is in its file; its number in this part, where that is not known."""
        return f"{self.source} {self.lines[row]}" if len(self.lines) else f"row {row + 1}"


@dataclass(frozen=True, kw_only=True)
class PartBuilder:
    """The way from the table of a part to its matrices; all of it is fitted on the training part.

    mean_weight: the mean weight of the training rows; 1 where rows are not weighted. matrices: the files that
    inputs are written to; None: they are made in memory.
    """

    config: DataConfig
    preparation: Preparation
    weighting: Weighting
    mean_weight: float
    dtype: str
    matrices: MatrixFiles | None = None

    def read(self, key: str, table: Table) -> tuple[Table, PreparationWarnings]:
        """Return the table of a part's own file as the schema reads it, and the columns that are not used.

        key: the name of the part, for messages.
        Raises DataError for missing columns, targets and weights too, and cells that are not what their
        column is.
        """
        lacking = [name for name in self.preparation.target.names if name not in table.names]
        if lacking and not any(name not in table.names for name in self.preparation.names):
            what = f"There is no target {lacking[0]!r} in it, so that no row can be scored."
            remedy = f"Leave data.{key} out, and give the file to mlp predict."
            raise DataError(Fault(table.source, what, remedy, f"data.{key}"))
        name = self.config.weight
        if name is not None and name not in table.names:
            what = f"There is no column {name!r} of weights."
            remedy = f"Give it; with 1 in every row all rows count alike. {nearest(name, table.names)}"
            raise DataError(Fault(table.source, what, remedy, "data.weight"))
        table = table.without(self.config.ignore)
        folder = None if self.matrices is None else self.matrices.spool
        others = (name, *split_columns(self.config))
        found: list[PreparationWarnings] = []

        def read(piece: Table) -> Table:
            typed, warnings = self.preparation.read(piece, targets=True, others=others)
            found.append(warnings)
            return typed

        # Which columns are not used is the same in every piece.
        return read_in_pieces(table, read, folder), found[0]

    def build(self, key: str, table: Table, warnings: PreparationWarnings) -> tuple[Part, list[str]]:
        """Return the part, and notes on what was left out, filled or not known. Raises DataError.

        key: the name of the part, for messages. table, warnings: as read() gives them.
        """
        config, preparation = self.config, self.preparation
        table, notes = usable_rows(config, table, preparation.target.names)
        where = f"{table.source}, {key} part"
        targets, unseen = preparation.scored_targets(table)
        known = table
        if unseen:
            notes.append(describe_unseen(where, targets, unseen, preparation.target))
            known = table.take(np.flatnonzero(targets < preparation.outputs))
        inputs, warnings = self._inputs(key, known, warnings)
        weights = self._weights(table, targets, where)
        part = Part(
            inputs=inputs,
            targets=targets,
            weights=weights,
            lines=known.lines,
            source=f"{table.source} {table.unit}",
        )
        if unseen:
            which = targets >= preparation.outputs
            beside, warnings = self._inputs(f"{key}.unseen", table.take(np.flatnonzero(which)), warnings)
            part = _set_apart(part, which, Unseen(beside, targets[which], unseen))
        notes += [f"{where}: {line}" for line in warnings.describe()]
        return part, notes

    def _inputs(
        self, key: str, table: Table, warnings: PreparationWarnings
    ) -> tuple[Array, PreparationWarnings]:
        """Return the inputs of rows, and the warnings with those of these rows added. Raises DataError."""
        if self.matrices is None:
            inputs, more = self.preparation.matrix(table, self.dtype)
        else:
            inputs, more = self.matrices.matrix(f"{key}.inputs", self.preparation, table, self.dtype)
        return inputs, warnings + more

    def _weights(self, table: Table, targets: Array, where: str) -> Array | None:
        """Return the weights relative to the training part's, (rows,); None: all alike. Raises DataError."""
        if not self.weighting:
            return None
        weights = self.weighting.of(table, targets)
        mean_weight(weights, where)  # raises where no row of this part counts
        return self.weighting.relative(weights, self.mean_weight, table, self.dtype)


def usable_rows(config: DataConfig, table: Table, names: tuple[str, ...]) -> tuple[Table, list[str]]:
    """Return the rows that have all targets and a weight above 0, and notes on the rows left out.

    names: the target columns. Raises DataError where no row is left, or a weight is none.
    """
    table, without_target = with_target(table, names)
    table, without_weight = with_weight(table, config.weight)
    return table, [*without_target, *without_weight]


def _set_apart(part: Part, which: Array, unseen: Unseen) -> Part:
    """Return the part with rows of unseen classes beside it.

    part: its inputs and lines are of the known rows alone, its other arrays of all. which: (rows,) bool, true
    for the unseen ones; unseen: they, without weights.
    """
    known, weights = ~which, part.weights
    return replace(
        part,
        targets=part.targets[known],
        weights=None if weights is None else weights[known],
        unseen=replace(unseen, weights=None if weights is None else weights[which]),
    )
