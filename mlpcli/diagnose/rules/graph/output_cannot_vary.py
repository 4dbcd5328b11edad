"""A layer that puts out the same for every row, whatever its weights: softmax over one unit."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, layer_key
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.graph.node import topological
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import output_range


class OutputCannotVary(Rule):
    """The output cannot vary.

    Softmax shares 1 among the units of a layer. A single unit gets all of it: its output is 1 for every row,
    its derivative 0, and the loss what it was before the first step. Two classes need one sigmoid unit, or
    two units under softmax.

    What is measured: smallest and largest output of each layer's activation, whatever comes in; and whether
        the prediction is computed from the inputs
    Threshold: none: the two are equal
    Source: Nikanjam et al. 2021, arXiv:2105.08095 (NeuraLint); Zhang et al. 2021, AUTOTRAINER
    """

    measure = "largest output less the smallest, whatever comes in"
    exact = True
    order = 12
    explains = (*FAILURES, "hidden_softmax", "loss_family", "not_a_probability", "output_range")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        network = evidence.problem.network
        for number, layer in enumerate(network.layers):
            said = output_range(layer)
            if not said.constant:
                continue
            activation = choice_name(layer.activation)
            units = "one unit" if layer.units == 1 else f"{layer.units} units"
            yield self.finding(
                f"{activation} over {units} is {said.low:.3g} whatever the weights: what {layer.name} says "
                "is the same for every row, and every gradient of what comes before it is 0.",
                where=f"layer {layer.name}",
                key=layer_key(evidence.problem, number, "activation"),
                value=said.high - said.low,
                remedies=_remedies(evidence, number),
            )
            return
        if network.inputs not in set(topological([network.prediction])):
            yield self.finding(
                "The prediction is not computed from the inputs: it is the same for every row.",
                remedies=(Remedy("the layers built on the inputs, in the code that builds the graph"),),
            )


def _remedies(evidence: Evidence, number: int) -> Iterator[Remedy]:
    problem = evidence.problem
    if number < hidden_layers(problem):
        key = layer_key(problem, number, "activation")
        yield Remedy("each unit says something of its own", (f"{key}=tanh",))
        return
    if problem.dataset.task == "regression":
        yield Remedy(
            "a linear output says any number", ("network.output.activation=linear", "loss=squared_error")
        )
        return
    codes = ("data.classes=[0, 1]",) if problem.config.data.classes else ()
    one = ("network.output.activation=sigmoid", "loss=binary_cross_entropy", *codes)
    yield Remedy("one unit is the probability of the second class", one)
    if problem.dataset.preparation.outputs == 2 and not codes:
        two = ("network.output.units=2", "network.output.activation=softmax", "loss=cross_entropy")
        yield Remedy("a unit for each class: softmax shares 1 among them", two)
