"""The cost stands still although the network could say every row: it lies in a bad valley."""

from __future__ import annotations

import math

from mlpcli.diagnose.monitor import Look, Monitor
from mlpcli.diagnose.monitors.stalled_at_baseline import NEAR
from mlpcli.diagnose.trials.baseline import share_left
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, plural

MUCH = 0.3
"""Share of the baseline's loss that is left; POOR in evidence.py has the same. Ours: with one row wrong XOR
stands at half of it."""
SMALL = 100
"""Parameters. In small networks the first weights decide; in larger ones noise in the data is likelier."""
LEAST_FALL = 2e-3
"""Ours: XOR with two tanh units falls by less from half of its epochs on where it is stuck at 0.37."""


class SeedDependent(Monitor):
    """With fewer parameters than numbers to learn, a cost that stands still is what the data leave over."""

    def look(self, look: Look) -> Finding | None:
        """A finding where the loss stands still between a good one and the baseline."""
        problem = look.problem
        if not math.prod(problem.training_rows["target"].shape) <= problem.network.size <= SMALL:
            return None
        if not look.stands_still(LEAST_FALL) or look.swings:
            return None
        loss, baseline = look.now.loss, look.probe.baseline
        if baseline <= 0 or not loss < (1 - NEAR) * baseline:
            return None
        left = share_left(loss, baseline, look.probe.least_loss)
        if left <= MUCH:
            return None
        cause = (
            f"The running loss stays at {loss:.4g}, {percent(loss / baseline)} of what the best constant "
            f"has, though {problem.network.size} parameters could fit {plural(problem.count, 'row')}: "
            "other first weights may do better."
        )
        hidden = problem.config.network.hidden
        wider = tuple(f"network.hidden[{at}].units={4 * layer.units}" for at, layer in enumerate(hidden))
        remedies = (
            *((Remedy("more units, of which enough start well", wider),) if wider else ()),
            Remedy("other first weights", (f"seed={problem.config.seed + 1}",)),
        )
        measure = "share of what there is to gain on the best constant that is left"
        return Finding("seed_dependent", "warning", cause, "", "seed", left, MUCH, remedies, measure=measure)
