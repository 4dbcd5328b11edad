"""Initial weights so small that hardly anything passes through the hidden layers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.layers.weight_scale import hidden_scales
from mlpcli.diagnose.rules.weight_size import WeightSize
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding

SMALL = 0.05
"""Bound of rms(W)·√fan-in. LeCun's rule makes it 1, He's √2."""
SMALL_TOGETHER = 1e-3
"""Bound of TOGETHER. Ours: Glorot weights of the shipped configs have 0.3 and more."""
TOGETHER = "rms(W)·√fan-in, multiplied over the hidden layers, before training"


class WeightsTooSmall(WeightSize):
    """The initial weights are too small.

    Each layer multiplies the differences between rows, and the gradient on its way back, by about the size of
    its weights. In one hidden layer training makes up for that; several in a row are a plateau that it does
    not leave.

    What is measured: rms(W)·√fan-in of the hidden layers before training; then a training from Glorot weights
    Threshold: 0.05 in a layer, or 0.001 multiplied over all hidden layers; and either the network does not
        learn, or it leaves 30 % of the baseline's loss and Glorot weights halve that. The output layer may be
        small
    Source: Glorot, Bengio 2010; Ben Braiek, Khomh 2022, TheDeepChecker (variance below 1e-5)
    """

    threshold = SMALL
    order = 41
    explains = (*STANDSTILL, "dead_activation", "effectively_linear", "vanishing_gradient")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        scales = hidden_scales(evidence.problem, evidence.facts.initial_values)
        small = [number for number, scale in enumerate(scales) if 0 < scale < SMALL]
        product = math.prod(scales)
        if not small and not 0 < product < SMALL_TOGETHER:
            return
        worst = min((n for n, scale in enumerate(scales) if scale), key=lambda number: scales[number])
        more = f" ({product:.1g} through all {len(scales)} hidden layers)" if len(scales) > 1 else ""
        size = (
            f"{scales[worst]:.2g} times as large as the rule 1/√fan-in{more}: what differs between rows "
            "shrinks by about that factor there"
        )
        value = scales[worst] if small else Statistic(product, SMALL_TOGETHER, TOGETHER)
        yield from self.of_layer(evidence, worst, size, value)
