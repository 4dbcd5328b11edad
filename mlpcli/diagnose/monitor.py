"""What a monitor is: it looks at a training now and then, and says once what goes wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from mlpcli.diagnose.case import Case
from mlpcli.diagnose.finding import Finding
from mlpcli.diagnose.probe import Probe

FIRST_SHARE = 0.25
"""Share of the epochs before which a cost that stands still has only just begun."""
LEAST_MOMENTS = 5
"""Report epochs before it, likewise."""
NOISE = 1e-4
"""Relative change of the loss that says nothing."""
LEFT = 0.05
"""Relative fall still to come that is not worth more epochs."""


class Moment(NamedTuple):
    """One report epoch. loss: of the training rows, without penalty."""

    epoch: int
    loss: float
    validation_cost: float | None = None


class Look(NamedTuple):
    """A training at a report epoch. moments: of all report epochs so far. ended: it is over."""

    case: Case
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
        return self.now.epoch >= FIRST_SHARE * self.case.config.training.epochs

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


class Monitor(ABC):
    """One file of monitors/. Its findings have the name of the rule that mlp gradcheck has for them."""

    @abstractmethod
    def look(self, look: Look) -> Finding | None:
        """What is wrong, if anything. Asked at every report epoch, until something was."""
