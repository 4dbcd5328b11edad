"""Which slopes may be infinite or NaN, by what every value of a graph can be.

A value is followed as an interval, for inputs and parameters that are any finite numbers. Sums and products
of up to LARGEST_DEGREE of them are taken not to overflow; an exponential may, and so may higher powers. What
is built in stays finite by this reasoning; an op that is not known here may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpcli.graph.node import BATCH_SIZE, CONSTANT, FLOATS, Node

LARGEST_DEGREE = 2.0
"""Three numbers of 1e13 have a product beyond float32."""
LARGEST_EXPONENT = 80.0
"""exp overflows float32 above 88.7."""


@dataclass(frozen=True)
class Bounds:
    """low to high, where the value is a number. degree: how it grows with the inputs, as a power of them.

    lost: it may be infinite or NaN although every input is finite.
    """

    low: float = -math.inf
    high: float = math.inf
    degree: float = 1.0
    lost: bool = False

    @property
    def holds_zero(self) -> bool:
        return self.low <= 0.0 <= self.high


INPUT = Bounds()
UNKNOWN = Bounds(lost=True)
Rule = Callable[..., Bounds]
"""(node, bounds of every input) -> bounds of the node."""
Steep = Callable[..., tuple[bool, ...]]
"""(node, bounds of every input) -> whether the slope by each may be infinite or NaN."""


def bounds_of(nodes: Iterable[Node]) -> dict[Node, Bounds]:
    """What every node can be. nodes: inputs before what uses them."""
    found: dict[Node, Bounds] = {}
    for node in nodes:
        if node.op.kind == "source":
            found[node] = _source(node)
        else:
            rule = _BOUNDS.get(node.op.name)
            made = rule(node, *(found[each] for each in node.inputs)) if rule else UNKNOWN
            found[node] = Bounds(made.low, made.high, made.degree, made.lost or made.degree > LARGEST_DEGREE)
    return found


def steep(node: Node, bounds: Mapping[Node, Bounds]) -> tuple[bool, ...]:
    """Whether the slope of a node by each of its inputs may be infinite or NaN."""
    inputs = [bounds[each] for each in node.inputs]
    if node.op.name in _PASSING or node.dtype not in FLOATS:
        return (False,) * len(inputs)
    special = _STEEP.get(node.op.name)
    if special is not None:
        return special(node, *inputs)
    return (node.op.name not in _BOUNDS or any(each.lost for each in inputs),) * len(inputs)


_PASSING = {
    *("add", "subtract", "negative", "where", "maximum", "minimum", "clip", "stop_gradient"),
    *("broadcast", "columns", "pad_columns", "reduce_sum", "reduce_max", "matmul"),
}
"""Ops whose slopes are finite whatever they are given. Where what a matrix product is given is not finite,
neither is the cost."""


def _source(node: Node) -> Bounds:
    if node.op is BATCH_SIZE:
        return Bounds(1.0, math.inf, 0.0)
    values: Any = node.value
    if node.op is not CONSTANT:
        return INPUT
    if values.size == 0 or not np.isfinite(values).all():
        return UNKNOWN
    return Bounds(float(values.min()), float(values.max()), 0.0)


def _lost(*inputs: Bounds) -> bool:
    return any(each.lost for each in inputs)


def _add(node: Node, a: Bounds, b: Bounds) -> Bounds:
    return Bounds(a.low + b.low, a.high + b.high, max(a.degree, b.degree), _lost(a, b))


def _subtract(node: Node, a: Bounds, b: Bounds) -> Bounds:
    high = 0.0 if _without_views(node.inputs[1]) == ("reduce_max", node.inputs[0]) else a.high - b.low
    return Bounds(a.low - b.high, high, max(a.degree, b.degree), _lost(a, b))


def _without_views(node: Node) -> tuple[str, Node | None]:
    """Name and operand of the op behind any spreading: how a softmax takes the largest of a row away."""
    while node.op.name in ("broadcast", "stop_gradient"):
        node = node.inputs[0]
    return node.op.name, node.inputs[0] if node.inputs else None


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _multiply(node: Node, a: Bounds, b: Bounds) -> Bounds:
    corners = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    low = max(0.0, min(corners)) if node.inputs[0] is node.inputs[1] else min(corners)
    return Bounds(low, max(corners), a.degree + b.degree, _lost(a, b))


def _divide(node: Node, a: Bounds, b: Bounds) -> Bounds:
    if b.holds_zero:
        return Bounds(degree=a.degree, lost=True)
    inverse = [1.0 / b.high, 1.0 / b.low]
    corners = [_times(x, y) for x in (a.low, a.high) for y in inverse]
    return Bounds(min(corners), max(corners), a.degree, _lost(a, b))


def _exponent(node: Node) -> float:
    return float(dict(node.attributes)["exponent"])


def _power(node: Node, x: Bounds) -> Bounds:
    exponent = _exponent(node)
    whole, even = exponent == int(exponent), exponent % 2 == 0
    lost = x.lost or (exponent < 0 and x.holds_zero) or (not whole and x.low < 0)
    low = 0.0 if even or x.low >= 0 else -math.inf
    degree = x.degree * max(exponent, 0.0)
    if x.low > 0 and not lost:
        ends = sorted(_raised(end, exponent) for end in (x.low, x.high))
        return Bounds(ends[0], ends[1], degree)
    return Bounds(low, math.inf, degree, lost)


def _raised(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


def _power_steep(node: Node, x: Bounds) -> tuple[bool, ...]:
    exponent = _exponent(node)
    root = exponent < 1 and x.low <= 0 and not (exponent < 0 and not x.holds_zero)
    return (x.lost or root or x.degree * (exponent - 1.0) > LARGEST_DEGREE or _power(node, x).lost,)


def _sqrt(node: Node, x: Bounds) -> Bounds:
    low, high = (math.sqrt(max(end, 0.0)) for end in (x.low, x.high))
    return Bounds(low, high, x.degree / 2.0, x.lost or x.low < 0.0)


def _log(shift: float) -> Rule:
    def rule(node: Node, x: Bounds) -> Bounds:
        low = math.log(x.low + shift) if x.low + shift > 0 else -math.inf
        high = math.log(x.high + shift) if x.high + shift > 0 else math.inf
        return Bounds(low, high, min(x.degree, 1.0), x.lost or x.low + shift <= 0)

    return rule


def _exp(shift: float) -> Rule:
    def rule(node: Node, x: Bounds) -> Bounds:
        if x.high > LARGEST_EXPONENT:
            return Bounds(shift, math.inf, math.inf, True)
        return Bounds(math.exp(x.low) + shift, math.exp(x.high) + shift, 0.0, x.lost)

    return rule


def _absolute(node: Node, x: Bounds) -> Bounds:
    low = 0.0 if x.holds_zero else min(abs(x.low), abs(x.high))
    return Bounds(low, max(abs(x.low), abs(x.high)), x.degree, x.lost)


def _hull(node: Node, *inputs: Bounds) -> Bounds:
    low, high = min(each.low for each in inputs), max(each.high for each in inputs)
    return Bounds(low, high, max(each.degree for each in inputs), _lost(*inputs))


def _maximum(node: Node, a: Bounds, b: Bounds) -> Bounds:
    return Bounds(max(a.low, b.low), max(a.high, b.high), max(a.degree, b.degree), _lost(a, b))


def _minimum(node: Node, a: Bounds, b: Bounds) -> Bounds:
    return Bounds(min(a.low, b.low), min(a.high, b.high), max(a.degree, b.degree), _lost(a, b))


def _clip(node: Node, x: Bounds) -> Bounds:
    edges = dict(node.attributes)
    low, high = (min(max(end, edges["low"]), edges["high"]) for end in (x.low, x.high))
    return Bounds(low, high, 0.0, x.lost)


def _sum(node: Node, x: Bounds) -> Bounds:
    operand = node.inputs[0]
    if operand.op.name == "exp" and x.high == 1.0:
        # Exponentials of what is at most 0, the largest of the row taken away: one of them is 1.
        return Bounds(1.0, math.inf, 1.0, x.lost)
    low, high = (0.0 if x.low >= 0 else -math.inf), (0.0 if x.high <= 0 else math.inf)
    return Bounds(low, high, max(x.degree, 1.0), x.lost)


_BOUNDS: Mapping[str, Rule] = {
    "absolute": _absolute,
    "add": _add,
    "broadcast": _hull,
    "clip": _clip,
    "columns": _hull,
    "divide": _divide,
    "exp": _exp(0.0),
    "expm1": _exp(-1.0),
    "greater": lambda node, a, b: Bounds(0.0, 1.0, 0.0),
    "greater_equal": lambda node, a, b: Bounds(0.0, 1.0, 0.0),
    "inside": lambda node, x: Bounds(0.0, 1.0, 0.0),
    "log": _log(0.0),
    "log1p": _log(1.0),
    "matmul": lambda node, a, b: INPUT,
    "maximum": _maximum,
    "minimum": _minimum,
    "multiply": _multiply,
    "negative": lambda node, x: Bounds(-x.high, -x.low, x.degree, x.lost),
    "normal_cdf": lambda node, x: Bounds(0.0, 1.0, 0.0, x.lost),
    "pad_columns": lambda node, x: _hull(node, x, Bounds(0.0, 0.0, 0.0)),
    "power": _power,
    "reduce_max": _hull,
    "reduce_sum": _sum,
    "sigmoid": lambda node, x: Bounds(0.0, 1.0, 0.0, x.lost),
    "sign": lambda node, x: Bounds(-1.0, 1.0, 0.0, x.lost),
    "softplus": lambda node, x: Bounds(0.0, math.inf, x.degree, x.lost),
    "sqrt": _sqrt,
    "stop_gradient": _hull,
    "subtract": _subtract,
    "tanh": lambda node, x: Bounds(-1.0, 1.0, 0.0, x.lost),
    "uniform": lambda node, *of: Bounds(0.0, 1.0, 0.0),
    "where": lambda node, condition, a, b: _hull(node, a, b),
}
_STEEP: Mapping[str, Steep] = {
    "divide": lambda node, a, b: (b.holds_zero or b.lost, b.holds_zero or _lost(a, b)),
    "exp": lambda node, x: (x.lost or x.high > LARGEST_EXPONENT,),
    "expm1": lambda node, x: (x.lost or x.high > LARGEST_EXPONENT,),
    "log": lambda node, x: (x.lost or x.low <= 0.0,),
    "log1p": lambda node, x: (x.lost or x.low <= -1.0,),
    "multiply": lambda node, a, b: (b.lost, a.lost),
    "power": _power_steep,
    "sqrt": lambda node, x: (x.lost or x.low <= 0.0,),
}
