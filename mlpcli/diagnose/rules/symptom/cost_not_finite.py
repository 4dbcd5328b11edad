"""The cost becomes infinite or NaN."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import usual_inputs, usual_targets, usual_weights
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.training.finite import all_finite

KEY = "optimiser.learning_rate"


class CostNotFinite(Rule):
    """The cost is not finite.

    A number has grown beyond what floating point can hold, or one infinity has met another. `mlp train` stops
    there, names the layer and the batch, and keeps the last finite weights. This is a symptom: the usual
    causes are a rate that is too high and weights, inputs or targets that are too large; they are reported
    above it where a trial confirms them.

    What is measured: the mean cost of every epoch of the trial, and the loss and the weights after the last
        epoch
    Threshold: none: one of them is infinite or NaN
    Source: PyTorch, torch.autograd.detect_anomaly; Wardat et al. 2021, DeepLocalize
    """

    key = KEY
    always = True

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial = evidence.trial
        if trial.finite:
            return
        yield self.finding(_cause(trial), remedies=_remedies(evidence))


def _cause(trial: Trial) -> str:
    epochs = len(trial.costs)
    after = f"after {epochs} epoch{'' if epochs == 1 else 's'}"
    if not np.isfinite(trial.costs[-1]):
        return f"The cost stops being a finite number in epoch {len(trial.costs)}."
    if not all_finite(trial.state.values()):
        return f"{after} the weights are not finite numbers, though the cost is one.".capitalize()
    return f"{after} the loss is not a finite number.".capitalize()


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    problem = evidence.problem
    usual = (*usual_inputs(problem), *usual_weights(problem), *usual_targets(problem))
    rate = type(problem.optimizer)().rate
    if usual:
        yield Remedy("weights, inputs and targets of a size that can be computed with", usual)
    # What is lost before the first step is lost with every rate.
    if problem.optimizer.rate != rate and np.isfinite(evidence.trial.start_loss):
        yield Remedy("the optimiser's usual rate", (f"{KEY}={rate:g}", *usual))
