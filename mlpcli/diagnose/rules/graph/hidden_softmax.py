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


class HiddenSoftmax(Rule):
    """Softmax in a hidden layer.

    Softmax turns the outputs of the last layer into probabilities. Between layers it makes values small and
    alike: n units have 1/n on average, differences shrink by as much, and so does the gradient that comes
    back. Two such layers, or softmax followed by softmax, often stay at the baseline.

    What is measured: hidden layers whose outputs share a sum of 1; then a training with tanh in them
    Threshold: none. A problem where the network does not learn and the one with tanh does; a warning where 30
        % of the baseline's loss is left and tanh halves that; else a note
    Source: Nikanjam et al. 2021, arXiv:2105.08095 (NeuraLint); Ben Braiek, Khomh 2022, TheDeepChecker
    """

    measure = "mean output of a unit of the smallest such layer"
    always = True
    order = 41
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
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
        yield self.finding(
            f"softmax in {names}: {which} share a sum of 1, about {1 / units:.2g} each{at_most}, and what "
            f"one gains the others lose. The training {ends}; with tanh it {outcome.text}.",
            severity=evidence.variants.severity_of(outcome) or "note",
            where=f"layer {names}",
            key=layer_key(problem, sharing[0], "activation"),
            value=1 / units,
            remedies=(
                Remedy("each unit says something of its own", tanh),
                Remedy(
                    "ReLU units do not share a sum either", in_hidden(problem, "activation", "relu", sharing)
                ),
            ),
        )
