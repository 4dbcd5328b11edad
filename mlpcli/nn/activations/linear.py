"""linear activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation


@dataclass(frozen=True)
class Linear(Activation):
    """x itself."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return x
