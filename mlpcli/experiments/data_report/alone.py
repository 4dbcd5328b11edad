"""How much of the target each column says by itself: what nearly gives it away is seldom known in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.profile.stacks import AT_ONCE, stacks
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
    share = _of_classes if of_classes else _of_numbers
    found: list[Alone] = []
    numbers = []
    for column in (table.column(name) for name in names):
        if column.codes is None:
            numbers.append(column.name)
        elif len(column.words) <= table.rows / 2:  # of as many levels as rows nothing can be told
            places = column.codes.astype(np.int64)[None] + 1
            found.append(Alone(column.name, float(share(places, targets)[0])))
    outputs = int(targets.max()) + 1 if of_classes else 1
    for columns, cells in stacks(table, numbers, AT_ONCE * table.rows // max(table.rows, PARTS * outputs)):
        shares = share(_parts(cells), targets).tolist()
        found += [Alone(column.name, each) for column, each in zip(columns, shares, strict=True)]
    return sorted(found, key=lambda each: -each.share)


def _parts(cells: Array) -> Array:
    """Return the part that each number lies in, int64 (columns, rows), from 1; 0 where there is none."""
    ordered = np.sort(cells, axis=1)
    counts = np.count_nonzero(~np.isnan(cells), axis=1)
    begins = ~np.isnan(ordered)
    begins[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    distinct = np.count_nonzero(begins, axis=1)
    # Cut after equal numbers of rows, or between all numbers where they are few.
    limits = np.take_along_axis(ordered, np.arange(PARTS) * counts[:, None] // PARTS, axis=1)
    few = np.flatnonzero(distinct <= PARTS)
    limits[few] = np.inf
    rows, at = np.nonzero(begins[few])
    firsts = np.cumsum(distinct[few]) - distinct[few]
    limits[few[rows], np.arange(len(rows)) - firsts[rows]] = ordered[few[rows], at]
    places = np.zeros(cells.shape, np.int64)
    for limit in limits.T:
        places += cells >= limit[:, None]
    return places


def _of_classes(places: Array, classes: Array) -> Array:
    """Return the share of each column, (columns,). places: (columns, rows) and classes: (rows,), from 0."""
    rows, width = len(classes), int(classes.max()) + 1
    total = 1.0 - float(np.sum((np.bincount(classes) / rows) ** 2))
    together = _sums(places * width + classes, (int(places.max()) + 1) * width)
    together = together.reshape(len(places), -1, width)
    sizes = together.sum(axis=2)
    squares = np.sum(together**2, axis=2)
    within = 1.0 - np.sum(np.divide(squares, sizes, out=squares, where=sizes > 0), axis=1) / rows
    return _shares(within, total, rows, np.count_nonzero(sizes, axis=1))


def _of_numbers(places: Array, values: Array) -> Array:
    """Return the largest share of an output for each column. values: (rows,) or (rows, outputs)."""
    rows, width = len(values), int(places.max()) + 1
    sizes = _sums(places, width)
    shares = np.zeros(len(places))
    for output in values.reshape(rows, -1).T.astype(np.float64):
        centred = output - output.mean()
        total = float(np.mean(centred**2))
        squares = _sums(places, width, np.broadcast_to(centred, places.shape)) ** 2
        within = total - np.sum(np.divide(squares, sizes, out=squares, where=sizes > 0), axis=1) / rows
        shares = np.maximum(shares, _shares(within, total, rows, np.count_nonzero(sizes, axis=1)))
    return shares


def _sums(places: Array, width: int, weights: Array | None = None) -> Array:
    """Count the cells of each column by place, or add up their weights, (columns, width)."""
    apart = places + width * np.arange(len(places))[:, None]
    weights = None if weights is None else weights.ravel()
    found = np.bincount(apart.ravel(), weights, minlength=width * len(places))
    return found.reshape(len(places), width).astype(np.float64)


def _shares(within: Array, total: float, rows: int, groups: Array) -> Array:
    """Return the explained shares of a variance, corrected for the means that were fitted; 0 of none."""
    if not total > 0:
        return np.zeros(len(within))
    left = np.maximum(within, 0.0) / np.maximum(rows - groups, 1) * (rows - 1) / total
    return np.where(rows > 2 * groups, np.clip(1.0 - left, 0.0, 1.0), 0.0)
