"""Steps so long that the cost runs away, while it is still a number."""

from __future__ import annotations

import math

from mlpcli.diagnose.config_keys import has_rate
from mlpcli.diagnose.monitor import Look, Monitor
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, told_apart

KEY = "optimiser.learning_rate"
GROWS = 1.5
"""The loss is above that many times its lowest and what a constant would have, as the rule has it."""
MEASURE = "loss over its lowest so far, or over that of the best constant if that is higher"


class LearningRateTooHigh(Monitor):
    """The loss alone proves nothing: it may start anywhere. Here it rises from where it was."""

    def __init__(self) -> None:
        self._lowest = math.inf

    def look(self, look: Look) -> Finding | None:
        """A finding where the loss has grown, and beyond the baseline."""
        loss, lowest = look.now.loss, self._lowest
        self._lowest = min(lowest, loss)
        # Of a rate of 0 or below another finding is told; and a line search has none.
        if not has_rate(look.problem) or len(look.moments) < 2:
            return None
        if loss <= GROWS * abs(lowest) or loss <= look.moments[-2].loss:
            return None
        baseline = look.probe.baseline
        usual = max(abs(lowest), abs(baseline))
        if loss <= GROWS * usual or usual == 0:
            return None
        rate = look.problem.optimizer.rate
        moved = (
            f", and the weights moved by {percent(look.probe.change)} of their size"
            if look.probe.fresh
            else ""
        )
        before, now, constant = told_apart(lowest, loss, baseline)
        cause = (
            f"The running loss has grown from {before} to {now}, where the best constant has {constant}"
            f"{moved}: the learning rate {rate:g} is too high."
        )
        remedies = tuple(
            Remedy(f"steps {words} as long", (f"{KEY}={rate / by:g}",))
            for by, words in ((10, "a tenth"), (100, "a hundredth"))
        )
        grown = loss / usual
        return Finding(
            "learning_rate_too_high", "problem", cause, "", KEY, grown, GROWS, remedies, measure=MEASURE
        )
