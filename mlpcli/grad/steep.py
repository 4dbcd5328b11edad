"""Bounds of every value of a graph, and from them which slopes may be infinite or NaN.

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
"""Highest power of inputs that is taken not to overflow: 1e13 cubed is beyond float32."""
LARGEST_EXPONENT = 80.0
"""Largest exponent that is taken not to overflow: exp overflows float32 above 88.7."""


@dataclass(frozen=True)
class Bounds:
    """The interval low to high of a value, where it is a number.

    degree: the power of the inputs that it grows with. non_finite: whether it may be infinite or NaN although
    every input is finite.
    """

    low: float = -math.inf
    high: float = math.inf
    degree: float = 1.0
    non_finite: bool = False

    @property
    def holds_zero(self) -> bool:
        """Whether 0 is among the values."""
        return self.low <= 0.0 <= self.high


INPUT = Bounds()
UNKNOWN = Bounds(non_finite=True)
BoundsRule = Callable[..., Bounds]
"""Rule of one op: (node, bounds of every input) -> bounds of the node."""
SteepRule = Callable[..., tuple[bool, ...]]
"""Rule of one op: (node, bounds of every input) -> whether the slope by each may be infinite or NaN."""


def bounds_of(nodes: Iterable[Node]) -> dict[Node, Bounds]:
    """Return the bounds of every node. nodes: in order of computation, inputs first."""
    found: dict[Node, Bounds] = {}
    for node in nodes:
        if node.op.kind == "source":
            found[node] = _source(node)
        else:
            rule = _BOUNDS.get(node.op.name)
            made = rule(node, *(found[each] for each in node.inputs)) if rule else UNKNOWN
            found[node] = Bounds(
                made.low, made.high, made.degree, made.non_finite or made.degree > LARGEST_DEGREE
            )
    return found


def steep(node: Node, bounds: Mapping[Node, Bounds]) -> tuple[bool, ...]:
    """Return for each input of a node whether the slope by it may be infinite or NaN."""
    inputs = [bounds[each] for each in node.inputs]
    if node.op.name in _PASSING or node.dtype not in FLOATS:
        return (False,) * len(inputs)
    special = _STEEP.get(node.op.name)
    if special is not None:
        return special(node, *inputs)
    return (node.op.name not in _BOUNDS or any(each.non_finite for each in inputs),) * len(inputs)


_PASSING = {
    *("add", "subtract", "negative", "where", "maximum", "minimum", "clip", "stop_gradient"),
    *("broadcast", "columns", "pad_columns", "reduce_sum", "reduce_max", "matmul"),
}
"""Ops whose slopes are finite whatever they are given. Where an operand of a matrix product is not finite,
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


def _any_non_finite(*inputs: Bounds) -> bool:
    return any(each.non_finite for each in inputs)


def _add(node: Node, a: Bounds, b: Bounds) -> Bounds:
    return Bounds(a.low + b.low, a.high + b.high, max(a.degree, b.degree), _any_non_finite(a, b))


def _subtract(node: Node, a: Bounds, b: Bounds) -> Bounds:
    high = 0.0 if _without_views(node.inputs[1]) == ("reduce_max", node.inputs[0]) else a.high - b.low
    return Bounds(a.low - b.high, high, max(a.degree, b.degree), _any_non_finite(a, b))


def _without_views(node: Node) -> tuple[str, Node | None]:
    """Return name and operand of the op behind any spreading.

    That is how a softmax takes the largest of a row away.
    """
    while node.op.name in ("broadcast", "stop_gradient"):
        node = node.inputs[0]
    return node.op.name, node.inputs[0] if node.inputs else None


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _multiply(node: Node, a: Bounds, b: Bounds) -> Bounds:
    corners = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    low = max(0.0, min(corners)) if node.inputs[0] is node.inputs[1] else min(corners)
    return Bounds(low, max(corners), a.degree + b.degree, _any_non_finite(a, b))


def _divide(node: Node, a: Bounds, b: Bounds) -> Bounds:
    if b.holds_zero:
        return Bounds(degree=a.degree, non_finite=True)
    inverse = [1.0 / b.high, 1.0 / b.low]
    corners = [_times(x, y) for x in (a.low, a.high) for y in inverse]
    return Bounds(min(corners), max(corners), a.degree, _any_non_finite(a, b))


def _exponent(node: Node) -> float:
    return float(dict(node.attributes)["exponent"])


def _power(node: Node, x: Bounds) -> Bounds:
    exponent = _exponent(node)
    whole, even = exponent == int(exponent), exponent % 2 == 0
    non_finite = x.non_finite or (exponent < 0 and x.holds_zero) or (not whole and x.low < 0)
    low = 0.0 if even or x.low >= 0 else -math.inf
    degree = x.degree * max(exponent, 0.0)
    if x.low > 0 and not non_finite:
        ends = sorted(_raised(end, exponent) for end in (x.low, x.high))
        return Bounds(ends[0], ends[1], degree)
    return Bounds(low, math.inf, degree, non_finite)


