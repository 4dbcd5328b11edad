"""Reverse mode: the adjoint of every node is built once per cost, when first asked for, and shared.

In the chain rule 0 times an infinity, or times NaN, is 0: a branch that `where`, `min`, `max` or `clip` did
not take has an adjoint of 0, and its slope does not count, whatever that is. Only where a slope can be
infinite or NaN (see steep.py) are the products of a derivative of that kind; all others are plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mlpcli.errors import DisconnectedError, Fault
from mlpcli.grad.steep import bounds_of, steep
from mlpcli.graph.node import CONSTANT, Node, constant, describe, rebuild, shape_error, topological
from mlpcli.ops.elementwise import multiply_no_nan, xdivy
from mlpcli.ops.view import broadcast, unbroadcast
from mlpcli.wording import listed


class Adjoints:
    """The adjoints d cost / d node of one cost, as nodes. Asking again gives the same node.

    The table lives on the cost itself, so that gradients asked one by one share everything with
    gradients asked at once, and both are gone with the cost.
    """

    def __init__(self, cost: Node) -> None:
        self._consumers: dict[Node, list[tuple[Node, int]]] = {cost: []}
        order = topological([cost])
        for node in order:
            for position, source in enumerate(node.inputs):
                self._consumers.setdefault(source, []).append((node, position))
        self._built: dict[Node, Node | None] = {cost: constant(1.0, cost.dtype)}
        self._unsafe = _unsafe(order)

    def depends_on(self, node: Node) -> bool:
        """Return whether the cost is computed from the node at all."""
        return node in self._consumers

    def of(self, node: Node) -> Node | None:
        """Return the adjoint of a node; None where no gradient arrives."""
        stack = [node]
        while stack:
            current = stack[-1]
            if current in self._built or current not in self._consumers:
                stack.pop()
                continue
            waiting = [
                consumer
                for consumer, position in self._consumers[current]
                if consumer.op.derivative[position] is not None and consumer not in self._built
            ]
            if waiting:
                stack.extend(waiting)
            else:
                self._built[current] = self._sum(current)
                stack.pop()
        return self._built.get(node)

    def _sum(self, node: Node) -> Node | None:
        total: Node | None = None
        for consumer, position in self._consumers[node]:
            derivative = consumer.op.derivative[position]
            arriving = self._built.get(consumer)
            if derivative is None or arriving is None:
                continue
            part = derivative(arriving, consumer, *consumer.inputs, **dict(consumer.attributes))
            if (consumer, position) in self._unsafe:
                part = _where_zero_wins(part, arriving)
            if consumer.op.kind == "elementwise":
                part = unbroadcast(_spread(part, consumer), node.shape)
            total = part if total is None else total + part
        return total


def gradients(cost: Node, nodes: Iterable[Node], allow_disconnected: bool = False) -> list[Node]:
    """Build d cost / d node for each node, of the node's shape.

    cost: a scalar. Asking for all nodes at once or one by one gives the same nodes and the same work.
    Raises ShapeError for another cost, and DisconnectedError, naming the node, where no gradient can arrive;
    allow_disconnected gives zeros instead. Source: Griewank, Walther 2008, Evaluating Derivatives, 3.2.
    """
    if cost.shape != ():
        raise shape_error(
            "gradients", (cost,), "a cost is a scalar.", "Take reduce_mean or reduce_sum of it."
        )
    adjoints: Adjoints = cost.derived.setdefault("adjoints", None) or Adjoints(cost)
    cost.derived["adjoints"] = adjoints
    result = []
    for node in nodes:
        adjoint = adjoints.of(node)
        if adjoint is None:
            if not allow_disconnected:
                raise _disconnected(cost, node, adjoints)
            zero = constant(np.zeros((), node.dtype), node.dtype)
            adjoint = broadcast(zero, shape=node.shape, axes=()) if node.shape else zero
        result.append(adjoint)
    return result


def _unsafe(order: Sequence[Node]) -> set[tuple[Node, int]]:
    """Find the ops, and places of their inputs, where an adjoint or a slope may be infinite or NaN.

    order: every node of a cost, inputs first.
    """
    bounds = bounds_of(order)
    found: set[tuple[Node, int]] = set()
    non_finite: set[Node] = set()  # nodes whose adjoint may be infinite or NaN
    for node in reversed(order):
        # Beyond a matrix product such a gradient is not finite as a whole: no product can mend it.
        passes = node in non_finite and node.op.kind != "matmul"
        for position, is_steep in enumerate(steep(node, bounds)):
            if is_steep or passes:
                found.add((node, position))
                non_finite.add(node.inputs[position])
    return found


def _where_zero_wins(part: Node, arriving: Node) -> Node:
    """Rewrite a derivative, built from the arriving adjoint, with products where a 0 stays 0."""
    new: dict[Node, Node] = {arriving: arriving}
    for node in topological([part]):
        if node is arriving or not any(each in new for each in node.inputs):
            continue
        inputs = tuple(new.get(each, each) for each in node.inputs)
        if node.op.name == "multiply" and not any(_is_number(each) for each in inputs):
            new[node] = multiply_no_nan(*inputs)
        elif node.op.name == "divide" and node.inputs[0] in new and not _is_number(inputs[1]):
            new[node] = xdivy(*inputs)
        else:
            new[node] = rebuild(node, inputs)
    return new.get(part, part)


def _is_number(node: Node) -> bool:
    return node.op is CONSTANT and bool(np.isfinite(np.asarray(node.value)).all() and np.all(node.value))


def _spread(part: Node, like: Node) -> Node:
    """Give a part the consumer's full shape: with a scalar g a derivative may have dropped an axis."""
    return part if part.shape == like.shape else broadcast(part, shape=like.shape, axes=())


def _disconnected(cost: Node, node: Node, adjoints: Adjoints) -> DisconnectedError:
    if adjoints.depends_on(node):
        cuts = sorted({consumer.op.name for consumer in _cutting(node, adjoints)})
        what = f"The cost depends on {describe(node)} only through {listed(cuts)}, which pass no gradient."
        remedy = "Build the cost from the value before that op."
    else:
        leaves = [n for n in topological([cost]) if n.op.kind == "source" and n.name]
        known = listed(describe(leaf) for leaf in leaves) or "constants only"
        what = f"The cost does not depend on {describe(node)}. It is computed from: {known}."
        remedy = "Build the cost from the output of the network, not from a placeholder beside it."
    return DisconnectedError(Fault(f"gradient of {describe(cost)}", what, remedy))


def _cutting(node: Node, adjoints: Adjoints) -> Iterable[Node]:
    seen, stack = {node}, [node]
    while stack:
        for consumer, position in adjoints._consumers[stack.pop()]:
            if consumer.op.derivative[position] is None:
                yield consumer
            elif consumer not in seen:
                seen.add(consumer)
                stack.append(consumer)
