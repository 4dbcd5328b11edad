"""Categorical columns: one output per level, 1 where the cell is that level (one-hot)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cell_values import codes, in_order, is_missing, spellings
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

MISSING_LEVEL = "(missing)"
"""The level of missing cells, where these are a level of their own."""


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """A column of categories, fitted on the training part.

    levels: the categories of the training part, in order; `(missing)` last if cells are missing there.
    missing_as: level, most_frequent or error. A level that is not known gives 0 in every output. Without one
    value in the training part there are no levels, and the column is one output that is always 0.
    """

    name: str
    levels: tuple[str, ...]
    missing_as: str
    most_frequent: str
    missing: int
    """Missing cells in the training part."""

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
        if self.missing < 0:
            return f"{self.missing} cells are missing."
        named = self.most_frequent in self.levels or not (self.levels or self.most_frequent)
        sound = len(set(self.levels)) == len(self.levels) and named
        return "" if sound else "the levels are not distinct, or lack the most frequent one."

    def apply(self, table: Table, out: NDArray[Any]) -> PreparationWarnings:
        """Write the outputs to `out`, (rows, width), and return what was filled or not known.

        Raises DataError for a missing cell where missing_as is error.
        """
        cells = table.text(self.name)
        stand_in = {"level": MISSING_LEVEL, "most_frequent": self.most_frequent}.get(self.missing_as, "")
        found = codes(cells, self.levels, self.levels.index(stand_in) if stand_in in self.levels else -2)
        holes = np.flatnonzero(found == -2)
        if len(holes) and self.missing_as == "error":
            remedy = "Fill it in, or say how: `data: {missing: {categorical: level}}`."
            raise DataError(Fault(table.where(holes[0], self.name), "The cell is missing.", remedy))
        out[:] = 0
        known = np.flatnonzero(found >= 0)
        out[known, found[known]] = 1
        # Where training saw nothing but missing cells, they are no news.
        unknown = np.flatnonzero(found == -1 if self.empty else found < 0)
        fills = self.missing_as == "most_frequent" and not self.empty
        filled = sum(map(is_missing, cells)) if fills else 0
        return PreparationWarnings(
            {self.name: filled} if filled else {},
            {self.name: (len(unknown), cells[unknown[0]] or MISSING_LEVEL)} if len(unknown) else {},
        )


def fit_categorical(table: Table, name: str, missing_as: str) -> Categorical:
    """Fit the levels of the column `name` to the rows of `table`; none when all its cells are missing."""
    cells = Counter(table.text(name))
    same = spellings(cells)
    counts: Counter[str] = Counter()
    for cell, count in cells.items():
        counts[same[cell]] += count
    missing = sum(count for cell, count in counts.items() if is_missing(cell))
    levels = in_order(cell for cell in counts if not is_missing(cell))
    if not levels:
        return Categorical(name=name, levels=(), missing_as=missing_as, most_frequent="", missing=missing)
    # max takes the first of equals: levels are in order, so the choice does not depend on the rows' order.
    most_frequent = max(levels, key=lambda level: counts[level])
    if missing and missing_as == "level":
        levels = (*(level for level in levels if level != MISSING_LEVEL), MISSING_LEVEL)
    return Categorical(
        name=name, levels=levels, missing_as=missing_as, most_frequent=most_frequent, missing=missing
    )
