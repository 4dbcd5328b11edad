"""The cost stays where a prediction that ignores the inputs would be, or above."""

from __future__ import annotations

import math

from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.monitor import NEAR, NOTHING, Monitor, MonitorContext
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import told_apart

MEASURE = "training loss"
BELOW = f"{MEASURE}; the threshold is 2 % below that of the best constant"
LEAST_FALL = 5e-4
"""Fall of a loss that moves. Ours: of 100 seeds of XOR with sigmoids, which rest at ln 2 for up to half of
their epochs before they learn, none is reported in vain with print_every from 50 to 500; with 1e-3 one is.
Seeds that are stuck fall by 1e-5."""


class StalledAtBaselineMonitor(Monitor):
    """No problem at first sight: some plateaus end. After the last epoch it is one."""

    def check(self, context: MonitorContext) -> Finding | None:
        """Find that the loss stands still at the baseline or above."""
        if not context.stands_still(LEAST_FALL):
            above = context.ends_above_baseline and not context.falls_to_the_end
            return self._ends_above(context) if above else None
        loss, baseline, swings = context.now.loss, context.probe.baseline, context.curve.swings
        lowest, highest = context.curve.recent_range
        limit = baseline - NEAR * abs(baseline)
        # Of a target that never changes nothing can be learned but itself.
        if not NOTHING < abs(baseline) < math.inf or (lowest if swings else loss) < limit:
            return None
        entropy = is_cross_entropy(context.problem)
        constant = "the entropy of the labels" if entropy else "the loss of the best constant"
        now, at_best, low, high = told_apart(loss, baseline, lowest, highest)
        stays = f"swings between {low} and {high}, now {now}" if swings else f"stays at {now}"
        does = "no better" if loss <= baseline + NEAR * abs(baseline) else "worse"
        return self.finding(
            f"The running loss {stays}; {constant} is {at_best}: the network does {does} than one that "
            "ignores its inputs.",
            severity="problem" if context.ended else "warning",
            value=Statistic(loss, limit, BELOW),
        )

    def _ends_above(self, context: MonitorContext) -> Finding:
        """Make the finding of a loss that rises or swings, or is the only one."""
        problem, loss, baseline = context.problem, context.now.loss, context.probe.baseline
        best = min(context.history, key=lambda stats: stats.loss)
        now, at_best, lowest = told_apart(loss, baseline, best.loss)
        cause = f"The running loss ends at {now}, above what the best constant has, {at_best}"
        remedies: tuple[Remedy, ...] = ()
        if best.loss < loss:
            cause += f", and was {lowest} in epoch {best.epoch}"
            remedies = _shorter_steps(problem)
        elif (after := context.probe.loss()[0]) > loss and problem.optimizer.rate > 0:
            cause += f", and {told_apart(after)[0]} after it"
            remedies = _shorter_steps(problem)
        elif context.all_done:
            epochs = problem.config.training.epochs
            remedies = (Remedy("more epochs", (f"training.epochs={10 * epochs}",)),)
        tries = "".join(f": try {remedy.why} ({remedy.changes[0]})" for remedy in remedies)
        return self.finding(f"{cause}{tries}.", Statistic(loss, baseline, MEASURE), remedies)


def _shorter_steps(problem: Problem) -> tuple[Remedy, ...]:
    if not hasattr(problem.optimizer, "learning_rate"):
        return ()
    return (Remedy("shorter steps", (f"optimiser.learning_rate={problem.optimizer.rate / 10:g}",)),)
