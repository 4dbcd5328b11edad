"""How much of the target each column says by itself: what nearly gives it away is seldom known in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.table import Table

Array = NDArray[Any]

PARTS = 20
"""Parts of about as many rows into which the numbers of a column are cut, where they are more than that."""
LEAST_ROWS = 20
CELLS = 1 << 22
"""Cells that are looked at, a second or two; of larger tables some rows."""
FEWEST, MOST = 200, 20_000
"""Rows that are looked at of a larger table: at least, and at most."""
GIVES_AWAY = 0.98
"""Share of the target from which on a column nearly gives it away. Ours: of iris, petals say 0.94."""


@dataclass(frozen=True)
class Alone:
    """A column, and the share of the target's variance that it explains by itself, between 0 and 1."""

    column: str
    share: float

    @property
    def gives_away(self) -> bool:
        """Whether the column nearly is the target in other words."""
        return self.share >= GIVES_AWAY


def rows_looked_at(rows: int, columns: int) -> int:
    """Return how many of so many rows are looked at."""
    return min(rows, max(FEWEST, min(MOST, CELLS // max(1, columns))))


def explained_alone(table: Table, names: tuple[str, ...], targets: Array, of_classes: bool) -> list[Alone]:
    """Return how much each column explains, most first.

    It is the correlation ratio η² of the target over the levels of the column, or over PARTS parts of its
    numbers, corrected for their count; of classes, that of a column of 0 and 1 for each class (Goodman and
    Kruskal's τ). Missing cells are a level. table: as the schema reads it, some rows with a target. targets:
    (rows,) class indices, or float64 (rows, outputs).
    """
    if table.rows < LEAST_ROWS:
        return []
    values = targets.reshape(len(targets), -1).astype(np.float64)
    found = []
    for column in (table.column(name) for name in names):
        places = _places(column)
        share = _of_classes(places, targets) if of_classes else _of_numbers(places, values)
        found.append(Alone(column.name, share))
    return sorted(found, key=lambda each: -each.share)


def _places(column: Column) -> Array:
    """Return the level or the part of each cell, int64 (rows,); missing cells have one of their own."""
    if column.codes is not None:
        return column.codes.astype(np.int64) + 1
    assert column.numbers is not None
    numbers = column.numbers.astype(np.float64)
    ordered = np.sort(numbers)
    ordered = ordered[: len(ordered) - np.count_nonzero(np.isnan(ordered))]
    begins = ordered[np.flatnonzero(np.diff(ordered, prepend=-np.inf))] if len(ordered) else ordered
    if len(begins) > PARTS:
        begins = ordered[(np.arange(PARTS) * len(ordered)) // PARTS]
    # NaN comes after all numbers.
    places = np.searchsorted(begins, numbers, side="right")
    return np.where(np.isnan(numbers), 0, places)


def _of_classes(places: Array, classes: Array) -> float:
    counts = np.bincount(classes).astype(np.float64)
    rows = len(classes)
    total = 1.0 - float(np.sum((counts / rows) ** 2))
    width = len(counts)
    together = np.bincount(places * width + classes, minlength=width * (int(places.max()) + 1))
    together = together.reshape(-1, width).astype(np.float64)
    sizes = together.sum(axis=1)
    there = sizes > 0
    within = 1.0 - float(np.sum(together[there] ** 2 / sizes[there, None])) / rows
    return _share(within, total, rows, int(np.count_nonzero(there)))


def _of_numbers(places: Array, values: Array) -> float:
    """Return the largest share of an output. values: (rows, outputs)."""
    sizes = np.bincount(places)
    there = sizes > 0
    shares = [0.0]
    for output in values.T:
        centred = output - output.mean()
        sums = np.bincount(places, centred)[there]
        total = float(np.mean(centred**2))
        within = total - float(np.sum(sums**2 / sizes[there])) / len(output)
        shares.append(_share(within, total, len(output), int(np.count_nonzero(there))))
    return max(shares)


def _share(within: float, total: float, rows: int, groups: int) -> float:
    """Return the explained share of a variance, corrected for the means that were fitted; 0 where it is none."""
    if not total > 0 or rows <= 2 * groups:
        return 0.0
    return max(0.0, 1.0 - max(0.0, within) / (rows - groups) * (rows - 1) / total)
