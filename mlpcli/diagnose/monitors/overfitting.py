"""The loss on validation rows rises while that on training rows falls."""

from __future__ import annotations

from mlpcli.diagnose.monitor import Look, Moment, Monitor
from mlpcli.runs.finding import Finding, Remedy

PASSED = 0.1
"""The validation loss is above its lowest by that share, and above the training loss: as the rule has it."""
MATTERS = 0.1
"""And it has risen by that share of what the best constant has. Ours: iris with 23 validation rows rises from
0.10 to 0.15, and nothing is wrong."""
EARLY = 0.7
"""The lowest lies before this share of the epochs done."""
FELL = 0.01
"""Share by which the training loss has fallen since."""
LEAST = 5
"""Report epochs."""


class Overfitting(Monitor):
    """A warning only: the weights of the lowest validation loss are kept."""

    def __init__(self) -> None:
        self._best: Moment | None = None

    def look(self, look: Look) -> Finding | None:
        """A finding where the lowest validation loss has long been passed, and the training loss fell on."""
        now = look.now
        if now.validation_loss is None:
            return None
        if self._best is None or now.validation_loss < _loss(self._best):
            self._best = now
        best, lowest = self._best, _loss(self._best)
        risen = (now.validation_loss - lowest) / max(abs(lowest), 1e-300)
        gap = (now.validation_loss - now.loss) / max(abs(now.loss), 1e-300)
        early = best.epoch <= EARLY * now.epoch and look.has_begun and len(look.moments) >= LEAST
        if risen < PASSED or gap < PASSED or not early or now.loss > best.loss - FELL * abs(best.loss):
            return None
        if now.validation_loss - lowest < MATTERS * abs(look.probe.baseline):
            return None
        problem = look.problem
        cause = (
            f"The network learns the training rows by heart: since epoch {best.epoch} their loss fell from "
            f"{best.loss:.3g} to {now.loss:.3g}, the validation loss rose from {lowest:.3g} to "
            f"{now.validation_loss:.3g}."
        )
        return Finding(
            "overfitting",
            "note" if problem.config.training.stop.patience else "warning",
            cause,
            "",
            "network.hidden",
            risen,
            PASSED,
            (
                Remedy(
                    "weights that stay small make smoother functions",
                    (f"optimiser.l2={max(1e-2, 10 * problem.optimizer.l2):g}",),
                ),
                Remedy(
                    "ends before it",
                    (f"training.stop.patience={max(5, problem.config.training.epochs // 20)}",),
                ),
                Remedy("more training rows"),
            ),
            measure="share by which the loss on the validation rows is above its lowest",
        )


def _loss(moment: Moment) -> float:
    assert moment.validation_loss is not None
    return moment.validation_loss
