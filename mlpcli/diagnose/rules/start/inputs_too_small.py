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


def _check(evidence: Evidence) -> Iterator[Finding]:
    inputs = evidence.problem.training_rows["inputs"]
    size = rms(inputs)
    if not 0 < size < SMALL or not np.any(inputs.std(axis=0)):
        return
    outcome = evidence.variants.outcome(usual_inputs(evidence.problem))
    severity = evidence.variants.severity_of(outcome)
    if not severity:
        return
    yield Finding(
        "inputs_too_small",
        severity,
        f"The inputs are small: their rms is {size:.2g}, the largest {np.abs(inputs).max():.2g}, so that "
        "rows hardly differ for the first layer. The same training with standardised inputs "
        f"{outcome.text}.",
        "",
        KEY,
        size,
        SMALL,
        (
            Remedy("every column gets mean 0 and standard deviation 1", (f"{KEY}=standard",)),
            Remedy("every column lies between 0 and 1", (f"{KEY}=minmax",)),
        ),
        measure="rms of the inputs",
    )


inputs_too_small = Rule(
    title="The inputs are too small",
    check=_check,
    statistic="rms of the inputs; then the training with standardised ones",
    threshold="0.01; and the network does not learn, or leaves 30 % of the baseline's loss and "
    "standardised inputs halve it",
    source="Ben Braiek, Khomh 2022, TheDeepChecker",
    text="""Inputs that were divided twice, by 255 and by 255 again, or that come in tiny units, make pre-
activations near 0 on every row: all rows get the same prediction, and the gradient of the first weights,
which is proportional to the inputs, is as small.""",
    always=True,
    order=31,
    explains=(
        *STANDSTILL,
        "dead_activation",
        "effectively_linear",
        "vanishing_gradient",
        "weights_too_small",
    ),
)
