"""No layer is trained."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, layer_key
from mlpcli.diagnose.consequences import NOTHING_LEARNED
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import plural


def _check(evidence: Evidence) -> Iterator[Finding]:
    problem = evidence.problem
    if problem.network.trained:
        return
    output = hidden_layers(problem)
    keys = [layer_key(problem, number, "trainable") for number in range(output + 1)]
    yield Finding(
        "all_layers_frozen",
        "problem",
        f"trainable is false for every layer: none of {plural(problem.network.size, 'parameter')} is ever "
        "moved.",
        "",
        keys[-1],
        remedies=(
            Remedy("all layers learn", tuple(f"{key}=true" for key in keys)),
            Remedy("the output layer learns from what the others say", (f"{keys[-1]}=true",)),
        )[: output + 1],
    )


all_layers_frozen = Rule(
    title="All layers are frozen",
    check=_check,
    statistic="layers with trainable: true",
    threshold="none: not one",
    source="Ben Braiek, Khomh 2022, TheDeepChecker (weights not updated)",
    text="""A layer with `trainable: false` keeps its first weights, drawn or taken from another run
(`start_from`), to the last bit. That is how a trained network is given a new output layer; if that is frozen
too, nothing is left to learn.""",
    exact=True,
    order=12,
    explains=NOTHING_LEARNED,
)
