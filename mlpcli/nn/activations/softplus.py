"""softplus activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import softplus


@dataclass(frozen=True)
class Softplus(Activation):
    """log(1+e^x), without overflow."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return softplus(x)
