"""Inputs so small that all rows look alike to the first layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import usual_inputs
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.layers.health import rms
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

KEY = "data.scaling"
SMALL = 1e-2


class InputsTooSmall(Rule):
    """The inputs are too small.

    Inputs that were divided twice, by 255 and by 255 again, or that come in tiny units, make pre-activations
    near 0 on every row: all rows get the same prediction, and the gradient of the first layer's weights,
    which is proportional to the inputs, is as small.

    What is measured: rms of the inputs; then a training with standardised ones
    Threshold: 0.01; and either the network does not learn, or it leaves 30 % of the baseline's loss and
        standardised inputs halve that
    Source: Ben Braiek, Khomh 2022, TheDeepChecker
    """

    key = KEY
    threshold = SMALL
    measure = "rms of the inputs"
    always = True
    order = 31
    explains = (
        *STANDSTILL,
        "dead_activation",
        "effectively_linear",
        "vanishing_gradient",
        "weights_too_small",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        inputs = evidence.problem.training_rows["inputs"]
        size = rms(inputs)
        if not 0 < size < SMALL or not np.any(inputs.std(axis=0)):
            return
        outcome = evidence.variants.outcome(usual_inputs(evidence.problem))
        severity = evidence.variants.severity_of(outcome)
        if not severity:
            return
        yield self.finding(
            f"The inputs are small: their rms is {size:.2g}, the largest {np.abs(inputs).max():.2g}, so that "
            "rows hardly differ for the first layer. The same training with standardised inputs "
            f"{outcome.text}.",
            severity=severity,
            value=size,
            remedies=(
                Remedy("every column gets mean 0 and standard deviation 1", (f"{KEY}=standard",)),
                Remedy("every column lies between 0 and 1", (f"{KEY}=minmax",)),
            ),
        )
