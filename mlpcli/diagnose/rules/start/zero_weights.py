"""All weights of a hidden layer are 0 before training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import layer_key, usual_weights
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed


def _check(evidence: Evidence) -> Iterator[Finding]:
    problem = evidence.problem
    layers = problem.network.layers
    zero = [not np.any(evidence.facts.initial_values[layer.parameters[0].node.name]) for layer in layers]
    hidden = [number for number in range(len(layers) - 1) if zero[number]]
    if not hidden:
        return
    names, one = listed(layers[number].name for number in hidden), len(hidden) == 1
    then = (
        "the network learns all the same"
        if evidence.learns
        else f"no unit of {'it' if one else 'them'} comes to differ from another"
    )
    yield Finding(
        "zero_weights",
        "note" if evidence.learns else "problem",
        f"All weights of {names} are 0 before training: what {'it puts' if one else 'they put'} out is the "
        f"same for every row, and {then}.",
        f"layer {layers[hidden[0]].name}",
        layer_key(problem, hidden[0], "initialisation"),
        0.0,
        None,
        (
            Remedy(
                "weights that differ and have the usual size", usual_weights(problem, hidden, biases=False)
            ),
        ),
        measure="largest |w| of the layer before training",
    )


zero_weights = Rule(
    title="A hidden layer starts at 0",
    check=_check,
    statistic="largest |w| of each hidden layer before training",
    threshold="none: exactly 0",
    source="Ben Braiek, Khomh 2022, TheDeepChecker; Nikanjam et al. 2021, NeuraLint",
    text="""With weights of 0 a layer puts out the same for every row, and the gradient of the weights after
it is the same for every unit; where both are 0, or the slope at 0 is 0 as with ReLU, no gradient comes at
all. An output layer of zeros is fine: its first step gives it weights, since what comes in differs.""",
    exact=True,
    order=10,
    explains=(
        *STANDSTILL,
        "dead_activation",
        "effectively_linear",
        "identical_units",
        "learning_rate_too_high",
        "vanishing_gradient",
        "weights_too_small",
    ),
)
