"""tanh activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import tanh


@dataclass(frozen=True)
class Tanh(Activation):
    """tanh x."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return tanh(x)
