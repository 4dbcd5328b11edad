"""The search for a step length that meets the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Point = TypeVar("Point")


@dataclass(frozen=True)
class StepTrial(Generic[Point]):
    """One step length that was tried. cost: there; slope: of the cost along the line. point: what else is
    known.
    """

    length: float
    cost: float
    slope: float
    point: Point


def strong_wolfe(
    evaluate: Callable[[float], StepTrial[Point]],
    start: StepTrial[Point],
    first: float,
    decrease: float = 1e-4,
    curvature: float = 0.9,
    most: int = 25,
) -> StepTrial[Point] | None:
    """Return the first length found that meets both conditions.

    They are cost <= start.cost + decrease·length·start.slope and |slope| <= curvature·|start.slope|. After
    `most` evaluations the lowest that met the first of them is returned; None where none did. start: at
    length 0, with a slope below 0. first: the length that is tried first. A cost that is not finite counts as
    too high.

    Source: Nocedal, Wright 2006, Numerical Optimization, algorithms 3.5 and 3.6, cubic interpolation (3.59).
    """

    def low_enough(trial: StepTrial[Point]) -> bool:
        return trial.cost <= start.cost + decrease * trial.length * start.slope

    def flat_enough(trial: StepTrial[Point]) -> bool:
        return abs(trial.slope) <= -curvature * start.slope

    # Until there is an interval [low, high] that must hold a good length: longer and longer steps.
    low, high = start, None
    length, left = first, most
    while left:
        trial = evaluate(length)
        left -= 1
        finite = math.isfinite(trial.cost) and math.isfinite(trial.slope)
        if not finite or not low_enough(trial) or (low.length > 0 and trial.cost >= low.cost):
            high = trial
        elif flat_enough(trial):
            return trial
        elif high is None and trial.slope < 0:
            low, length = trial, trial.length + _within(low, trial, 1.1, 4.0)
            continue
        else:
            if high is None or trial.slope * (high.length - trial.length) >= 0:
                high = low
            low = trial
        length = _between(low, high)
        if length in (low.length, high.length):
            break
    return low if low.length > 0 else None


def _within(before: StepTrial[Point], now: StepTrial[Point], least: float, most: float) -> float:
    """Return how much longer to try: to the minimum of a cubic through both, within multiples of the last
    length.
    """
    last = now.length - before.length
    guess = _minimum(before, now) - now.length
    return min(max(guess, least * last), most * last) if math.isfinite(guess) else most * last


def _between(low: StepTrial[Point], high: StepTrial[Point]) -> float:
    """Return a length inside the interval, a tenth of it away from either end."""
    width = high.length - low.length
    guess = (_minimum(low, high) - low.length) / width if width else 0.5
    return low.length + width * (min(max(guess, 0.1), 0.9) if math.isfinite(guess) else 0.5)


def _minimum(a: StepTrial[Point], b: StepTrial[Point]) -> float:
    """Return the minimum of the cubic with the costs and slopes of both; NaN where there is no such place."""
    if not all(map(math.isfinite, (a.cost, b.cost, a.slope, b.slope))) or a.length == b.length:
        return math.nan
    width = b.length - a.length
    first = a.slope + b.slope - 3.0 * (b.cost - a.cost) / width
    inner = first * first - a.slope * b.slope
    if not 0.0 <= inner < math.inf:
        return math.nan
    second = math.copysign(math.sqrt(inner), width)
    divisor = b.slope - a.slope + 2.0 * second
    return b.length - width * (b.slope + second - first) / divisor if divisor else math.nan
