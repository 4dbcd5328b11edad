"""Hidden layers without a bend: affine after affine is one affine map."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, in_hidden, layer_key
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.variants import VariantOutcome
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import is_straight
from mlpcli.wording import listed

MEASURE = "hidden layers that are straight lines; the threshold is all of them"


class LinearHiddenLayers(Rule):
    """Hidden layers are linear.

    W₂(W₁x + b₁) + b₂ is W·x + b again, however many layers there are. Such a network finds nothing that a
    linear or logistic regression would not, and XOR not at all. Where the data is linear it does no harm; a
    single linear layer among others, as a bottleneck, is a choice.

    What is measured: hidden layers whose activation is a straight line; then a training with tanh in them
    Threshold: none: it is all of them. A problem where the network does not learn and the one with tanh does;
        a warning where 30 % of the baseline's loss is left and tanh halves that; else a note
    Source: Minsky, Papert 1969; Goodfellow et al. 2016, section 6.1; Schoop et al. 2021, UMLAUT
    """

    always = True
    order = 40
    explains = (*FAILURES, "identical_units")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, hidden = evidence.problem, hidden_layers(evidence.problem)
        straight = [number for number in range(hidden) if is_straight(problem.network.layers[number])]
        if not straight:
            return
        names, one = listed(problem.network.layers[number].name for number in straight), len(straight) == 1
        key = layer_key(problem, straight[0], "activation")
        if len(straight) < hidden:
            linear = "is linear" if one else "are linear"
            yield self.finding(
                f"{names} {linear}, and one affine map together with the layer that follows.",
                severity="note",
                where=f"layer {names}",
                key=key,
                remedies=(Remedy("a layer that bends", in_hidden(problem, "activation", "tanh", straight)),),
            )
            return
        outcome = evidence.variants.outcome(in_hidden(problem, "activation", "tanh", straight))
        bends = (
            f"The hidden layer {names} does not bend" if one else f"Of the hidden layers none bends ({names})"
        )
        yield self.finding(
            f"{bends}: the network does as a single linear layer would{_ends(evidence, outcome)}.",
            severity=evidence.variants.severity_of(outcome) or "note",
            where=f"layer {names}",
            key=key,
            value=Statistic(float(hidden), float(hidden), MEASURE),
            remedies=_remedies(evidence, straight),
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
