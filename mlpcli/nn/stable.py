"""Logarithms of a sigmoid or softmax are rewritten to their logit forms, whatever the user wrote.

The forms: log sigmoid(x) = -softplus(-x); log(1 - sigmoid(x)) = -softplus(x);
log(e^a / b) = a - log b, which for a softmax (a shifted by its maximum) is the shifted log-sum-exp.
What a formula writes out is the same function first: 1/(1 + e^a) = sigmoid(-a), log(1 + e^a) = softplus(a).
The losses' own clip of the probability in between is dropped: the logit forms are finite without it. Any
other clip means something, and stays.
"""

from __future__ import annotations

from mlpcli.graph.check import check
from mlpcli.graph.node import CONSTANT, Node, rebuild, topological
from mlpcli.nn.loss import PROBABILITY_RANGE
from mlpcli.ops.elementwise import log, sigmoid, softplus


def use_logit_forms(cost: Node) -> Node:
    """Return the cost with every such logarithm in its stable form."""
    new: dict[Node, Node] = {}
    for node in topological([cost]):
        new[node] = _logit_form(rebuild(node, tuple(new[i] for i in node.inputs)))
    check([new[cost]], after="use_logit_forms")
    return new[cost]


def _logit_form(node: Node) -> Node:
    if node.op.name == "divide" and _is_one(node.inputs[0]):
        exponent = _of_one_plus_exp(node.inputs[1])
        return node if exponent is None else sigmoid(_minus(exponent))
    if node.op.name == "log1p" and node.inputs[0].op.name == "exp":
        return softplus(node.inputs[0].inputs[0])
    if node.op.name != "log":
        return node
    exponent = _of_one_plus_exp(node.inputs[0])
    if exponent is not None:
        return softplus(exponent)
    p = _unclipped(node.inputs[0])
    if p.op.name == "sigmoid":
        return -softplus(-p.inputs[0])
    if p.op.name == "divide" and p.inputs[0].op.name == "exp":
        return p.inputs[0].inputs[0] - _logit_form(log(p.inputs[1]))
    if p.op.name == "subtract" and _is_one(p.inputs[0]):
        complement = _unclipped(p.inputs[1])
        if complement.op.name == "sigmoid":
            return -softplus(complement.inputs[0])
    return node


def _unclipped(p: Node) -> Node:
    if p.op.name == "clip" and dict(p.attributes) == PROBABILITY_RANGE:
        return p.inputs[0]
    return p


def _of_one_plus_exp(node: Node) -> Node | None:
    """Return a where the node is 1 + e^a, else None."""
    for one, power in (node.inputs, node.inputs[::-1]) if node.op.name == "add" else ():
        if _is_one(one) and power.op.name == "exp":
            return power.inputs[0]
    return None


def _minus(node: Node) -> Node:
    return node.inputs[0] if node.op.name == "negative" else -node


def _is_one(node: Node) -> bool:
    return node.op is CONSTANT and node.shape == () and node.value is not None and float(node.value) == 1.0
