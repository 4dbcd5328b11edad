"""Steps so long that the cost runs away, while it is still a number."""

from __future__ import annotations

import math

from mlpcli.diagnose.config_keys import has_rate
from mlpcli.diagnose.monitor import Monitor, MonitorContext
from mlpcli.diagnose.rules.trial.learning_rate_too_high import GROWS, KEY
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, told_apart


class LearningRateTooHighMonitor(Monitor):
    """The loss alone proves nothing: it may start anywhere. Here it rises from where it was."""

    key = KEY
    threshold = GROWS
    measure = "loss over its lowest so far, or over that of the best constant if that is higher"

    def __init__(self) -> None:
        self._lowest = math.inf

    def check(self, context: MonitorContext) -> Finding | None:
        """Find that the loss has grown, and beyond the baseline."""
        loss, lowest = context.now.loss, self._lowest
        self._lowest = min(lowest, loss)
        # A rate of 0 or below is another finding; and a line search has none.
        if not has_rate(context.problem) or len(context.history) < 2:
            return None
        if loss <= GROWS * abs(lowest) or loss <= context.history[-2].loss:
            return None
        baseline, probe = context.probe.baseline, context.probe
        usual = max(abs(lowest), abs(baseline))
        if loss <= GROWS * usual or usual == 0:
            return None
        rate = context.problem.optimizer.rate
        moved = f", and the weights moved by {percent(probe.change)} of their size" if probe.fresh else ""
        before, now, constant = told_apart(lowest, loss, baseline)
        return self.finding(
            f"The running loss has grown from {before} to {now}, where the best constant has {constant}"
            f"{moved}: the learning rate {rate:g} is too high.",
            value=loss / usual,
            remedies=(
                Remedy(f"steps {words} as long", (f"{KEY}={rate / by:g}",))
                for by, words in ((10, "a tenth"), (100, "a hundredth"))
            ),
        )
