"""softsign activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation


@dataclass(frozen=True)
class Softsign(Activation):
    """x/(1+|x|)."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return x / (abs(x) + 1.0)
