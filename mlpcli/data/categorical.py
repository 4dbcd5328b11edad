"""Categorical columns: one output per level, 1 where the cell is that level (one-hot)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.levels import EMPTY, UNKNOWN, count_levels, in_order, level_codes
from mlpcli.data.preparation_warnings import PreparationWarnings, UnknownCells
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault, closest

MISSING_LEVEL = "(missing)"
"""The level of missing cells, where these are a level of their own."""
OTHER_LEVEL = "(other)"
"""The level of all but the commonest levels, and of those that training never saw."""


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """A column of categories, fitted on the training part.

    levels: the categories of the training part, in order; `(other)` and `(missing)` last, where there are
    such cells. missing_as: level, most_frequent or error. A level that is not known is `(other)`; without
    that it gives 0 in every output. Without one value in the training part there are no levels, and the
    column is one output that is always 0.
    """

    name: str
    levels: tuple[str, ...]
    missing_as: str
    most_frequent: str
    missing: int
    """Missing cells in the training part."""
    rare_levels: int = 0
    """Levels of the training part that are `(other)`."""
    rare_cells: int = 0
    """Cells of them."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def width(self) -> int:
        return len(self.levels) or 1

    @property
    def empty(self) -> tuple[str, ...]:
        """The name of the column where the training part has not one value of it; it is always 0 then."""
        return () if self.levels else (self.name,)

    def fault(self) -> str:
        """Say what cannot be true of such a column; empty when all is well."""
        if self.missing_as not in ("level", "most_frequent", "error"):
            return f"missing_as {self.missing_as!r} is not known."
        if min(self.missing, self.rare_levels, self.rare_cells) < 0:
            return f"{self.missing} cells are missing, {self.rare_cells} of {self.rare_levels} rare levels."
        if self.rare_levels and OTHER_LEVEL not in self.levels:
            return "there are rare levels, and none that stands for them."
        named = self.most_frequent in self.levels or not (self.levels or self.most_frequent)
        sound = len(set(self.levels)) == len(self.levels) and named
        return "" if sound else "the levels are not distinct, or lack the most frequent one."

    def apply(self, table: Table, out: NDArray[Any]) -> PreparationWarnings:
        """Write the outputs to `out`, (rows, width), and return what was filled or not known.

        Raises DataError for a missing cell where missing_as is error.
        """
        column = table.column(self.name)
        found = level_codes(column, self.levels)
        holes = found == EMPTY
        missing = int(np.count_nonzero(holes))
        if missing and self.missing_as == "error":
            remedy = "Fill it in, or say how: `data: {missing: {categorical: level}}`."
            row = int(np.argmax(holes))
            raise DataError(Fault(table.where(row, self.name), "The cell is missing.", remedy))
        stand_in = {"level": MISSING_LEVEL, "most_frequent": self.most_frequent}.get(self.missing_as, "")
        if missing and stand_in in self.levels:
            found[holes] = self.levels.index(stand_in)
        unknown = found == UNKNOWN
        if OTHER_LEVEL in self.levels and self.rare_levels:
            found[unknown] = self.levels.index(OTHER_LEVEL)
            unknown[:] = False
        out[:] = 0
        known = np.flatnonzero(found >= 0)
        out[known, found[known]] = 1
        # Where training saw nothing but missing cells, they are no news.
        strange = unknown if self.empty else found < 0
        filled = missing if self.missing_as == "most_frequent" and not self.empty else 0
        return PreparationWarnings({self.name: filled} if filled else {}, self._unknown(table, strange))

    def _unknown(self, table: Table, strange: NDArray[Any]) -> dict[str, UnknownCells]:
        """Describe the cells that training never saw. strange: where they are, bool (rows,)."""
        count = int(np.count_nonzero(strange))
        if not count:
            return {}
        example = table.column(self.name).cell(int(np.argmax(strange))) or MISSING_LEVEL
        return {self.name: UnknownCells(count, len(strange), example, closest(example, self.levels) or "")}


def fit_categorical(table: Table, name: str, missing_as: str, most_levels: int) -> Categorical:
    """Fit the levels of the column `name` to the rows of `table`; none when all its cells are missing.

    most_levels: levels that are told apart, the commonest; the others become one.
    """
    column = table.column(name)
    counts = count_levels(column)
    missing = int(np.count_nonzero(column.is_empty()))
    if not counts:
        return Categorical(name=name, levels=(), missing_as=missing_as, most_frequent="", missing=missing)
    # Levels are in order, so that which of equally frequent ones comes first does not depend on the rows.
    ranked = sorted(counts, key=lambda level: -counts[level])
    kept = in_order(ranked[:most_levels])
    rare = ranked[most_levels:]
    further = [OTHER_LEVEL] if rare else []
    further += [MISSING_LEVEL] if missing and missing_as == "level" else []
    return Categorical(
        name=name,
        levels=(*(level for level in kept if level not in further), *further),
        missing_as=missing_as,
        most_frequent=ranked[0],
        missing=missing,
        rare_levels=len(rare),
        rare_cells=sum(counts[level] for level in rare),
    )
