"""Steps so short that the weights hardly leave their initial values."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.config_keys import has_rate
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.budget import OutOfBudget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import HARDLY_MOVED, Trial
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import plural, told_apart

KEY = "optimiser.learning_rate"
SHORT_STEP = 1e-3
"""‖ΔW‖ / ‖W‖ of a first step, what Karpathy calls about right: above it the rate is not low."""
LARGE_EPSILON = 1e3
"""Ratio to the optimiser's usual epsilon from which on an epsilon is suspected."""
LEFT = 0.01
"""Share of the baseline's loss that has to be left: initial weights from another run may be right already."""
NOTHING = 1e-6
"""A baseline that is 0 up to rounding and clipping."""
DECADES = 5
"""Higher rates that are tried, each ten times the one before."""


class LearningRateTooLow(Rule):
    """The learning rate is too low.

    With a rate that is far too low the cost falls evenly and hardly at all, and after all epochs the weights
    are nearly the initial ones. The finding is made only where a trial at a higher rate learns.

    What is measured: ‖ΔW‖ / ‖W‖ of the first step and of the whole trial, where the network does not learn;
        then a training at 10, 100, … times the rate
    Threshold: first step below 0.001 and whole trial below 0.2; and one of the higher rates has to end 5 %
        below the baseline
    Source: Karpathy, CS231n notes (update to weight about 1e-3); Ben Braiek, Khomh 2022, TheDeepChecker
    """

    key = KEY
    threshold = HARDLY_MOVED
    measure = "‖ΔW‖ / ‖W‖ of all parameters over the whole training"
    explains = (
        "over_regularised",
        "overconfident_start",
        "seed_dependent",
        "stalled_at_baseline",
        "too_few_epochs",
        "too_little_capacity",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, trial = evidence.problem, evidence.trial
        if not has_rate(problem) or not trial.finite or trial.moved > HARDLY_MOVED:
            return
        rate = problem.optimizer.rate
        # Where a constant is right for every row, or the initial weights are, no rate could gain anything.
        if trial.largest_first_update > SHORT_STEP or abs(evidence.trial.baseline) < NOTHING:
            return
        if evidence.trial.baseline > 0 and trial.left < LEFT:
            return
        smoothed = self._smoothed(evidence)
        if smoothed is not None:
            yield smoothed
            return
        found: list[tuple[float, float]] = []
        for other in _higher(evidence):
            try:
                higher = evidence.trials.with_rate(other)
            except OutOfBudget:
                if not found:
                    raise
                break
            if higher.beats_baseline:
                found.append((higher.loss, other))
            if not higher.finite or len(found) == 2:
                break
        if not found:
            return
        found.sort()
        loss, better = found[0]
        yield self.finding(
            f"The learning rate {rate:g} is too low: {_done(trial)}; as many at {better:g} end at "
            f"{loss:.4g}.",
            value=trial.moved,
            remedies=(Remedy(f"ends at {end:.4g} in a trial", (f"{KEY}={other:g}",)) for end, other in found),
        )

    def _smoothed(self, evidence: Evidence) -> Finding | None:
        """Find an epsilon so large that steps are divided by it, and not by the size of the gradient."""
        problem = evidence.problem
        optimizer = problem.optimizer
        own, usual = (getattr(each, "epsilon", None) for each in (optimizer, type(optimizer)()))
        if own is None or usual is None or own < LARGE_EPSILON * usual:
            return None
        changes = (f"optimiser.epsilon={usual:g}",)
        cured = evidence.variants.outcome(changes)
        if not cured.learns:
            return None
        return self.finding(
            f"epsilon {own:g} makes the steps short, since each is divided by it: {_done(evidence.trial)}; "
            f"with {usual:g} the same training {cured.text}.",
            key="optimiser.epsilon",
            value=evidence.trial.moved,
            remedies=(Remedy("the usual one, which only keeps from dividing by 0", changes),),
        )


def _done(trial: Trial) -> str:
    """Say what all steps do to the weights and the loss."""
    start, end = told_apart(trial.start_loss, trial.loss)
    loss = f"the loss from {start} to {end}" if start != end else f"leave the loss at {end}"
    change = "changes" if trial.steps == 1 else "change"
    return f"{plural(trial.steps, 'step')} {change} the weights by {trial.moved:.2g} of their size and {loss}"


def _higher(evidence: Evidence) -> list[float]:
    """Return higher rates, from ten times on, or from a tenth of the one whose first step is about right."""
    update = evidence.trial.largest_first_update
    optimizer = evidence.problem.optimizer
    rate = math.log10(optimizer.rate)
    # A step that is lost in rounding says nothing of the scale: then the usual rate does.
    if update:
        decades = math.log10(SHORT_STEP) - math.log10(update)
    else:
        decades = math.log10(type(optimizer)().rate) - rate
    least = max(1, math.floor(decades) - 1)
    # Up to the largest of numbers: a rate may be as small as the smallest.
    powers = [rate + power for power in range(least, least + DECADES)]
    return [float(f"{10 ** (power % 1):.12g}e{math.floor(power)}") for power in powers if power < 300]
