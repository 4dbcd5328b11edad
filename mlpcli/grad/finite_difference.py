"""Central differences, for gradcheck and the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)
"""Where truncation (h²) and cancellation (eps/h) balance, about 6e-6, times max(1, |w|)."""


@dataclass(frozen=True)
class Difference:
    """One numeric partial derivative, and whether a kink lay between the two points."""

    index: tuple[int, ...]
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
        cost_above, branches_above = evaluate()
        patterns = [pattern.copy() for pattern in branches_above]
        array[index] = old - step
        below = array[index]
        cost_below, branches_below = evaluate()
    finally:
        array[index] = old
    width = float(above - below)
    crosses = any(
        not np.array_equal(first, second) for first, second in zip(patterns, branches_below, strict=True)
    )
    noise = float(np.finfo(np.float64).eps) * (abs(cost_above) + abs(cost_below)) / width
    return Difference(index, (cost_above - cost_below) / width, crosses, noise)
