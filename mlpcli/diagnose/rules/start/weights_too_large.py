"""First weights so large that hidden units are thrown far from where they are lively."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import layer_key, usual_weights
from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.layers.weight_scale import hidden_scales
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

LARGE = 5.0
"""rms(W)·√fan-in. LeCun's rule makes it 1, He's √2."""


class WeightsTooLarge(Rule):
    """The first weights are too large.

    Weights of variance 1/fan-in keep what passes through a layer at the size it has. Larger ones make it grow
    from layer to layer, and units with a bounded activation saturate: their gradient is near 0.

    What is measured: rms(W)·√fan-in of the hidden layers before training; then the training from Glorot
        weights
    Threshold: 5; a problem or a warning where the network does not learn, or leaves 30 % of the baseline's
        loss and Glorot weights halve it; else a note
    Source: Glorot, Bengio 2010; He et al. 2015, arXiv:1502.01852; Zhang et al. 2021, AUTOTRAINER (|w| > 5)
    """

    threshold = LARGE
    measure = "rms(W)·√fan-in of the layer before training"
    always = True
    order = 40
    explains = (*WRONG_SIZE, "effectively_linear", "exploding_activations", "overconfident_start")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        scales = hidden_scales(problem, evidence.start)
        large = [number for number, scale in enumerate(scales) if scale > LARGE]
        if not large:
            return
        outcome = evidence.with_usual_weights
        severity = evidence.gravity(outcome) or "note"
        worst = max(large, key=lambda number: scales[number])
        layer = problem.network.layers[worst]
        yield self.finding(
            f"The first weights of {layer.name} are {scales[worst]:.3g} times as large as the rule "
            f"1/√fan-in. The same training from glorot_uniform weights {outcome.text}.",
            severity=severity,
            where=f"layer {layer.name}",
            key=layer_key(problem, worst, "initialisation"),
            value=scales[worst],
            remedies=(Remedy("weights of the usual size, biases of 0", usual_weights(problem)),),
        )
