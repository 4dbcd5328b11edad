"""mish activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import softplus, tanh


@dataclass(frozen=True)
class Mish(Activation):
    """x·tanh(softplus(x)). Source: Misra 2019, arXiv:1908.08681."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return x * tanh(softplus(x))
