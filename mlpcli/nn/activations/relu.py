"""relu activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import maximum


@dataclass(frozen=True)
class Relu(Activation):
    """max(0, x), which is (x+|x|)/2; relu'(0) = 0."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return maximum(0.0, x)
