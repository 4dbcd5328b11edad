"""The loss on validation rows rises while that on training rows falls."""

from __future__ import annotations

from mlpcli.diagnose.loss_curve import EpochStats
from mlpcli.diagnose.monitor import Monitor, MonitorContext
from mlpcli.diagnose.rules.trial.overfitting import (
    BY_HEART,
    EARLY,
    GAP,
    HARM,
    KEY,
    LEAST_EPOCHS,
    PASSED,
    remedies,
    severity_of,
    share_above,
)
from mlpcli.runs.finding import Finding

FELL = 0.01
"""Share by which the training loss has fallen since the lowest validation loss."""


class OverfittingMonitor(Monitor):
    """A warning only: the weights of the lowest validation loss are kept."""

    key = KEY
    threshold = PASSED
    measure = "share by which the loss on the validation rows is above its lowest"

    def __init__(self) -> None:
        self._best: EpochStats | None = None

    def check(self, context: MonitorContext) -> Finding | None:
        """Find that the lowest validation loss has long been passed, and the training loss fell on."""
        now = context.now
        if now.validation_loss is None:
            return None
        if self._best is None or now.validation_loss < _loss(self._best):
            self._best = now
        best, lowest = self._best, _loss(self._best)
        risen = share_above(now.validation_loss, lowest)
        gap = share_above(now.validation_loss, now.loss)
        early = best.epoch <= EARLY * now.epoch and len(context.history) >= LEAST_EPOCHS and context.has_begun
        if risen < PASSED or gap < GAP or not early or now.loss > best.loss - FELL * abs(best.loss):
            return None
        # Ours: iris with 23 validation rows rises from 0.10 to 0.15, and nothing is wrong.
        if now.validation_loss - lowest < HARM * abs(context.probe.baseline):
            return None
        problem = context.problem
        return self.finding(
            f"{BY_HEART}: since epoch {best.epoch} their loss fell from {best.loss:.3g} to {now.loss:.3g}, "
            f"the validation loss rose from {lowest:.3g} to {now.validation_loss:.3g}.",
            severity=severity_of(problem),
            value=risen,
            # Another network would be another training; what is proposed here goes with these weights.
            remedies=(
                remedy
                for remedy in remedies(problem, problem.config.training.epochs)
                if not any(change.startswith("network.") for change in remedy.changes)
            ),
        )


def _loss(stats: EpochStats) -> float:
    assert stats.validation_loss is not None
    return stats.validation_loss
