"""Activations that grow from layer to layer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.config_keys import in_hidden, layer_key, usual_weights, with_changes, zero_biases
from mlpcli.diagnose.consequences import WRONG_SIZE
from mlpcli.diagnose.layers.health import rms
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

GROWTH = 100.0
"""Ratio of the rms of the last hidden pre-activations to that of the inputs. He weights give 1 to 5."""


class ExplodingActivations(Rule):
    """Activations explode.

    A layer with weights of variance v multiplies the size of what passes through it by √(v·fan-in), or by
    √(v·fan-in/2) with ReLU; ten layers do so ten times. The outputs are then extreme from the first row on,
    and either the gradient is as large, or the loss is so far out that it has no slope.

    What is measured: rms of the last hidden pre-activations over that of the inputs, before training
    Threshold: 100, where the network does not learn. Ours: He weights give 1 to 5
    Source: He et al. 2015, arXiv:1502.01852; Ben Braiek, Khomh 2022, TheDeepChecker
    """

    threshold = GROWTH
    measure = "rms of the last hidden pre-activations over that of the inputs, before training"
    order = 50
    explains = (*WRONG_SIZE, "effectively_linear", "overconfident_start")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        size = rms(evidence.facts.some_rows["inputs"])
        health = evidence.start_health
        # Of the hidden layers: an output layer that is too large is an over-confident start.
        sizes = [layer.pre_activation_rms for layer in health[:-1]]
        growth = sizes[-1] / size if size and sizes else 0.0
        if growth <= GROWTH or math.isnan(growth):
            return
        before = [size, *sizes[:-1]]
        steps = [after / came if came else 0.0 for came, after in zip(before, sizes, strict=True)]
        worst = steps.index(max(steps))
        outcome = evidence.variants.outcome(usual_weights(problem))
        severity = evidence.variants.severity_of(outcome) or "note"
        hidden = len(health) - 1
        he = (*in_hidden(problem, "initialisation", "he_normal"), *zero_biases(problem, range(hidden)))
        yield self.finding(
            f"What passes through the network grows before training: from an rms of {size:.3g} in the inputs "
            f"to {sizes[-1]:.3g} in the last hidden pre-activations, {growth:.2g} times, most in "
            f"{health[worst].name}. The same training from glorot_uniform weights {outcome.text}.",
            severity=severity,
            where=f"layer {health[worst].name}",
            key=layer_key(problem, worst, "initialisation"),
            value=growth,
            remedies=with_changes(
                (
                    Remedy("weights that keep the size of what passes through", usual_weights(problem)),
                    Remedy(
                        "the same, with the size that suits ReLU", (*he, *usual_weights(problem, [hidden]))
                    ),
                )
            ),
        )
