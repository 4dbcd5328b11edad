"""The cost stays where a prediction that ignores the inputs would be."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.baseline import is_cross_entropy
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding
from mlpcli.diagnose.rule import Rule

NEAR = 0.02
"""Relative distance from the baseline. At 0.693 that is 0.014."""


def _check(evidence: Evidence) -> Iterator[Finding]:
    trial, baseline = evidence.trial, evidence.baseline
    if not trial.finite or abs(trial.loss - baseline) > NEAR * abs(baseline):
        return
    what = (
        "the entropy of the label frequencies"
        if is_cross_entropy(evidence.case)
        else "the loss of the best constant"
    )
    cause = (
        f"The loss stays at {trial.loss:.4g}; {what} is {baseline:.4g}: the network ignores its inputs and "
        "predicts the same for every row."
    )
    yield Finding("stalled_at_baseline", "problem", cause, "", "", trial.loss, baseline)


stalled_at_baseline = Rule(
    title="The cost stays at the baseline",
    kind="symptom",
    check=_check,
    statistic="loss on the training rows after the trial, against the loss of the best constant prediction",
    threshold="within 2 % of it. Ours: seeds of XOR that are stuck end within 0.1 % of ln 2",
    source="Karpathy 2019, A Recipe for Training Neural Networks: verify loss at init, input-independent baseline",
    text="""A loss of ln 2 = 0.693 on two balanced classes, or of the target's variance in a regression, is what
the best constant prediction gives. A network that stays there has learned how frequent the classes are, and
nothing about the inputs. This is a symptom: the finding above it says why.""",
)
