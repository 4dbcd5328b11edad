"""First weights so small that hardly anything passes through the hidden layers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.config_keys import layer_key, usual_weights
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.layers.weight_scale import hidden_scales
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

SMALL = 0.05
"""rms(W)·√fan-in. LeCun's rule makes it 1, He's √2."""
SMALL_TOGETHER = 1e-3
"""The same, multiplied over the hidden layers. Ours: Glorot's of the shipped configs are 0.3 and more."""
TOGETHER = "rms(W)·√fan-in, multiplied over the hidden layers, before training"


class WeightsTooSmall(Rule):
    """The first weights are too small.

    Each layer multiplies the differences between rows, and the gradient on its way back, by about the size of
    its weights. In one hidden layer training makes up for that; several in a row are a plateau that it does
    not leave.

    What is measured: rms(W)·√fan-in of the hidden layers before training; then the training from Glorot
        weights
    Threshold: 0.05 in a layer, or 0.001 multiplied over all hidden layers; and the network does not learn, or
        leaves 30 % of the baseline's loss and Glorot weights halve it. The output layer may be small
    Source: Glorot, Bengio 2010; Ben Braiek, Khomh 2022, TheDeepChecker (variance below 1e-5)
    """

    threshold = SMALL
    measure = "rms(W)·√fan-in of the layer before training"
    always = True
    order = 41
    explains = (*STANDSTILL, "dead_activation", "effectively_linear", "vanishing_gradient")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        scales = hidden_scales(problem, evidence.start)
        small = [number for number, scale in enumerate(scales) if 0 < scale < SMALL]
        product = math.prod(scales)
        if not small and not 0 < product < SMALL_TOGETHER:
            return
        outcome = evidence.with_usual_weights
        severity = evidence.gravity(outcome)
        if not severity:
            return
        worst = min((n for n, scale in enumerate(scales) if scale), key=lambda number: scales[number])
        layer = problem.network.layers[worst]
        more = f" ({product:.1g} through all {len(scales)} hidden layers)" if len(scales) > 1 else ""
        yield self.finding(
            f"The first weights of {layer.name} are {scales[worst]:.2g} times as large as the rule "
            f"1/√fan-in{more}: what differs between rows shrinks by about that factor there. The same "
            f"training from glorot_uniform weights {outcome.text}.",
            severity=severity,
            where=f"layer {layer.name}",
            key=layer_key(problem, worst, "initialisation"),
            value=scales[worst] if small else Statistic(product, SMALL_TOGETHER, TOGETHER),
            remedies=(Remedy("weights of the usual size, biases of 0", usual_weights(problem)),),
        )
