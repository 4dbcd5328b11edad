"""An op whose derivative is wrong on purpose, put into a graph in the place of the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from mlpcli.graph.node import OPS, Node, Op, constant, rebuild, topological

Rule = Callable[..., Node]


@contextmanager
def broken(op: Op, derivative: tuple[Rule | None, ...]) -> Iterator[Op]:
    """The op under another name with another derivative, in the table of ops for a while."""
    name = f"wrong {op.name}"
    try:
        yield replace(op, name=name, derivative=derivative)
    finally:
        del OPS[name]


def with_op(
    root: Node, old: Op, new: Op, only: Callable[[Node], bool] = lambda node: True
) -> dict[Node, Node]:
    """Each node of the root's graph -> the same with `new` in the place of `old`, at those nodes."""
    made: dict[Node, Node] = {}
    for node in topological([root]):
        inputs = tuple(made[i] for i in node.inputs)
        if node.op is old and only(node):
            made[node] = Node(new, inputs, node.shape, node.dtype, node.attributes, node.name)
        else:
            made[node] = rebuild(node, inputs)
    return made


def one_percent_off(rule: Rule) -> Rule:
    return lambda *nodes, **attributes: rule(*nodes, **attributes) * 1.01


def one_entry(rule: Rule) -> Rule:
    """0.01 too much in the last entry."""

    def wrong(*nodes: Node, **attributes: object) -> Node:
        part = rule(*nodes, **attributes)
        more = np.zeros([size or 1 for size in part.shape])
        more.reshape(-1)[-1] = 0.01
        return part + constant(more)

    return wrong


def zeroed(rule: Rule) -> Rule:
    return lambda *nodes, **attributes: rule(*nodes, **attributes) * 0.0


def sign_flipped(rule: Rule) -> Rule:
    return lambda *nodes, **attributes: -rule(*nodes, **attributes)


def missing(rule: Rule) -> None:
    """No gradient passes."""
    return None


def in_one_argument(op: Op, at: int, way: Callable[[Rule], Rule | None]) -> tuple[Rule | None, ...]:
    """The derivative of the op, wrong by one argument."""
    rules = list(op.derivative)
    rule = rules[at]
    assert rule is not None
    rules[at] = way(rule)
    return tuple(rules)


WAYS = (one_percent_off, one_entry, zeroed, sign_flipped, missing)
