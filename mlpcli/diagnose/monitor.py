"""What a monitor is: it looks at a training now and then, and reports once what goes wrong."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.detector import Detector
from mlpcli.diagnose.layers.weight_probe import WeightProbe
from mlpcli.diagnose.loss_curve import EpochStats, LossCurve
from mlpcli.diagnose.trials.trial import STILL_FALLING
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding

FIRST_SHARE = 0.25
"""Share of the epochs before which a cost that stands still has only just begun."""
NEAR = 0.02
"""Relative distance of a loss from the baseline that may be chance."""
NOTHING = 1e-9
"""A baseline that is 0 up to rounding."""


class MonitorContext(NamedTuple):
    """A training at a report epoch. history: all report epochs so far, this one the last.

    ended: no further epoch follows, and not because somebody interrupted the training.
    """

    problem: Problem
    history: Sequence[EpochStats]
    probe: WeightProbe
    ended: bool = False

    @property
    def now(self) -> EpochStats:
        """This report epoch."""
        return self.history[-1]

    @property
    def curve(self) -> LossCurve:
        """The training loss so far."""
        return LossCurve(self.history, self.ended)

    @property
    def has_begun(self) -> bool:
        """Whether the first quarter of the epochs is over."""
        return self.now.epoch >= FIRST_SHARE * self.problem.config.training.epochs

    @property
    def all_done(self) -> bool:
        """Whether the training is over because all epochs are done."""
        return self.ended and self.now.epoch >= self.problem.config.training.epochs

    def stands_still(self, least_fall: float) -> bool:
        """Tell whether the loss stays where it is; never in the first quarter of the training.

        least_fall: the share of itself by which a loss that moves falls in a stretch (LossCurve).
        """
        return self.has_begun and self.curve.stands_still(least_fall)

    @property
    def falls_to_the_end(self) -> bool:
        """Whether all epochs are done and the loss still falls, if only a little."""
        falls = self.all_done and self.curve.last_fall >= STILL_FALLING
        return falls and self.problem.optimizer.rate > 0

    @property
    def ends_above_baseline(self) -> bool:
        """Whether the training is over, with a loss above that of the best constant.

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


def _is_above(loss: float, baseline: float) -> bool:
    return loss > baseline + NEAR * abs(baseline)


class Monitor(Detector, ABC):
    """One file of monitors/; its findings bear the name of the rule that mlp gradcheck has for them.

    Thresholds, sentences and remedies that both have stand in the rule.
    """

    @abstractmethod
    def check(self, context: MonitorContext) -> Finding | None:
        """Return what is wrong, None for nothing. Called at every report epoch until something was."""
