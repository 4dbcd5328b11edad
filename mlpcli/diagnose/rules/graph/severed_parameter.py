"""A parameter that the loss is not computed from."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.graph.node import topological
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, part_of


class SeveredParameter(Rule):
    """The loss does not depend on a parameter.

    A layer whose output goes nowhere, or a loss built from the value before the last layer, leaves parameters
    that no step moves. No gradient check sees it: a gradient of 0 is then the right one. A network that was
    built from a config file cannot have this; one that was put together with `mlpcli.engine` can.

    What is measured: parameters among the nodes from which the loss, without penalty, is computed
    Threshold: none: every parameter is one of them
    Source: Nikanjam et al. 2021, arXiv:2105.08095 (NeuraLint: dangling layers); Theano, `disconnected_inputs`
    """

    exact = True
    order = 10
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        network = evidence.problem.network
        used = set(topological([network.loss]))
        severed = [p.node for p in network.trained if p.node not in used]
        if not severed:
            return
        names = listed(node.name for node in severed)
        lacking = part_of(len(severed), len(network.parameters), "parameter")
        there = sum(1 for p in network.parameters if p.node in used)
        yield self.finding(
            f"The loss is not computed from {names}: {lacking} never "
            f"{'gets' if len(severed) == 1 else 'get'} a "
            f"gradient{'' if there else ', and nothing at all is trained'}.",
            where=f"parameter {names}",
            remedies=(
                Remedy("the loss built from the last layer's output, in the code that builds the graph"),
            ),
        )
