"""The cost becomes infinite or NaN."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import usual_inputs, usual_weights
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.usual import takes_usual_targets

KEY = "optimiser.learning_rate"


def _check(evidence: Evidence) -> Iterator[Finding]:
    trial = evidence.trial
    if trial.finite:
        return
    yield Finding(
        "cost_not_finite",
        "problem",
        f"The cost stops being a finite number in epoch {len(trial.costs)}.",
        "",
        KEY,
        remedies=tuple(_remedies(evidence)),
    )


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    case = evidence.case
    usual = (*usual_inputs(case), *usual_weights(case))
    if takes_usual_targets(case):
        usual = (*usual, "data.target_scaling=standard")
    rate = type(case.optimizer)().rate
    if usual:
        yield Remedy("weights, inputs and targets of a size that can be computed with", usual)
    if case.optimizer.rate != rate:
        yield Remedy("the optimiser's usual rate", (f"{KEY}={rate:g}", *usual))


cost_not_finite = Rule(
    title="The cost is not finite",
    check=_check,
    statistic="the mean cost of every epoch of the trial, and the loss after the last",
    threshold="none: one of them is infinite or NaN",
    source="PyTorch, torch.autograd.detect_anomaly; Wardat et al. 2021, DeepLocalize",
    text="""A number has left what floating point can hold, or an infinity has met another one. `mlp train`
stops there, tells the layer and the batch, and keeps the last good weights. This is a symptom: rates too
high, weights, inputs or targets too large are the usual causes, and are told above it where a trial
confirms them.""",
    always=True,
)