def _raised(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


def _power_steep(node: Node, x: Bounds) -> tuple[bool, ...]:
    exponent = _exponent(node)
    root = exponent < 1 and x.low <= 0 and not (exponent < 0 and not x.holds_zero)
    return (
        x.non_finite or root or x.degree * (exponent - 1.0) > LARGEST_DEGREE or _power(node, x).non_finite,
    )


def _sqrt(node: Node, x: Bounds) -> Bounds:
    low, high = (math.sqrt(max(end, 0.0)) for end in (x.low, x.high))
    return Bounds(low, high, x.degree / 2.0, x.non_finite or x.low < 0.0)


def _log(shift: float) -> BoundsRule:
    def rule(node: Node, x: Bounds) -> Bounds:
        low = math.log(x.low + shift) if x.low + shift > 0 else -math.inf
        high = math.log(x.high + shift) if x.high + shift > 0 else math.inf
        return Bounds(low, high, min(x.degree, 1.0), x.non_finite or x.low + shift <= 0)

    return rule


def _exp(shift: float) -> BoundsRule:
    def rule(node: Node, x: Bounds) -> Bounds:
        if x.high > LARGEST_EXPONENT:
            return Bounds(shift, math.inf, math.inf, True)
        return Bounds(math.exp(x.low) + shift, math.exp(x.high) + shift, 0.0, x.non_finite)

    return rule


def _absolute(node: Node, x: Bounds) -> Bounds:
    low = 0.0 if x.holds_zero else min(abs(x.low), abs(x.high))
    return Bounds(low, max(abs(x.low), abs(x.high)), x.degree, x.non_finite)


def _hull(node: Node, *inputs: Bounds) -> Bounds:
    low, high = min(each.low for each in inputs), max(each.high for each in inputs)
    return Bounds(low, high, max(each.degree for each in inputs), _any_non_finite(*inputs))


def _maximum(node: Node, a: Bounds, b: Bounds) -> Bounds:
    return Bounds(max(a.low, b.low), max(a.high, b.high), max(a.degree, b.degree), _any_non_finite(a, b))


def _minimum(node: Node, a: Bounds, b: Bounds) -> Bounds:
    return Bounds(min(a.low, b.low), min(a.high, b.high), max(a.degree, b.degree), _any_non_finite(a, b))


def _clip(node: Node, x: Bounds) -> Bounds:
    edges = dict(node.attributes)
    low, high = (min(max(end, edges["low"]), edges["high"]) for end in (x.low, x.high))
    return Bounds(low, high, 0.0, x.non_finite)


def _sum(node: Node, x: Bounds) -> Bounds:
    operand = node.inputs[0]
    if operand.op.name == "exp" and x.high == 1.0:
        # Exponentials of what is at most 0, the largest of the row taken away: one of them is 1.
        return Bounds(1.0, math.inf, 1.0, x.non_finite)
    low, high = (0.0 if x.low >= 0 else -math.inf), (0.0 if x.high <= 0 else math.inf)
    return Bounds(low, high, max(x.degree, 1.0), x.non_finite)


_BOUNDS: Mapping[str, BoundsRule] = {
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
    "negative": lambda node, x: Bounds(-x.high, -x.low, x.degree, x.non_finite),
    "normal_cdf": lambda node, x: Bounds(0.0, 1.0, 0.0, x.non_finite),
    "pad_columns": lambda node, x: _hull(node, x, Bounds(0.0, 0.0, 0.0)),
    "power": _power,
    "reduce_max": _hull,
    "reduce_sum": _sum,
    "sigmoid": lambda node, x: Bounds(0.0, 1.0, 0.0, x.non_finite),
    "sign": lambda node, x: Bounds(-1.0, 1.0, 0.0, x.non_finite),
    "softplus": lambda node, x: Bounds(0.0, math.inf, x.degree, x.non_finite),
    "sqrt": _sqrt,
    "stop_gradient": _hull,
    "subtract": _subtract,
    "tanh": lambda node, x: Bounds(-1.0, 1.0, 0.0, x.non_finite),
    "uniform": lambda node, *of: Bounds(0.0, 1.0, 0.0),
    "where": lambda node, condition, a, b: _hull(node, a, b),
}
_STEEP: Mapping[str, SteepRule] = {
    "divide": lambda node, a, b: (b.holds_zero or b.non_finite, b.holds_zero or _any_non_finite(a, b)),
    "exp": lambda node, x: (x.non_finite or x.high > LARGEST_EXPONENT,),
    "expm1": lambda node, x: (x.non_finite or x.high > LARGEST_EXPONENT,),
    "log": lambda node, x: (x.non_finite or x.low <= 0.0,),
    "log1p": lambda node, x: (x.non_finite or x.low <= -1.0,),
    "multiply": lambda node, a, b: (b.non_finite, a.non_finite),
    "power": _power_steep,
    "sqrt": lambda node, x: (x.non_finite or x.low <= 0.0,),
}
