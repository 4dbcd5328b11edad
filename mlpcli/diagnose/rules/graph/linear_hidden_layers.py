"""Hidden layers without a bend: affine after affine is one affine map."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, in_hidden, layer_key
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.variants import VariantOutcome
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import is_straight
from mlpcli.wording import listed


def _check(evidence: Evidence) -> Iterator[Finding]:
    problem, hidden = evidence.problem, hidden_layers(evidence.problem)
    straight = [number for number in range(hidden) if is_straight(problem.network.layers[number])]
    if not straight:
        return
    names, one = listed(problem.network.layers[number].name for number in straight), len(straight) == 1
    key = layer_key(problem, straight[0], "activation")
    if len(straight) < hidden:
        linear = "is linear" if one else "are linear"
        cause = f"{names} {linear}, and one affine map together with the layer that follows."
        remedy = Remedy("a layer that bends", in_hidden(problem, "activation", "tanh", straight))
        where = f"layer {names}"
        yield Finding("linear_hidden_layers", "note", cause, where, key, remedies=(remedy,))
        return
    outcome = evidence.variants.outcome(in_hidden(problem, "activation", "tanh", straight))
    bends = f"The hidden layer {names} does not bend" if one else f"Of the hidden layers none bends ({names})"
    cause = f"{bends}: the network does as a single linear layer would{_ends(evidence, outcome)}."
    yield Finding(
        "linear_hidden_layers",
        evidence.variants.severity_of(outcome) or "note",
        cause,
        f"layer {names}",
        key,
        float(len(straight)),
        float(hidden),
        tuple(_remedies(evidence, straight)),
        measure="hidden layers that are straight lines; the threshold is all of them",
    )


def _ends(evidence: Evidence, outcome: VariantOutcome) -> str:
    if not evidence.trial.finite or not outcome.finite:
        return ""
    return f", and ends at a loss of {evidence.trial.loss:.3g}; with tanh it {outcome.text}"


def _remedies(evidence: Evidence, straight: list[int]) -> Iterator[Remedy]:
    problem = evidence.problem
    tanh = in_hidden(problem, "activation", "tanh", straight)
    yield Remedy("tanh bends", tanh)
    he = in_hidden(problem, "initialisation", "he_uniform", straight)
    yield Remedy("ReLU bends", (*in_hidden(problem, "activation", "relu", straight), *he))


linear_hidden_layers = Rule(
    title="Hidden layers are linear",
    check=_check,
    statistic="hidden layers whose activation is a straight line; then the training with tanh there",
    threshold="none: all of them. A problem where the network does not learn and the one with tanh does; a "
    "warning where 30 % of the baseline's loss are left and tanh halves that; else a note",
    source="Minsky, Papert 1969; Goodfellow et al. 2016, section 6.1; Schoop et al. 2021, UMLAUT",
    text="""W₂(W₁x + b₁) + b₂ is W·x + b again, however many layers there are. Such a network finds nothing
that a linear or logistic regression would not, and XOR not at all. Where the data is linear it does no harm;
a single linear layer among others, as a bottleneck, is a choice.""",
    always=True,
    order=40,
    explains=(*FAILURES, "identical_units"),
)
