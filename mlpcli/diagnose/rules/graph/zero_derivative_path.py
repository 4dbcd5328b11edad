"""A parameter whose every path to the loss crosses an op without a derivative."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.graph.node import Node, topological
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, part_of


class ZeroDerivativePath(Rule):
    """Every path to the loss crosses an op without a derivative.

    Signs, comparisons and values that are taken out of differentiation are steps or constants: their
    derivative is 0 wherever it exists. What lies before them stays as it was at the start. None of the
    activations and losses that a config file can name is like that; a network that was put together with
    `mlpcli.engine` may be.

    What is measured: parameters at which a gradient of the loss arrives, among those it is computed from
    Threshold: none: every parameter is one of them
    Source: Bengio et al. 2013, arXiv:1308.3432 (hard thresholds have gradient 0 almost everywhere)
    """

    exact = True
    order = 11
    explains = FAILURES

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        network = evidence.problem.network
        order = topological([network.loss])
        reached = _reached(network.loss, order)
        used = set(order)
        starved = [p.node for p in network.trained if p.node in used and p.node not in reached]
        if not starved:
            return
        names = listed(node.name for node in starved)
        cuts = listed(_cuts(starved, order, reached))
        moved = part_of(len(starved), len(network.parameters), "parameter")
        yield self.finding(
            f"The loss depends on {names} only through {cuts}, where no gradient passes: {moved} "
            f"{'is' if len(starved) == 1 else 'are'} never moved.",
            where=f"op {cuts}",
            remedies=(
                Remedy("the loss built from the value before that op; thresholds only when predicting"),
            ),
        )


def _reached(loss: Node, order: list[Node]) -> set[Node]:
    """Return the nodes that a gradient of the loss arrives at. order: topological."""
    reached = {loss}
    for node in reversed(order):
        if node in reached:
            passes = zip(node.inputs, node.op.derivative, strict=False)
            reached.update(source for source, derivative in passes if derivative is not None)
    return reached


def _cuts(starved: list[Node], order: list[Node], reached: set[Node]) -> list[str]:
    """Return the names of the ops at which the gradient for these parameters ends."""
    below = set(starved)
    for node in order:
        if any(source in below for source in node.inputs):
            below.add(node)
    ends = [(node, source) for node in reached for source in node.inputs if source in below - reached]
    # A condition gets no gradient from what chooses by it: the comparison is what cuts.
    return sorted({source.op.name if node.op.name == "where" else node.op.name for node, source in ends})
