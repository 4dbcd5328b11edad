"""ultra_fast_sigmoid activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import greater, sign, where


@dataclass(frozen=True)
class UltraFastSigmoid(Activation):
    """Three-piece approximation of the sigmoid, with its exact piecewise derivative.

    With u = |x|/2: s = 1.5u/(1+u) below u = 1.7, a line below u = 3, then a constant; (sign(x)·s + 1)/2.
    At a joint the outer piece's derivative holds. Source: Theano tensor.nnet.ultra_fast_sigmoid.
    """

    def apply(self, x: Node, **trained: Node) -> Node:
        half = x * 0.5
        u = abs(half)
        # half/(1+u) is sign(x)·u/(1+u), but smooth at 0, where sign has no derivative.
        curve = half * 1.5 / (u + 1.0)
        line = sign(x) * (0.935409070603099 + 0.0458812946797165 * (u - 1.7))
        flat = sign(x) * 0.99505475368673
        s = where(greater(1.7, u), curve, where(greater(3.0, u), line, flat))
        return (s + 1.0) * 0.5
