"""The cost stays where a prediction that ignores the inputs would be, or above."""

from __future__ import annotations

import math

from mlpcli.diagnose.baseline import is_cross_entropy
from mlpcli.diagnose.finding import Finding
from mlpcli.diagnose.monitor import Look, Monitor
from mlpcli.wording import told_apart

NEAR = 0.02
"""Relative distance from the baseline, as the rule has it."""
NOTHING = 1e-9
"""A baseline that is 0 up to rounding."""
LEAST_FALL = 5e-4
"""Ours: of 100 seeds of XOR with sigmoids, which rest at ln 2 for up to half of their epochs before they
learn, none is told in vain with print_every from 50 to 500; 1e-3 does it to one. Stuck ones fall by 1e-5."""


class StalledAtBaseline(Monitor):
    """No problem at first sight: some plateaus end. After the last epoch it is one."""

    def look(self, look: Look) -> Finding | None:
        """A finding where the loss stands still at the baseline or above."""
        if not look.stands_still(LEAST_FALL):
            return None
        loss, baseline = look.now.loss, look.probe.baseline
        lowest, highest = look.lately
        limit = baseline - NEAR * abs(baseline)
        # Of a target that never changes nothing can be learned but itself.
        if not NOTHING < abs(baseline) < math.inf or (lowest if look.swings else loss) < limit:
            return None
        constant = (
            "the entropy of the labels" if is_cross_entropy(look.case) else "the loss of the best constant"
        )
        now, at_best, low, high = told_apart(loss, baseline, lowest, highest)
        stays = f"swings between {low} and {high}, now {now}" if look.swings else f"stays at {now}"
        does = "no better" if loss <= baseline + NEAR * abs(baseline) else "worse"
        than = f"the network does {does} than one that ignores its inputs"
        cause = f"The loss {stays}; {constant} is {at_best}: {than}."
        severity = "problem" if look.ended else "warning"
        measure = "training loss; the threshold is 2 % below that of the best constant"
        return Finding("stalled_at_baseline", severity, cause, "", "", loss, limit, measure=measure)
