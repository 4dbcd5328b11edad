"""The one judge of derivatives: what the graph says beside central differences, for arrays of any shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.grad.finite_difference import STEP, Evaluate, NumericDerivative, directional_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
"""Tolerance relative to 1 + |value|; together: |symbolic - numeric| <= absolute + relative · max(of both)."""
JUDGEABLE = 1e-3
"""Largest share of a derivative that rounding may blur where it is judged."""
BLUR = 4.0
"""Factor by which rounding may be worse than the noise of one difference."""
STEPS = (STEP, STEP / 16, STEP / 256, STEP / 4096)
"""Step lengths, tried in turn: where values bend much or kinks are near, the first is too long. A wrong
derivative fails at each of them."""
DIRECTIONS = 3
"""Number of random directions along which an array is moved."""
STEPS_AGREE = 0.1
"""Share of the disagreement with the graph by which two steps may differ where that counts as wrong. A wrong
derivative leaves the steps in agreement; saturated units of enormous weights, which flip within one, do not.
Ours: without it 1 of 122 configs, with weights of 1e24, gave a false alarm."""


def absolute_floor(value: Any) -> Any:
    """Return what differences of a function cannot tell from 0. value: the function there, any shape."""
    return ABSOLUTE_TOLERANCE * (1.0 + np.abs(value))


def compare(symbolic: Any, numeric: Any, noise: Any, floor: Any, size: Any = None) -> NDArray[np.float64]:
    """Return |symbolic - numeric| over what is allowed: at most 1 where they agree, NaN where none can tell.

    noise: rounding error of `numeric`. floor: see absolute_floor(). size: what the symbolic derivative is
    measured by, None for its magnitude; for a sum, the norm of its terms. All are floats or arrays of one
    shape, the result's.
    """
    size = np.abs(symbolic) if size is None else size
    overflowed = ~np.isfinite(size)
    size = np.maximum(np.where(overflowed, 0.0, size), np.abs(numeric))
    blur = BLUR * noise
    judged = np.isfinite(numeric) & np.isfinite(floor) & (blur <= floor + JUDGEABLE * size)
    # With a value beyond 1e9 the gradient may well have overflowed, and is below what can be told from 0.
    judged &= ~(overflowed & (floor > 1.0)) & ~((floor > size) & (size > 1.0))
    excess = np.abs(symbolic - numeric) / (floor + RELATIVE_TOLERANCE * size + blur)
    return np.where(judged, np.where(np.isfinite(excess), excess, np.inf), np.nan)


class DerivativeComparison:
    """Verdicts on derivatives of one shape, gathered over several steps: right where one step agrees.

    excess: that of compare() at the best step so far, NaN where no step could tell. symbolic, numeric, size:
    the derivatives at that step, and what the symbolic one is measured by.
    """

    def __init__(self, shape: tuple[int, ...], floor: Any) -> None:
        """floor: see absolute_floor(); a float, or an array of that shape."""
        self.excess: NDArray[np.float64] = np.full(shape, np.nan)
        self.symbolic, self.numeric, self.size = (np.full(shape, np.nan) for _ in range(3))
        self._floor = floor
        self._crossed = np.zeros(shape, bool)
        self._best = np.zeros(shape, int)
        self._steps: list[list[NDArray[Any]]] = []
        """The arrays of each step: whether it is smooth, symbolic - numeric, and how rounding blurs that."""

    def add(self, symbolic: Any, numeric: NumericDerivative, size: Any = None) -> None:
        """Take one more step into account, except where its value is NaN. size: see compare()."""
        size = np.abs(symbolic) if size is None else size
        crosses = np.asarray(numeric.crosses_kink, bool)
        smooth = np.isfinite(numeric.value) & ~crosses
        excess = compare(symbolic, numeric.value, numeric.noise, self._floor, size)
        excess = np.where(smooth, excess, np.nan)
        better = ~np.isnan(excess) & ~(excess >= self.excess)  # also where nothing could be judged before
        self.excess = np.where(better, excess, self.excess)
        self.symbolic = np.where(better, symbolic, self.symbolic)
        self.numeric = np.where(better, numeric.value, self.numeric)
        self.size = np.where(better, size, self.size)
        self._best = np.where(better, len(self._steps), self._best)
        self._crossed = self._crossed | crosses
        step = (smooth, symbolic - numeric.value, BLUR * numeric.noise)
        self._steps.append([np.broadcast_to(each, self._best.shape) for each in step])

    @property
    def open(self) -> NDArray[np.bool_]:
        """The entries for which no step has agreed yet."""
        return ~(self.excess <= 1.0)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """The entries that could be judged."""
        return ~np.isnan(self.excess) & ~self._contradicted()

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """The entries that were judged wrong."""
        return self.judged & (self.excess > 1.0)

    @property
    def on_kinks(self) -> NDArray[np.bool_]:
        """The entries that could not be judged since a kink is near, or steps contradict each other."""
        return ~self.judged & (self._crossed | self._contradicted())

    def _contradicted(self) -> NDArray[np.bool_]:
        """Find where no other step gives the numeric derivative of the best one, though none agrees."""
        if not np.any(self.excess > 1.0):
            return np.zeros_like(self._crossed)
        smooth, gaps, blurs = (np.stack(each) for each in zip(*self._steps, strict=True))
        is_best = np.arange(len(gaps)).reshape(-1, *(1,) * self._best.ndim) == self._best
        gap, blur = (np.take_along_axis(each, self._best[None], 0) for each in (gaps, blurs))
        differ = np.abs(gap - gaps) > STEPS_AGREE * np.abs(gap) + blur + blurs
        others = smooth & ~is_best
        contradicted: NDArray[np.bool_] = np.any(others, 0) & ~np.any(others & ~differ, 0)
        return (self.excess > 1.0) & contradicted


def along_directions(
    array: NDArray[Any],
    gradient: NDArray[Any],
    evaluate: Evaluate,
    floor: Any,
    rng: np.random.Generator,
) -> Iterator[DerivativeComparison]:
    """Yield the verdict, of shape (), on the derivative along each of DIRECTIONS random directions.

    array: where the function is evaluated, restored afterwards; gradient: of that shape, by the graph. Every
    entry moves at once, so that one wrong entry of a large array is seen.
    """
    for _ in range(DIRECTIONS):
        direction = random_weights(rng, array.shape)
        found = DerivativeComparison((), floor)
        for step in STEPS:
            numeric, gone = directional_difference(evaluate, array, direction, step)
            products = gradient * gone
            found.add(float(np.sum(products)), numeric, float(np.linalg.norm(products)))
            if not found.open:
                break
        yield found


def random_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw numbers of either sign whose magnitudes are uniform between 0.5 and 1.5.

    None is near 0, where it would hide what it is multiplied with.
    """
    drawn: NDArray[np.float64] = rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape)
    return drawn
