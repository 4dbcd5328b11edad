"""Numeric derivatives by central differences, for gradcheck and the tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPSILON = float(np.finfo(np.float64).eps)
STEP = EPSILON ** (1 / 3)
"""Step at which truncation (h²) and cancellation (eps/h) balance, about 6e-6, relative to max(1, |w|)."""


@dataclass(frozen=True)
class NumericDerivative:
    """A central difference: a float each, or arrays with an element for each entry that was moved.

    value: the derivative; NaN where the step was lost in rounding. crosses_kink: whether a kink lay between
    the two points. noise: rounding error of the two values over the step, so how exact `value` can be.
    """

    value: Any
    crosses_kink: Any
    noise: Any


Evaluate = Callable[[], tuple[Any, Sequence["NDArray[Any]"]]]
"""Function that gives its value at the current arrays, and the branch patterns: on which side of each kink
every entry is. The value is a float or a new array; patterns may be buffers that the next call overwrites."""


def central_difference(
    evaluate: Evaluate, array: NDArray[Any], index: tuple[int, ...], step: float = STEP
) -> NumericDerivative:
    """Return (f(w+h) - f(w-h)) / 2h by one entry w of a float64 array, which is restored afterwards.

    evaluate: gives a scalar. step: h is step·max(1, |w|).
    """
    step *= max(1.0, abs(float(array[index])))
    above, below, width, changed = _both_sides(evaluate, array, index, step)
    return _derivative(above - below, abs(above) + abs(below), width, any(map(np.any, changed)))


def entrywise_difference(
    evaluate: Evaluate, array: NDArray[Any], step: float = STEP, least: float = 1.0
) -> NumericDerivative:
    """Return (f(w+h) - f(w-h)) / 2h for every entry w of a float64 array at once, restored afterwards.

    evaluate: gives an array of the same shape, each entry of which depends on that entry alone. step: h is
    step·max(least, |w|), so that least=0 makes it relative.
    """
    above, below, width, changed = _both_sides(evaluate, array, ..., step * np.maximum(least, np.abs(array)))
    crosses = np.zeros(array.shape, bool)
    for each in changed:
        crosses |= each
    return _derivative(above - below, np.abs(above) + np.abs(below), width, crosses)


def directional_difference(
    evaluate: Evaluate, array: NDArray[Any], direction: NDArray[Any], step: float = STEP
) -> tuple[NumericDerivative, NDArray[Any]]:
    """Return (f(w+h·v) - f(w-h·v)) / 2h for a float64 array w, restored afterwards, and v after rounding.

    evaluate: gives a scalar, or an array whose sum is differentiated. step: h is step·max(1, rms of w). The
    value must be compared with the derivative along the second result: w+h·v is rounded, so that the way
    really gone differs from v.
    """
    with np.errstate(all="ignore"):
        step *= max(1.0, float(np.sqrt(np.mean(array * array))))
        above, below, width, changed = _both_sides(evaluate, array, ..., step * direction)
        way = width / (2.0 * step)
    # Entries are subtracted before they are summed: a large sum would round away what differs. hypot is the
    # Euclidean norm without overflow, and |f| itself for a scalar.
    size = sum(math.hypot(*np.ravel(each).tolist()) for each in (above, below))
    return _derivative(np.sum(above - below), size, 2.0 * step, any(map(np.any, changed))), way


def _both_sides(
    evaluate: Evaluate, array: NDArray[Any], place: Any, step: Any
) -> tuple[Any, Any, Any, list[NDArray[np.bool_]]]:
    """Return f above and below array[place], how far these points are apart, and which branches differ."""
    old = array[place].copy()
    try:
        array[place] = old + step
        width = array[place].copy()
        above, branches = evaluate()
        patterns = [pattern.copy() for pattern in branches]
        array[place] = old - step
        width -= array[place]
        below, branches = evaluate()
        changed = [first != second for first, second in zip(patterns, branches, strict=True)]
    finally:
        array[place] = old
    return above, below, width, changed


def _derivative(difference: Any, size: Any, width: Any, crosses: Any) -> NumericDerivative:
    with np.errstate(all="ignore"):
        return NumericDerivative(np.divide(difference, width), crosses, np.divide(EPSILON * size, width))
