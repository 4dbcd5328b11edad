"""Central differences, for gradcheck and the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPSILON = float(np.finfo(np.float64).eps)
STEP = EPSILON ** (1 / 3)
"""Where truncation (h²) and cancellation (eps/h) balance, about 6e-6, times max(1, |w|)."""


@dataclass(frozen=True)
class Difference:
    """A numeric derivative along one entry or direction, and whether a kink lay between the two points."""

    value: float
    crosses_kink: bool
    noise: float
    """Rounding error of the two costs divided by the step: how exact the value can be."""


Evaluate = Callable[[], tuple[float, Sequence["NDArray[Any]"]]]
"""The cost at the current arrays, and the branch patterns (which side of each kink every entry is on)."""


def central_difference(
    evaluate: Evaluate, array: NDArray[Any], index: tuple[int, ...], step: float = STEP
) -> Difference:
    """(f(w+h) - f(w-h)) / 2h, h = step·max(1, |w|), for one entry of a float64 array, put back as it was."""
    old = array[index]
    try:
        step *= max(1.0, abs(float(old)))
        array[index] = old + step
        above = array[index]
        cost_above, branches = evaluate()
        patterns = [pattern.copy() for pattern in branches]
        array[index] = old - step
        below = array[index]
        cost_below, branches = evaluate()
    finally:
        array[index] = old
    return _difference(cost_above, cost_below, float(above - below), patterns, branches)


def directional_difference(
    evaluate: Evaluate, array: NDArray[Any], direction: NDArray[Any], step: float = STEP
) -> tuple[Difference, NDArray[Any]]:
    """(f(w+h·v) - f(w-h·v)) / 2h for a float64 array, put back as it was, and v as rounding has made it.

    h = step·max(1, rms of w). The derivative along the second result is what the value must be compared with:
    w+h·v is rounded, so that the way really gone differs from v.
    """
    old = array.copy()
    with np.errstate(all="ignore"):
        step *= max(1.0, float(np.sqrt(np.mean(old * old))))
        try:
            array[...] = old + step * direction
            above = array.copy()
            cost_above, branches = evaluate()
            patterns = [pattern.copy() for pattern in branches]
            array[...] = old - step * direction
            way = (above - array) / (2.0 * step)
            cost_below, branches = evaluate()
        finally:
            array[...] = old
    return _difference(cost_above, cost_below, 2.0 * step, patterns, branches), way


def _difference(
    above: float,
    below: float,
    width: float,
    patterns: Sequence[NDArray[Any]],
    branches: Sequence[NDArray[Any]],
) -> Difference:
    crosses = any(not np.array_equal(first, second) for first, second in zip(patterns, branches, strict=True))
    return Difference(
        (above - below) / width if width else float("nan"),
        crosses,
        EPSILON * (abs(above) + abs(below)) / width if width else float("inf"),
    )
