"""softmax activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import exp, stop_gradient
from mlpcli.ops.reduce import reduce_max, reduce_sum


@dataclass(frozen=True)
class Softmax(Activation):
    """e^x over its sum along the row; made for outputs.

    The row maximum is subtracted first: e^x overflows, the quotient is unchanged.
    """

    elementwise: ClassVar[bool] = False

    def apply(self, x: Node, **trained: Node) -> Node:
        shifted = x - stop_gradient(reduce_max(x, (1,), keep=True))
        powers = exp(shifted)
        return powers / reduce_sum(powers, (1,), keep=True)
