"""Summaries of many columns of numbers at once: limits, quartiles, and a small histogram."""

from __future__ import annotations

from collections.abc import Iterator
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


NOTHING = NumberSummary(
    low=np.nan,
    high=np.nan,
    quartiles=(np.nan, np.nan, np.nan),
    mean=np.nan,
    deviation=np.nan,
    distinct=0,
    few=(),
    counts=(),
)


def summaries(values: Array, chosen: Array | None = None) -> Iterator[NumberSummary]:
    """Yield a summary of each row of `values`, (columns, rows) of numbers, NaN where there is none.

    chosen: the rows, int (n,), that all but the limits are of; None: all.
    """
    with np.errstate(all="ignore"):
        lows, highs = (limit(values, axis=1).tolist() for limit in (np.fmin.reduce, np.fmax.reduce))
        ordered = (values if chosen is None else values[:, chosen]).astype(np.float64) + 0.0  # -0 is 0
        ordered.sort(axis=1)
        counts = ordered.shape[1] - np.count_nonzero(np.isnan(ordered), axis=1)
        for at, (low, high, count) in enumerate(zip(lows, highs, counts.tolist(), strict=True)):
            yield _summary(ordered[at, :count], float(low), float(high)) if count else NOTHING


def _summary(ordered: Array, low: float, high: float) -> NumberSummary:
    """Summarise numbers in ascending order, (n,), at least one."""
    places = np.array(QUARTILES) * (len(ordered) - 1)
    below = np.floor(places).astype(np.intp)
    above = np.minimum(below + 1, len(ordered) - 1)
    first, second, third = (ordered[below] + (ordered[above] - ordered[below]) * (places - below)).tolist()
    mean = float(ordered.mean())
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    few = zip(ordered[begins].tolist(), np.diff(begins, append=len(ordered)).tolist(), strict=True)
    return NumberSummary(
        low=low,
        high=high,
        quartiles=(first, second, third),
        mean=mean,
        deviation=float(np.sqrt(np.mean((ordered - mean) ** 2))),
        distinct=len(begins),
        few=tuple(few) if len(begins) <= FEW else (),
        counts=_histogram(ordered, low, high),
    )


def _histogram(ordered: Array, low: float, high: float) -> tuple[int, ...]:
    """Count ascending numbers, (n,), by interval; nothing where the limits are one, or not finite."""
    if not (low < high and np.isfinite(high - low)):
        return ()
    inner = np.linspace(low, high, BINS + 1)[1:-1]
    ends = np.searchsorted(ordered, inner, side="left")
    return tuple(np.diff(ends, prepend=0, append=len(ordered)).tolist())
