"""sigmoid activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import sigmoid


@dataclass(frozen=True)
class Sigmoid(Activation):
    """1/(1+e^-x), without overflow."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return sigmoid(x)
