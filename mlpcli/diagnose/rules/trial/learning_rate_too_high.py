"""Steps so long that the cost runs away, or that units are thrown where no gradient brings them back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import has_rate, weaker_penalty
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.budget import OutOfBudget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.runs.finding import Finding, Remedy

KEY = "optimiser.learning_rate"
LONG_STEP = 0.1
"""‖ΔW‖ / ‖W‖ of a first step that is too long: DeepDiagnosis; Karpathy aims at 0.001."""
GROWS = 1.5
"""Ratio of a cost that runs away to the one before the first step, and to that of the best constant."""
USUAL_WAY = 3
"""Lower rates that are tried, each a tenth of the one before."""
LONGEST_WAY = 15
"""Lower rates that are tried as long as none of them learns and the steps are still too long."""


class LearningRateTooHigh(Rule):
    """The learning rate is too high.

    Above a certain rate each step overshoots the valley by more than the last, and the cost grows without
    bound. Or one long step throws all units to where their activation is flat: the cost then stands still,
    and no lower rate can move it any more, so train again from the start with a lower one. The finding is
    made only where a trial from the same initial weights learns at a lower rate.

    What is measured: ‖ΔW‖ / ‖W‖ of the first step, and the largest cost over the first one, where the network
        does not learn; then a training at 0.1, 0.01, 0.001, … of the rate
    Threshold: a cost that is not finite, or is 1.5 times that at the start, or an update above 0.1
        (DeepDiagnosis); and one of the lower rates has to end 5 % below the baseline
    Source: Wardat et al. 2022, DeepDiagnosis; Ben Braiek, Khomh 2022, TheDeepChecker; Karpathy, CS231n notes
    """

    key = KEY
    explains = (
        "cost_oscillates",
        "dead_activation",
        "saturated_layer",
        "seed_dependent",
        "stalled_at_baseline",
        "too_few_epochs",
        "too_little_capacity",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, trial = evidence.problem, evidence.trial
        if not has_rate(problem) or not _violent(evidence, trial):
            return
        rate = problem.optimizer.rate
        free = evidence.variants.outcome(weaker_penalty(problem, 0.0)).trial
        if problem.network.penalty is not None and free is not None and free.beats_baseline:
            return  # the penalty's pull is too long, not the rate
        better: list[tuple[Trial, float]] = []
        for power in range(1, LONGEST_WAY):
            try:
                lower = evidence.trials.at_rate(10.0**-power)
            except OutOfBudget:
                if not better:
                    raise
                break
            if lower.much_better_than(evidence.trial) if evidence.learns else lower.beats_baseline:
                better.append((lower, 10.0**-power))
            if power >= USUAL_WAY and (better or not _violent(evidence, lower)):
                break
        if not better:
            return
        better.sort(key=lambda each: each[0].loss)
        best, factor = better[0]
        yield self.finding(
            f"The learning rate {rate:g} is too high: {_what(trial)}; the same training at {rate * factor:g} "
            f"ends at {best.loss:.4g}, where the best constant has {evidence.trial.baseline:.4g}.",
            value=_shown(evidence, trial),
            remedies=(
                Remedy(f"ends at {lower.loss:.4g} in a trial", (f"{KEY}={rate * factor:g}",))
                for lower, factor in better
            ),
        )


def _violent(evidence: Evidence, trial: Trial) -> bool:
    if not trial.finite or trial.largest_first_update > LONG_STEP:
        return True
    grown = float(np.max(trial.costs)) > GROWS * _before(evidence, trial)
    return evidence.problem.network.penalty is None and grown


def _before(evidence: Evidence, trial: Trial) -> float:
    """Return the cost before the first step, or with the best constant, whichever is higher."""
    return max(trial.start_loss, evidence.trial.baseline)


def _shown(evidence: Evidence, trial: Trial) -> Statistic | None:
    """Return the statistic by which the steps are too long; None where the cost is not finite."""
    if not trial.finite:
        return None
    if trial.largest_first_update > LONG_STEP:
        measure = "‖ΔW‖ / ‖W‖ of the first step, where it is largest"
        return Statistic(trial.largest_first_update, LONG_STEP, measure)
    measure = "largest cost of an epoch over that before the first step, or the best constant's if higher"
    before = _before(evidence, trial)
    highest = float(np.max(trial.costs))
    return Statistic(highest / before, GROWS, measure) if before > 0 else None


def _what(trial: Trial) -> str:
    if not trial.finite:
        return f"the cost stops being a finite number in epoch {len(trial.costs)}"
    update = trial.largest_first_update
    step = f"the first step changes weights by {update:.2g} of their size, and " if update > LONG_STEP else ""
    return f"{step}the loss ends at {trial.loss:.4g}"
