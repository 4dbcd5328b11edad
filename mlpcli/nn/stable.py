"""Logarithms of a sigmoid or softmax are rewritten to their logit forms, whatever the user wrote.

The forms: log sigmoid(x) = -softplus(-x); log(1 - sigmoid(x)) = -softplus(x);
log(e^a / b) = a - log b, which for a softmax (a shifted by its maximum) is the shifted log-sum-exp.
The losses' own clip of the probability in between is dropped: the logit forms are finite without it. Any
other clip means something, and stays.
"""

from __future__ import annotations

from mlpcli.graph.check import check
from mlpcli.graph.node import CONSTANT, Node, rebuild, topological
from mlpcli.nn.loss import PROBABILITY_RANGE
from mlpcli.ops.elementwise import log, softplus


def use_logit_forms(cost: Node) -> Node:
    """The same cost with every such logarithm in its stable form."""
    new: dict[Node, Node] = {}
    for node in topological([cost]):
        new[node] = _logit_form(rebuild(node, tuple(new[i] for i in node.inputs)))
    check([new[cost]], after="use_logit_forms")
    return new[cost]


def _logit_form(node: Node) -> Node:
    if node.op.name != "log":
        return node
    p = _unclipped(node.inputs[0])
    if p.op.name == "sigmoid":
        return -softplus(-p.inputs[0])
    if p.op.name == "divide" and p.inputs[0].op.name == "exp":
        return p.inputs[0].inputs[0] - log(p.inputs[1])
    if p.op.name == "subtract" and p.inputs[0].op is CONSTANT and _is_one(p.inputs[0]):
        complement = _unclipped(p.inputs[1])
        if complement.op.name == "sigmoid":
            return -softplus(complement.inputs[0])
    return node


def _unclipped(p: Node) -> Node:
    if p.op.name == "clip" and dict(p.attributes) == PROBABILITY_RANGE:
        return p.inputs[0]
    return p


def _is_one(node: Node) -> bool:
    return node.shape == () and node.value is not None and float(node.value) == 1.0
