"""What the losses of a training so far say: whether they stand still, swing or fall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LEAST_EPOCHS = 5
"""Report epochs before which a loss that stands still has only just begun."""
LAST = 0.25
"""Share of the epochs at whose end a fall of the loss is looked at."""
NOISE = 1e-4
"""Relative change of the loss that says nothing."""
LEFT = 0.05
"""Relative fall still to come that is not worth more epochs."""


class EpochStats(NamedTuple):
    """One report epoch.

    loss: on the training rows, without penalty. validation_loss: None where there are no validation rows.
    """

    epoch: int
    loss: float
    validation_loss: float | None = None


class LossCurve(NamedTuple):
    """The training loss at all report epochs so far, at least one. ended: no further epoch follows."""

    history: Sequence[EpochStats]
    ended: bool = False

    def stands_still(self, least_fall: float) -> bool:
        """Tell whether the loss stays where it is.

        Three epochs are compared: the last one, one stretch before it and two. While training goes on, a
        stretch is a quarter of the past, and the loss has to have fallen by less than least_fall of itself in
        the last one, and by no more than in the one before: a fall that grows is the end of a plateau.
        After the last epoch a stretch is an eighth, and less than LEFT has to be left to come where the falls
        of the two stretches are taken for terms of a geometric series.
        """
        if len(self.history) < LEAST_EPOCHS:
            return False
        back = self._stretch
        then, before, loss = (self.history[at].loss for at in (-1 - 2 * back, -1 - back, -1))
        earlier, fall, size = then - before, before - loss, abs(loss)
        if fall < least_fall * size and (fall <= earlier or fall < NOISE * size):
            # A loss that rises by more than LEFT does not stand still either.
            return fall > -LEFT * size
        return self.ended and 0 < fall < earlier and fall * fall / (earlier - fall) < LEFT * size

    @property
    def recent_range(self) -> tuple[float, float]:
        """The lowest and the highest loss of the two stretches that stands_still() compares the ends of."""
        recent = [stats.loss for stats in self.history[-1 - 2 * self._stretch :]]
        return min(recent), max(recent)

    @property
    def swings(self) -> bool:
        """Whether the loss goes up and down in those stretches: then it does not stay at what it is now."""
        lowest, highest = self.recent_range
        return highest - lowest > LEFT * abs(self.history[-1].loss)

    @property
    def last_fall(self) -> float:
        """The share of itself by which the loss fell in the last quarter of the epochs.

        0 where it is not the lowest of all, did not fall to the end, or only one epoch is known.
        """
        start = (1 - LAST) * self.history[-1].epoch
        count = max(2, sum(stats.epoch >= start for stats in self.history))
        losses = [stats.loss for stats in self.history[-count:]]
        lowest = min(stats.loss for stats in self.history)
        falls = losses[0] > losses[len(losses) // 2] >= losses[-1] == lowest
        return (losses[0] - losses[-1]) / abs(losses[-1]) if falls and losses[-1] else 0.0

    @property
    def _stretch(self) -> int:
        """Report epochs of a stretch."""
        return max(1, len(self.history) // (8 if self.ended else 4))
