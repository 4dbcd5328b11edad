"""Summaries of many columns of numbers at once: limits, quartiles, and a small histogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BINS = 10
"""Intervals of a histogram, all of one width."""
QUARTILES = (0.25, 0.5, 0.75)
FEW = 10
"""Different numbers of a column up to which each is counted."""


@dataclass(frozen=True, kw_only=True)
class NumberSummary:
    """The numbers of one column; NaN where it has none.

    low, high: of all rows. The others are of the rows looked at: quartiles, by linear interpolation; mean and
    standard deviation; distinct: how many different numbers; few: each of them with its rows, where they are
    FEW at most; counts: how many rows lie in each of BINS intervals of one width from low to high, a limit in
    the upper one but for the last; none where low is high.
    """

    low: float
    high: float
    quartiles: tuple[float, float, float]
    mean: float
    deviation: float
    distinct: int
    few: tuple[tuple[float, int], ...]
    counts: tuple[int, ...]


def summaries(values: Array, chosen: Array | None = None) -> list[NumberSummary]:
    """Return a summary of each row of `values`, (columns, rows) of numbers, NaN where there is none.

    chosen: the rows, int (n,), that all but the limits are of; None: all.
    """
    with np.errstate(all="ignore"):
        low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
        ordered = (values if chosen is None else values[:, chosen]).astype(np.float64) + 0.0  # -0 is 0
        ordered.sort(axis=1)
        there = ~np.isnan(ordered)
        counts = np.count_nonzero(there, axis=1)
        quartiles = _quantiles(ordered, counts)
        mean = np.sum(ordered, axis=1, where=there) / counts
        squares = np.square(ordered - mean[:, None])
        deviation = np.sqrt(np.sum(squares, axis=1, where=there) / counts)
        begins = there
        begins[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
        histograms = _histograms(ordered, low.astype(np.float64), high.astype(np.float64), counts)
    distinct = np.count_nonzero(begins, axis=1)
    return [
        NumberSummary(
            low=float(low[at]),
            high=float(high[at]),
            quartiles=(first, second, third),
            mean=float(mean[at]),
            deviation=float(deviation[at]),
            distinct=int(distinct[at]),
            few=_few(ordered[at], begins[at], int(counts[at])) if distinct[at] <= FEW else (),
            counts=histograms[at],
        )
        for at, (first, second, third) in enumerate(quartiles.tolist())
    ]


def _quantiles(ordered: Array, counts: Array) -> Array:
    """Return the QUARTILES of each row, (columns, 3). counts: numbers at the beginning of it, (columns,)."""
    places = np.array(QUARTILES) * (counts[:, None] - 1)
    below = np.maximum(np.floor(places), 0).astype(np.intp)
    above = np.clip(below + 1, 0, np.maximum(counts[:, None] - 1, 0))
    first, second = (np.take_along_axis(ordered, at, axis=1) for at in (below, above))
    share = places - below
    # The difference of two numbers may be infinite, and neighbours that are equal too.
    found: Array = np.where((first == second) | (share == 0), first, first * (1 - share) + second * share)
    return found


def _few(ordered: Array, begins: Array, count: int) -> tuple[tuple[float, int], ...]:
    """Return the different numbers of a column and their rows. begins: bool (rows,), where another begins."""
    places = np.flatnonzero(begins)
    return tuple(zip(ordered[places].tolist(), np.diff(places, append=count).tolist(), strict=True))


def _histograms(ordered: Array, low: Array, high: Array, counts: Array) -> list[tuple[int, ...]]:
    """Count the numbers of each row by interval; nothing where the limits are one, or not finite."""
    inner = np.linspace(low, high, BINS + 1, axis=1)[:, 1:-1]
    ends = np.zeros((len(ordered), BINS + 1), np.intp)
    for at in range(BINS - 1):
        ends[:, at + 1] = np.count_nonzero(ordered < inner[:, [at]], axis=1)
    ends[:, BINS] = counts
    found = np.diff(ends, axis=1)
    drawn = (low < high) & np.isfinite(high - low)
    return [tuple(row) if drawn[at] else () for at, row in enumerate(found.tolist())]
