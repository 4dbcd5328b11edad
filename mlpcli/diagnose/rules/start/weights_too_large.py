"""Initial weights so large that hidden units are thrown far from where they are lively."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.layers.weight_scale import hidden_scales
from mlpcli.diagnose.rules.weight_size import WeightSize
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding

LARGE = 5.0
"""Bound of rms(W)·√fan-in. LeCun's rule makes it 1, He's √2."""


class WeightsTooLarge(WeightSize):
    """The initial weights are too large.

    Weights of variance 1/fan-in keep what passes through a layer at the size it has. Larger ones make it grow
    from layer to layer, and units with a bounded activation saturate: their gradient is nearly 0.

    What is measured: rms(W)·√fan-in of the hidden layers before training; then a training from Glorot weights
    Threshold: 5; a problem or a warning where the network does not learn, or leaves 30 % of the baseline's
        loss and Glorot weights halve that; else a note
    Source: Glorot, Bengio 2010; He et al. 2015, arXiv:1502.01852; Zhang et al. 2021, AUTOTRAINER (|w| > 5)
    """

    threshold = LARGE
    order = 40
    explains = (*WRONG_SIZE, "effectively_linear", "exploding_activations", "overconfident_start")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        scales = hidden_scales(evidence.problem, evidence.facts.initial_values)
        large = [number for number, scale in enumerate(scales) if scale > LARGE]
        if not large:
            return
        worst = max(large, key=lambda number: scales[number])
        size = f"{scales[worst]:.3g} times as large as the rule 1/√fan-in"
        yield from self.of_layer(evidence, worst, size, scales[worst], harmless="note")
