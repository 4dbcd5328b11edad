"""The epochs are over while the loss still falls fast."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.monitor import Monitor, MonitorContext
from mlpcli.diagnose.rules.trial.too_few_epochs import HALF_WAY, KEY
from mlpcli.diagnose.trials.baseline import Yardstick
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy

FAST = 0.1
"""Share of the loss by which it falls in the last quarter of the epochs: in as many again, by a third. Ours:
wine quality and Titanic, which leave half of the baseline's loss, fall by less than 2 %."""


class TooFewEpochsMonitor(Monitor):
    """Reported after the last epoch, and only where most of what could be learned is left."""

    key = KEY
    threshold = FAST
    measure = "share of itself by which the running loss fell in the last quarter of the epochs"

    def check(self, context: MonitorContext) -> Finding | None:
        """Find that all epochs are done, the loss falls to the last, and much of it is left."""
        loss, baseline, fall = context.now.loss, context.probe.baseline, context.curve.last_fall
        above = context.ends_above_baseline
        if above and context.falls_to_the_end:
            size = f"above what the best constant has, {baseline:.4g}"
        elif not above and context.all_done and fall >= FAST and _leaves_half(context):
            size = f"{loss / baseline:.0%} of what the best constant has"
        else:
            return None
        remedies = tuple(_remedies(context.problem))
        change = " or ".join(f"{remedy.why} ({remedy.changes[0]})" for remedy in remedies)
        return self.finding(
            f"The running loss ends at {loss:.4g}, {size}, and still falls: try {change}.",
            severity="problem" if above else "warning",
            value=fall,
            remedies=remedies,
        )


def _leaves_half(context: MonitorContext) -> bool:
    """Tell whether half of what there is to gain is left, by the epoch's mean and by the weights after it."""
    own, constant = context.probe.loss()
    baseline, least = context.probe.baseline, context.probe.minimum_loss
    if baseline <= 0 or constant <= 0:  # nothing of it can be left
        return False
    pairs = ((context.now.loss, baseline), (own, constant))
    return all(Yardstick(best, least).left(loss) >= HALF_WAY for loss, best in pairs)


def _remedies(problem: Problem) -> Iterator[Remedy]:
    yield Remedy("more epochs", (f"{KEY}={10 * problem.config.training.epochs}",))
    usual, rate = type(problem.optimizer)().rate, problem.optimizer.rate
    if hasattr(problem.optimizer, "learning_rate") and rate <= usual:
        yield Remedy("longer steps", (f"optimiser.learning_rate={10 * rate:g}",))
