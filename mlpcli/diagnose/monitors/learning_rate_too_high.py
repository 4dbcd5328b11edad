"""Steps so long that the cost runs away, while it is still a number."""

from __future__ import annotations

import math

from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.monitor import Look, Monitor

KEY = "optimiser.learning_rate"
GROWS = 1.5
"""The loss is above that many times its lowest and what a constant would have, as the rule has it."""


class LearningRateTooHigh(Monitor):
    """The loss alone proves nothing: it may start anywhere. Here it rises from where it was."""

    def __init__(self) -> None:
        self._lowest = math.inf

    def look(self, look: Look) -> Finding | None:
        """A finding where the loss has grown, and beyond the baseline."""
        loss, lowest = look.now.loss, self._lowest
        self._lowest = min(lowest, loss)
        if len(look.moments) < 2 or loss <= GROWS * abs(lowest) or loss <= look.moments[-2].loss:
            return None
        baseline = look.probe.baseline
        if loss <= GROWS * abs(baseline):
            return None
        rate = look.case.optimizer.rate
        moved = (
            f", and the weights moved by {look.probe.change:.0%} of their size" if look.probe.fresh else ""
        )
        cause = (
            f"The loss has grown from {lowest:.4g} to {loss:.4g}, where the best constant has {baseline:.4g}"
            f"{moved}: the learning rate {rate:g} is too high."
        )
        remedies = tuple(
            Remedy(f"steps {words} as long", (f"{KEY}={rate / by:g}",))
            for by, words in ((10, "a tenth"), (100, "a hundredth"))
        )
        return Finding("learning_rate_too_high", "problem", cause, "", KEY, loss / lowest, GROWS, remedies)
