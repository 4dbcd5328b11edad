"""Inputs so large, or so different in size, that the first layer cannot work with them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import has_large_targets, usual_inputs, usual_targets
from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.variants import VariantOutcome
from mlpcli.runs.finding import Finding, Remedy

KEY = "data.scaling"
LARGE = 10.0
"""rms of the first pre-activations from weights of the usual size: tanh is flat to nine digits there."""
UNEVEN = 100.0
"""Largest standard deviation of a column over the smallest."""
UNEVENNESS = "largest standard deviation of a column over the smallest"


class InputsUnscaled(Rule):
    """The inputs are not scaled.

    A first layer with weights of the usual size expects inputs of about 1. With larger ones it saturates, or
    its steps are too long in some directions and too short in others. Saturated units, a vanished gradient
    and a loss that stays at the baseline are consequences. `data.scaling: standard` is the default.

    What is measured: rms of the first layer's pre-activations from Glorot weights, √(2/(fan-in + fan-out) ·
        Σx²), and the ratio of the columns' standard deviations; then the training with standardised inputs
    Threshold: 10, or a ratio of 100 with inputs above 10; and either the network does not learn, or it leaves
        30 % of the baseline's loss and standardised inputs halve that. Large inputs from which the network
        learns are no finding
    Source: LeCun et al. 1998, Efficient BackProp, section 4.3; Schoop et al. 2021, UMLAUT (inputs beyond ±1)
    """

    key = KEY
    threshold = LARGE
    measure = "rms of the first layer's pre-activations from Glorot weights"
    always = True
    order = 30
    explains = (
        *WRONG_SIZE,
        "effectively_linear",
        "exploding_activations",
        "overconfident_start",
        "targets_unscaled",
        "weights_too_large",
        "weights_too_small",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        inputs = problem.training_rows["inputs"]
        if problem.config.data.scaling == "standard" or not np.isfinite(inputs).all():
            return
        first = problem.network.layers[0].parameters[0]
        # Glorot's variance of weights, times the sum of the squares that they meet.
        size = math.sqrt(2.0 / (first.fan_in + first.fan_out) * float(np.mean(np.sum(inputs**2, axis=1))))
        spread = inputs.std(axis=0)
        varying = spread[spread > 0]
        uneven = float(np.max(varying) / np.min(varying)) if len(varying) else 1.0
        if size <= LARGE and (uneven <= UNEVEN or np.abs(inputs).max() <= LARGE):
            return
        outcome, with_targets = _outcome(evidence)
        severity = evidence.variants.severity_of(outcome)
        if not severity:
            return
        column = int(np.argmax(np.sqrt(np.mean(inputs**2, axis=0))))
        name = evidence.facts.column_name(column)
        also = " and targets" if with_targets else ""
        targets = ("data.target_scaling=standard",) if with_targets else ()
        differ = f", their standard deviations differ by a factor of {uneven:.3g}" if len(varying) > 1 else ""
        yield self.finding(
            f"The inputs are up to {np.abs(inputs).max():.4g} in size (column {name}){differ}, and the first "
            f"layer gets values of about {size:.3g} from weights of the usual size. The same training with "
            f"standardised inputs{also} {outcome.text}.",
            severity=severity,
            where=f"column {name}",
            value=size if size > LARGE else Statistic(uneven, UNEVEN, UNEVENNESS),
            remedies=(
                Remedy("every column gets mean 0 and standard deviation 1", (f"{KEY}=standard", *targets)),
                Remedy("every column lies between 0 and 1", (f"{KEY}=minmax", *targets)),
            ),
        )


def _outcome(evidence: Evidence) -> tuple[VariantOutcome, bool]:
    """Try to scale the inputs, and if that alone is not enough, the targets; tell whether these as well."""
    problem = evidence.problem
    outcome = evidence.variants.outcome(usual_inputs(problem))
    if not outcome.learns and has_large_targets(problem):
        return evidence.variants.outcome((*usual_inputs(problem), *usual_targets(problem))), True
    return outcome, False
