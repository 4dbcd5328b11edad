"""Softmax in a hidden layer: its units share a sum of 1."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, in_hidden, layer_key
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import sums_to_one
from mlpcli.wording import listed


def _check(evidence: Evidence) -> Iterator[Finding]:
    problem = evidence.problem
    layers = problem.network.layers[: hidden_layers(problem)]
    sharing = [number for number, layer in enumerate(layers) if layer.units > 1 and sums_to_one(layer)]
    if not sharing:
        return
    names = listed(layers[number].name for number in sharing)
    counts = [layers[number].units for number in sharing]
    units = min(counts)
    which = f"{units} units" if max(counts) == units else f"{units} to {max(counts)} units a layer"
    at_most = " at most" if max(counts) > units else ""
    tanh = in_hidden(problem, "activation", "tanh", sharing)
    outcome = evidence.variants.outcome(tanh)
    own = evidence.trial
    ends = f"ends at a loss of {own.loss:.3g}" if own.finite else "stops being finite"
    yield Finding(
        "hidden_softmax",
        evidence.variants.severity_of(outcome) or "note",
        f"softmax in {names}: {which} share a sum of 1, about {1 / units:.2g} each{at_most}, and what one "
        f"gains the others lose. The training {ends}; with tanh it {outcome.text}.",
        f"layer {names}",
        layer_key(problem, sharing[0], "activation"),
        1 / units,
        None,
        (
            Remedy("each unit says something of its own", tanh),
            Remedy("ReLU units do not share a sum either", in_hidden(problem, "activation", "relu", sharing)),
        ),
        measure="mean output of a unit of the smallest such layer",
    )


hidden_softmax = Rule(
    title="Softmax in a hidden layer",
    check=_check,
    statistic="hidden layers whose outputs share a sum of 1; then the training with tanh there",
    threshold="none. A problem where the network does not learn and the one with tanh does; a warning "
    "where 30 % of the baseline's loss are left and tanh halves that; else a note",
    source="Nikanjam et al. 2021, arXiv:2105.08095 (NeuraLint); Ben Braiek, Khomh 2022, TheDeepChecker",
    text="""Softmax turns the outputs of the last layer into probabilities. Between layers it makes values
small and alike: n units have 1/n on average, differences shrink by as much, and so does the gradient that
comes back. Two such layers, or softmax followed by softmax, often stay at the baseline.""",
    always=True,
    order=41,
    explains=FAILURES,
)
