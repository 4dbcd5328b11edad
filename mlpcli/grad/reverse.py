"""Reverse mode: the adjoint of every node is built once per cost, when first asked for, and shared."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mlpcli.errors import DisconnectedError, Fault
from mlpcli.graph.node import Node, constant, describe, shape_error, topological
from mlpcli.ops.move import broadcast, unbroadcast
from mlpcli.wording import listed


class Adjoints:
    """d cost / d node for the nodes of one cost, as nodes. Asking again gives the same node.

    The table lives on the cost itself, so that gradients asked one by one share everything with
    gradients asked at once, and both are gone with the cost.
    """

    def __init__(self, cost: Node) -> None:
        self._consumers: dict[Node, list[tuple[Node, int]]] = {cost: []}
        for node in topological([cost]):
            for position, source in enumerate(node.inputs):
                self._consumers.setdefault(source, []).append((node, position))
        self._built: dict[Node, Node | None] = {cost: constant(1.0, cost.dtype)}

    def depends_on(self, node: Node) -> bool:
        """Whether the cost is computed from the node at all."""
        return node in self._consumers

    def of(self, node: Node) -> Node | None:
        """The adjoint of a node; None where no gradient arrives."""
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
            if consumer.op.kind == "elementwise":
                part = unbroadcast(_spread(part, consumer), node.shape)
            total = part if total is None else total + part
        return total


def gradients(cost: Node, nodes: Iterable[Node], allow_disconnected: bool = False) -> list[Node]:
    """d cost / d node for each node, of the node's shape.

    cost must be a scalar. Asking for all nodes at once or one by one gives the same nodes and the
    same work. Raises DisconnectedError, naming the node, where no gradient can arrive;
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


def _spread(part: Node, like: Node) -> Node:
    """A part in the consumer's full shape: with a scalar g a derivative may have lost an axis."""
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
