"""The cost stands still although the network could fit every row: it lies in a bad valley."""

from __future__ import annotations

import math

from mlpcli.diagnose.monitor import NEAR, Monitor, MonitorContext
from mlpcli.diagnose.rules.trial.seed_dependent import KEY, MORE_UNITS, SMALL
from mlpcli.diagnose.trials.baseline import Yardstick
from mlpcli.diagnose.trials.trial import POOR
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, plural

LEAST_FALL = 2e-3
"""Fall of a loss that moves. Ours: XOR with two tanh units falls by less from half of its epochs on, where it
is stuck at 0.37."""


class SeedDependentMonitor(Monitor):
    """With fewer parameters than numbers to learn, a cost that stands still is what the data leave over.

    In larger networks than SMALL, noise in the data is likelier than a bad valley.
    """

    severity = "warning"
    key = KEY
    threshold = POOR
    measure = "share of what there is to gain on the best constant that is left"

    def check(self, context: MonitorContext) -> Finding | None:
        """Find that the loss stands still between a good one and the baseline."""
        problem = context.problem
        if not math.prod(problem.training_rows["target"].shape) <= problem.network.size <= SMALL:
            return None
        if not context.stands_still(LEAST_FALL) or context.curve.swings:
            return None
        loss, baseline = context.now.loss, context.probe.baseline
        if baseline <= 0 or not loss < (1 - NEAR) * baseline:
            return None
        # Ours: with one row wrong XOR stands at half of the baseline's loss.
        left = Yardstick(baseline, context.probe.minimum_loss).left(loss)
        if left <= POOR:
            return None
        hidden = problem.config.network.hidden
        wider = tuple(f"network.hidden[{at}].units={4 * layer.units}" for at, layer in enumerate(hidden))
        return self.finding(
            f"The running loss stays at {loss:.4g}, {percent(loss / baseline)} of what the best constant "
            f"has, though {problem.network.size} parameters could fit {plural(problem.count, 'row')}: other "
            "first weights may do better.",
            value=left,
            remedies=(
                *((Remedy(MORE_UNITS, wider),) if wider else ()),
                Remedy("other first weights", (f"{KEY}={problem.config.seed + 1}",)),
            ),
        )
