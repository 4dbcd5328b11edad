"""What a monitor is: it looks at a training now and then, and says once what goes wrong."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.layers.weight_probe import Probe
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding

FIRST_SHARE = 0.25
"""Share of the epochs before which a cost that stands still has only just begun."""
LEAST_MOMENTS = 5
"""Report epochs before it, likewise."""
NEAR = 0.02
"""Relative distance of a loss from the baseline that may be chance."""
LAST = 0.25
"""Share of the epochs at whose end a fall of the loss is looked at."""
LITTLE = 0.005
"""Share of the loss by which it has to fall there, as the rule too_few_epochs has it."""
NOISE = 1e-4
"""Relative change of the loss that says nothing."""
NOTHING = 1e-9
"""A baseline that is 0 up to rounding."""
LEFT = 0.05
"""Relative fall still to come that is not worth more epochs."""


class Moment(NamedTuple):
    """One report epoch. loss: of the training rows, without penalty."""

    epoch: int
    loss: float
    validation_loss: float | None = None


class Look(NamedTuple):
    """A training at a report epoch. moments: of all report epochs so far.

    ended: it is over, and not because somebody interrupted it.
    """

    problem: Problem
    moments: Sequence[Moment]
    probe: Probe
    ended: bool = False

    @property
    def now(self) -> Moment:
        """This report epoch."""
        return self.moments[-1]

    @property
    def has_begun(self) -> bool:
        """Whether the first quarter of the epochs is over."""
        return self.now.epoch >= FIRST_SHARE * self.problem.config.training.epochs

    def stands_still(self, least_fall: float) -> bool:
        """Whether the loss stays where it is; never in the first quarter of the training.

        Three moments are compared: now, one stretch before and two. While training goes on, a stretch is a
        quarter of the past, and the loss has to have fallen by less than least_fall of itself in the last
        one, and by no more than in the one before: a fall that grows is the end of a plateau. After the last
        epoch a stretch is an eighth, and less than LEFT has to be left to come where the falls of the two
        stretches are taken for terms of a geometric series.
        """
        if len(self.moments) < LEAST_MOMENTS or not self.has_begun:
            return False
        back = self._stretch
        then, before, loss = (self.moments[at].loss for at in (-1 - 2 * back, -1 - back, -1))
        earlier, fall, size = then - before, before - loss, abs(loss)
        if fall < least_fall * size and (fall <= earlier or fall < NOISE * size):
            return fall > -LEFT * size
        return self.ended and 0 < fall < earlier and fall * fall / (earlier - fall) < LEFT * size

    @property
    def all_done(self) -> bool:
        """Whether it is over because all epochs are done."""
        return self.ended and self.now.epoch >= self.problem.config.training.epochs

    @property
    def last_fall(self) -> float:
        """The share of itself by which the loss fell in the last quarter of the epochs.

        0 where it is not the lowest of all, did not fall to the end, or only one epoch is known.
        """
        start = (1 - LAST) * self.now.epoch
        count = max(2, sum(moment.epoch >= start for moment in self.moments))
        losses = [moment.loss for moment in self.moments[-count:]]
        lowest = min(moment.loss for moment in self.moments)
        falls = losses[0] > losses[len(losses) // 2] >= losses[-1] == lowest
        return (losses[0] - losses[-1]) / abs(losses[-1]) if falls and losses[-1] else 0.0

    @property
    def falls_to_the_end(self) -> bool:
        """Whether all epochs are done and the loss still falls, if only a little."""
        return self.all_done and self.last_fall >= LITTLE and self.problem.optimizer.rate > 0

    @property
    def ends_above_baseline(self) -> bool:
        """Whether it is over, with a loss above that of the best constant.

        The loss of an epoch is a mean over its steps, with dropout; so the weights after it are asked too.
        """
        target = self.problem.dataset.preparation.target
        if not self.ended or (isinstance(target, ClassTarget) and len(target.classes) == 1):
            return False
        baseline = self.probe.baseline
        # Of a target that never changes nothing can be learned but itself.
        if not NOTHING < abs(baseline) < math.inf or not _is_above(self.now.loss, baseline):
            return False
        return _is_above(*self.probe.loss())

    @property
    def lately(self) -> tuple[float, float]:
        """The lowest and the highest loss of the two stretches that stands_still() compares the ends of."""
        recent = [moment.loss for moment in self.moments[-1 - 2 * self._stretch :]]
        return min(recent), max(recent)

    @property
    def swings(self) -> bool:
        """Whether the loss goes up and down in those stretches: then it does not stay at what it is now."""
        lowest, highest = self.lately
        return highest - lowest > LEFT * abs(self.now.loss)

    @property
    def _stretch(self) -> int:
        """Moments of a stretch."""
        return max(1, len(self.moments) // (8 if self.ended else 4))


def _is_above(loss: float, baseline: float) -> bool:
    return loss > baseline + NEAR * abs(baseline)


class Monitor(ABC):
    """One file of monitors/. Its findings have the name of the rule that mlp gradcheck has for them."""

    @abstractmethod
    def look(self, look: Look) -> Finding | None:
        """What is wrong, if anything. Asked at every report epoch, until something was."""
