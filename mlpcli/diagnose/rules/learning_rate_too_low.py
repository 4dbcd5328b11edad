"""Steps so short that the weights hardly leave their first values."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.evidence import HARDLY_MOVED, Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule

KEY = "optimiser.learning_rate"
SHORT_STEP = 1e-3
"""‖ΔW‖ / ‖W‖ of a first step, what Karpathy calls about right: above it the rate is not low."""
DECADES = 5
"""Higher rates that are tried, each ten times the one before."""


def _check(evidence: Evidence) -> Iterator[Finding]:
    case, trial = evidence.case, evidence.trial
    rate = case.optimizer.rate
    if rate <= 0 or not trial.finite or trial.moved > HARDLY_MOVED:
        return
    if trial.largest_first_update > SHORT_STEP:
        return
    found = []
    for factor in _higher(evidence):
        higher = evidence.at_rate(factor)
        if evidence.beats_baseline(higher.loss) and evidence.much_better(higher):
            found.append((higher.loss, factor))
        if not higher.finite or len(found) == 2:
            break
    if not found:
        return
    found.sort()
    loss, factor = found[0]
    yield Finding(
        "learning_rate_too_low",
        "problem",
        f"The learning rate {rate:g} is too low: {trial.steps} steps change the weights by "
        f"{trial.moved:.2g} of their size and the loss from {trial.start_loss:.4g} to {trial.loss:.4g}; as "
        f"many at {rate * factor:g} end at {loss:.4g}.",
        "",
        KEY,
        trial.moved,
        HARDLY_MOVED,
        tuple(Remedy(f"ends at {end:.4g} in a trial", (f"{KEY}={rate * by:g}",)) for end, by in found),
    )


def _higher(evidence: Evidence) -> list[float]:
    """Factors, from ten on, or from a tenth of what would make the first step about right."""
    update = evidence.trial.largest_first_update
    optimizer = evidence.case.optimizer
    # A step that is lost in rounding says nothing of the scale: then the usual rate does.
    whole = SHORT_STEP / update if update else type(optimizer)().rate / optimizer.rate
    least = max(1, math.floor(math.log10(whole)) - 1)
    return [10.0**power for power in range(least, least + DECADES)]


learning_rate_too_low = Rule(
    title="The learning rate is too low",
    kind="trial",
    check=_check,
    statistic="‖ΔW‖ / ‖W‖ of the first step and of the whole trial, where the network does not learn; "
    "then the training at 10, 100, … times the rate",
    threshold="first step below 0.001, trial below 0.2; and one of the higher rates has to end 5 % below "
    "the baseline",
    source="Karpathy, CS231n notes (update to weight about 1e-3); Ben Braiek, Khomh 2022, TheDeepChecker",
    text="""With a rate that is far too low the cost falls evenly and hardly at all, and after all epochs
the weights are nearly those that were drawn. The finding is made only where a trial at a higher rate
learns.""",
    explains=(
        "over_regularised",
        "overconfident_start",
        "seed_dependent",
        "stalled_at_baseline",
        "too_few_epochs",
        "too_little_capacity",
    ),
)
