"""Hidden units with the same weights before and after them do the same, and learn the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mlpcli.diagnose.config_keys import layer_key, usual_weights
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.layers.health import identical_units as identical
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, plural

SAME = 1e-6
"""Difference of weights, relative to the largest, that rounding may make in a training."""


class IdenticalUnits(Rule):
    """Units are copies of each other.

    Two units with equal weights put out the same, and where the weights after them are equal too, they get
    the same gradient: no training tells them apart. The network is worth one with a single unit in their
    place. On easy data that may look fine, so this is reported even where the network learns.

    What is measured: units of a hidden layer less the different ones, by the weights and biases before them
        and the weights after them, before training and after it
    Threshold: none: equal before training, and equal to 1e-6 of the largest weight after it
    Source: Ben Braiek, Khomh 2022, TheDeepChecker; Goodfellow et al. 2016, section 8.4 (symmetry breaking)
    """

    threshold = 0.0
    measure = "share of a layer's units that are copies of another, where it is largest"
    exact = True
    order = 20
    explains = (
        *STANDSTILL,
        "dead_activation",
        "effectively_linear",
        "learning_rate_too_high",
        "saturated_layer",
        "vanishing_gradient",
        "weights_too_large",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, layers = evidence.problem, evidence.problem.network.layers
        counts = {}
        for number, (layer, following) in enumerate(pairwise(layers)):
            before = identical(layer, following, evidence.facts.initial_values)
            if not before:
                continue
            trial = evidence.trial
            after = identical(layer, following, trial.state, SAME) if trial.finite else before
            if after:
                counts[number] = min(before, after)
        if not counts:
            return
        said = listed(
            f"{layers[number].units - count} different of {layers[number].units} in {layers[number].name}"
            for number, count in counts.items()
        )
        first = next(iter(counts))
        share = max(count / layers[number].units for number, count in counts.items())
        yield self.finding(
            "Units have the same weights before and after them, and still have after "
            f"{plural(evidence.trial.steps, 'step')}: {said}. Equal units get equal gradients, so together "
            "they are worth one.",
            severity="warning" if evidence.learns else "problem",
            where=f"layer {layers[first].name}",
            key=layer_key(problem, first, "initialisation"),
            value=share,
            remedies=(
                Remedy("weights drawn at random differ", usual_weights(problem, counts, biases=False)),
            ),
        )
