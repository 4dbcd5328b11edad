"""The cost stays where a prediction that ignores the inputs would be, or above."""

from __future__ import annotations

import math

from mlpcli.diagnose.monitor import NOTHING, Look, Monitor
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import told_apart

NEAR = 0.02
"""Relative distance from the baseline, as the rule has it."""
MEASURE = "training loss"
RATE = "optimiser.learning_rate"
LEAST_FALL = 5e-4
"""Ours: of 100 seeds of XOR with sigmoids, which rest at ln 2 for up to half of their epochs before they
learn, none is told in vain with print_every from 50 to 500; 1e-3 does it to one. Stuck ones fall by 1e-5."""


class StalledAtBaseline(Monitor):
    """No problem at first sight: some plateaus end. After the last epoch it is one."""

    def look(self, look: Look) -> Finding | None:
        """A finding where the loss stands still at the baseline or above."""
        if not look.stands_still(LEAST_FALL):
            above = look.ends_above_baseline and not look.falls_to_the_end
            return _ends_above(look) if above else None
        loss, baseline = look.now.loss, look.probe.baseline
        lowest, highest = look.lately
        limit = baseline - NEAR * abs(baseline)
        # Of a target that never changes nothing can be learned but itself.
        if not NOTHING < abs(baseline) < math.inf or (lowest if look.swings else loss) < limit:
            return None
        constant = (
            "the entropy of the labels" if is_cross_entropy(look.problem) else "the loss of the best constant"
        )
        now, at_best, low, high = told_apart(loss, baseline, lowest, highest)
        stays = f"swings between {low} and {high}, now {now}" if look.swings else f"stays at {now}"
        does = "no better" if loss <= baseline + NEAR * abs(baseline) else "worse"
        than = f"the network does {does} than one that ignores its inputs"
        cause = f"The running loss {stays}; {constant} is {at_best}: {than}."
        severity = "problem" if look.ended else "warning"
        measure = f"{MEASURE}; the threshold is 2 % below that of the best constant"
        return Finding("stalled_at_baseline", severity, cause, "", "", loss, limit, measure=measure)


def _ends_above(look: Look) -> Finding:
    """The loss does not stand still, nor does it fall: it rises, swings, or there is but one epoch."""
    loss, baseline, optimizer = look.now.loss, look.probe.baseline, look.problem.optimizer
    best = min(look.moments, key=lambda moment: moment.loss)
    now, at_best, lowest = told_apart(loss, baseline, best.loss)
    cause = f"The running loss ends at {now}, above what the best constant has, {at_best}"
    remedies: tuple[Remedy, ...] = ()
    if best.loss < loss:
        cause += f", and was {lowest} in epoch {best.epoch}"
        if hasattr(optimizer, "learning_rate"):
            remedies = (Remedy("shorter steps", (f"{RATE}={optimizer.rate / 10:g}",)),)
    elif look.probe.loss()[0] > loss and optimizer.rate > 0:
        cause += f", and {told_apart(look.probe.loss()[0])[0]} after it"
        if hasattr(optimizer, "learning_rate"):
            remedies = (Remedy("shorter steps", (f"{RATE}={optimizer.rate / 10:g}",)),)
    elif look.all_done:
        epochs = look.problem.config.training.epochs
        remedies = (Remedy("more epochs", (f"training.epochs={10 * epochs}",)),)
    tries = "".join(f": try {remedy.why} ({remedy.changes[0]})" for remedy in remedies)
    return Finding(
        "stalled_at_baseline",
        "problem",
        f"{cause}{tries}.",
        "",
        "",
        loss,
        baseline,
        remedies,
        measure=MEASURE,
    )
