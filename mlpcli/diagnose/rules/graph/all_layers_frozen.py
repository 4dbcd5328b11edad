"""No layer is trained."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, layer_key
from mlpcli.diagnose.consequences import NOTHING_LEARNED
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import plural


class AllLayersFrozen(Rule):
    """All layers are frozen.

    A layer with `trainable: false` keeps its initial weights, drawn or taken from another run (`start_from`),
    to the last bit. That is how a trained network is given a new output layer; if that layer is frozen too,
    nothing is left to learn.

    What is measured: layers with trainable: true
    Threshold: none: there is no such layer
    Source: Ben Braiek, Khomh 2022, TheDeepChecker (weights not updated)
    """

    exact = True
    order = 12
    explains = NOTHING_LEARNED

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        if problem.network.trained:
            return
        output = hidden_layers(problem)
        keys = [layer_key(problem, number, "trainable") for number in range(output + 1)]
        yield self.finding(
            f"trainable is false for every layer: none of {plural(problem.network.size, 'parameter')} is "
            "ever moved.",
            key=keys[-1],
            remedies=(
                Remedy("all layers learn", tuple(f"{key}=true" for key in keys)),
                Remedy("the output layer learns from what the others say", (f"{keys[-1]}=true",)),
            )[: output + 1],
        )
