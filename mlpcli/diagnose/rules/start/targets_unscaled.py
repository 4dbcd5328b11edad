"""Targets of a regression so large that steps toward them are too long or too many."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import LARGEST_TARGET, has_large_targets, largest_spread, usual_targets
from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, told_apart

KEY = "data.target_scaling"


class TargetsUnscaled(Rule):
    """The targets are not scaled.

    The gradient of a squared error grows with the target: a rate that suits targets of about 1 makes the cost
    of larger ones run away. And steps of a fixed length, such as Adam's, have a long way to a mean of
    hundreds. `data.target_scaling: standard` is the default; scores and predictions are in the target's own
    units.

    What is measured: standard deviation of the target of a regression; then a training with standardised
        targets
    Threshold: 10; and either the network does not learn, or it leaves 30 % of the baseline's loss and
        standardised targets halve that share
    Source: Bishop 1995, section 8.2; Ben Braiek, Khomh 2022, TheDeepChecker
    """

    key = KEY
    threshold = LARGEST_TARGET
    measure = "standard deviation of the target, where it is largest"
    always = True
    order = 32
    explains = (*WRONG_SIZE, "exploding_activations", "overconfident_start")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        if not has_large_targets(problem):
            return
        outcome = evidence.variants.outcome(usual_targets(problem))
        severity = evidence.variants.severity_of(outcome)
        if not severity:
            return
        target, spread = problem.training_rows["target"], largest_spread(problem.training_rows)
        own = evidence.trial.loss if evidence.trial.finite else None
        ends = f"ends at {own:.4g}" if own is not None else "stops being finite"
        low, high = told_apart(float(target.min()), float(target.max()))
        yield self.finding(
            f"The targets lie between {low} and {high} with a standard deviation of "
            f"{spread:.4g}; the loss starts at {evidence.trial.start_loss:.4g} and {ends}, where the best "
            f"constant has {evidence.trial.baseline:.4g}. The same training with standardised targets "
            f"{outcome.text}.",
            severity=severity,
            where=f"target {listed(_names(evidence))}",
            value=spread,
            remedies=(
                Remedy(
                    "the target gets mean 0 and standard deviation 1; predictions are scaled back",
                    (f"{KEY}=standard",),
                ),
                Remedy("the target lies between 0 and 1", (f"{KEY}=minmax",)),
            ),
        )


def _names(evidence: Evidence) -> tuple[str, ...]:
    target = evidence.problem.config.data.target
    return (target,) if isinstance(target, str) else target or ("label",)
