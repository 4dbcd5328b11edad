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


class ZeroWeights(Rule):
    """A hidden layer starts at 0.

    With weights of 0 a layer puts out the same for every row, and the gradient of the weights after it is the
    same for every unit; where those are 0 too, or the slope at 0 is 0 as with ReLU, no gradient comes at all.
    An output layer of zeros is fine: its first step gives it weights, since its inputs differ.

    What is measured: largest |w| of each hidden layer before training
    Threshold: none: it is exactly 0
    Source: Ben Braiek, Khomh 2022, TheDeepChecker; Nikanjam et al. 2021, NeuraLint
    """

    measure = "largest |w| of the layer before training"
    exact = True
    order = 10
    explains = (
        *STANDSTILL,
        "dead_activation",
        "effectively_linear",
        "identical_units",
        "learning_rate_too_high",
        "vanishing_gradient",
        "weights_too_small",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
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
        yield self.finding(
            f"All weights of {names} are 0 before training: what {'it puts' if one else 'they put'} out is "
            f"the same for every row, and {then}.",
            severity="note" if evidence.learns else "problem",
            where=f"layer {layers[hidden[0]].name}",
            key=layer_key(problem, hidden[0], "initialisation"),
            value=0.0,
            remedies=(
                Remedy(
                    "weights that differ and have the usual size",
                    usual_weights(problem, hidden, biases=False),
                ),
            ),
        )
