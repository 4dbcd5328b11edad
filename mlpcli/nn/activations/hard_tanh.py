"""hard_tanh activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import clip


@dataclass(frozen=True)
class HardTanh(Activation):
    """clip(x, -1, 1); the gradient is 0 on and beyond both edges."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return clip(x, low=-1.0, high=1.0)
