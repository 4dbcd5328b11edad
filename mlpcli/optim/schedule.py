"""The contract of a schedule: from a moment of the training to a factor of the learning rate, as nodes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from mlpcli.graph.node import Node, constant
from mlpcli.ops.elementwise import clip, greater, maximum, minimum, where

WHOLE = {"float32": 2.0**23, "float64": 2.0**52}
"""Adding and subtracting it rounds to whole numbers: from there on the numbers have no others."""
SINE_TERMS = 12
"""Terms of sin's series: for angles up to π/2 the next one is below 1e-19."""


@dataclass(frozen=True)
class Moment:
    """A moment of the training, as scalars.

    passed: epochs before this step, with the part of the present one. total: epochs of the training, of which
    the schedule has what is left after the warm-up. step: a step's share of an epoch.
    """

    passed: Node
    total: Node
    step: Node


class Schedule(ABC):
    """The settings of one way to lower the rate. Subclasses are frozen dataclasses, one per file."""

    @abstractmethod
    def at(self, moment: Moment) -> Node:
        """Return the factor of this step's rate, a scalar. It is defined beyond the last epoch, too."""


def warmed_up(schedule: Schedule | None, warm_up: float, moment: Moment) -> Node:
    """Return the factor with `warm_up` epochs in front, in which it rises evenly from one step's share to 1.

    The schedule begins after them. Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """
    later = replace(moment, passed=maximum(moment.passed - warm_up, 0.0), total=moment.total - warm_up)
    factor = schedule.at(later if warm_up else moment) if schedule else constant(1.0, moment.passed.dtype)
    if not warm_up:
        return factor
    rising = minimum((moment.passed + moment.step) / warm_up, 1.0)
    return where(greater(warm_up, moment.passed), rising, factor)


def falling_cosine(share: Node) -> Node:
    """Return (1 + cos(π·share))/2, from 1 at a share of 0 to 0 at 1; constant before and beyond.

    It is sin²(π(1-share)/2) by sin's series: exact to a few roundings, relatively, also near its end.
    """
    angle = (1.0 - clip(share, low=0.0, high=1.0)) * (0.5 * math.pi)
    square = angle * angle
    series: Node = square * 0.0
    for term in range(SINE_TERMS - 1, 0, -1):
        series = (series + 1.0) * square * (-1.0 / ((2 * term) * (2 * term + 1)))
    sine = angle * (series + 1.0)
    return sine * sine


def whole_part(x: Node) -> Node:
    """Return the greatest whole number not above x, where x is between 0 and half of WHOLE."""
    large = WHOLE[x.dtype]
    nearest = (x + large) - large
    return where(greater(nearest, x), nearest - 1.0, nearest)
