"""Numbers that probably stand for no value: -999, -200, 9999 among values that are far from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LEAST_CELLS = 3
LEAST_SHARE = 0.003
"""A placeholder stands in at least so many cells, and in this share of them."""
OTHERS = 3
"""Different values that there are besides; among fewer, none is far off."""


@dataclass(frozen=True)
class Placeholder:
    """A number that is frequent and far off. cells: how many hold it; low, high: the other values' limits."""

    number: float
    cells: int
    low: float
    high: float


def find_placeholder(values: Array) -> Placeholder | None:
    """Return the number of a column that probably stands for no value; None where there is none.

    values: (n,) without NaN. It is the smallest value, negative and whole, or the largest, all of nines.
    Between it and the next lies at least the range of all others; of -9, -99, -999, … among values from 0 on,
    no distance is asked.
    """
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    for number in (low, high):
        below = number == low
        if not (_may_stand_below(number) if below else number > 0 and _is_nines(number)):
            continue
        cells = int(np.count_nonzero(values == number))
        if cells < max(LEAST_CELLS, LEAST_SHARE * len(values)):
            continue
        others = values[values != number]
        if len(others) < OTHERS or len(np.unique(others[:1000])) < OTHERS:
            continue
        first, last = float(others.min()), float(others.max())
        gap = first - number if below else number - last
        sure = below and _is_nines(-number) and first >= 0
        if sure or gap >= last - first:
            return Placeholder(number, cells, first, last)
    return None


def _may_stand_below(number: float) -> bool:
    return number < 0 and number == np.floor(number)


def _is_nines(number: float) -> bool:
    return number == np.floor(number) and 9 <= number < 1e15 and set(str(int(number))) == {"9"}
