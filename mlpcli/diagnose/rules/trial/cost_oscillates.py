"""The cost swings up and down and finds no new best."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import has_rate
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, told_apart

KEY = "optimiser.learning_rate"
LEAST_EPOCHS = 20
"""Epochs below which swings cannot be told from chance."""
RISING = 0.3
"""Share of rising epochs in the second half of the trial."""
SWING = 0.2
"""(90th - 10th percentile) / median of the costs of the second half; AUTOTRAINER: 0.2 to 0.3."""
LEFT = 0.1
"""Share of the baseline's loss that the cost must have left; below it, swings harm little."""
NEW_BEST = 0.8
"""Share of the lowest cost of the first half below which the mean of the last quarter is a new best."""
RUNS_AWAY = 3.0
"""Ratio to the loss at the start above which the cost runs away: that is learning_rate_too_high."""
GAIN = 0.7
"""Share of the median below which a lower rate must end."""


class CostOscillates(Rule):
    """The cost oscillates.

    Steps that are too long for the curvature jump across the valley, and with small batches the gradient
    jumps as well. Rising epochs alone prove nothing: with one row a step, the cost rises in half of the
    epochs of a healthy training. What counts is that no new best is found, and that a lower rate finds one.

    What is measured: share of rising epochs, spread of the costs and new best costs in the second half of the
        trial; then the cost at 0.1 and 0.01 of the rate
    Threshold: 30 % of the epochs rising, (p90 - p10) / median above 0.2, no new best, 10 % of the baseline's
        loss left; and a lower rate has to end below 0.7 of the median
    Source: Zhang et al. 2021, AUTOTRAINER (oscillating loss); Ben Braiek, Khomh 2022, TheDeepChecker
    """

    key = KEY
    threshold = SWING
    measure = "(90th - 10th percentile) / median of the costs in the second half of the training"
    always = True
    explains = (
        "dead_activation",
        "learning_rate_too_high",
        "saturated_layer",
        "seed_dependent",
        "stalled_at_baseline",
        "too_few_epochs",
        "too_little_capacity",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, trial = evidence.problem, evidence.trial
        costs = trial.costs
        if not has_rate(problem) or not trial.finite or len(costs) < LEAST_EPOCHS:
            return
        rate = problem.optimizer.rate
        half = len(costs) // 2
        late = costs[half:]
        median = float(np.median(late))
        rising = float(np.mean(np.diff(late) > 0))
        swing = float(np.diff(np.percentile(late, (10, 90)))[0]) / max(abs(median), 1e-300)
        # The last epochs at a swinging rate still meet a new best by chance: what counts is its mean.
        quarter, first = float(late[-len(late) // 2 :].mean()), float(np.min(costs[:half]))
        new_best = quarter < NEW_BEST * first
        if new_best or rising < RISING or swing < SWING or _low(evidence, median):
            return
        if median > RUNS_AWAY * max(trial.start_loss, evidence.trial.baseline):
            return
        tried = [(evidence.trials.at_rate(factor), rate * factor) for factor in (0.1, 0.01)]
        better = [(lower, at) for lower, at in tried if lower.finite and _end(lower.costs) < GAIN * median]
        if not better:
            return
        better.sort(key=lambda each: _end(each[0].costs))
        best, at = better[0]
        low, high, mean, reached = told_apart(
            float(np.min(late)), float(np.max(late)), quarter, first, digits=3
        )
        yield self.finding(
            f"The cost swings: of the second half of {len(costs)} epochs it rises in {percent(rising)}, and "
            f"lies between {low} and {high}. Its mean in the last quarter, {mean}, is no new best, since "
            f"{reached} was reached in the first half; at the rate {at:g} it ends at {_end(best.costs):.3g}.",
            severity="warning" if evidence.learns else "problem",
            value=swing,
            remedies=(
                *(
                    Remedy(f"the cost ends at {_end(lower.costs):.3g} in a trial", (f"{KEY}={at:g}",))
                    for lower, at in better
                ),
                *_larger_batches(evidence),
            ),
        )


def _low(evidence: Evidence, cost: float) -> bool:
    if evidence.trial.baseline <= 0:  # nothing of it can be left
        return cost < LEFT * evidence.trial.baseline
    return evidence.trial.yardstick.left(cost) < LEFT


def _end(costs: np.ndarray) -> float:
    return float(costs[-max(1, len(costs) // 4) :].mean())


def _larger_batches(evidence: Evidence) -> Iterator[Remedy]:
    batch = evidence.problem.batch_rows
    if 4 * batch < evidence.problem.count:
        yield Remedy(
            "gradients that differ less from step to step", (f"training.batch_size={max(32, 4 * batch)}",)
        )
