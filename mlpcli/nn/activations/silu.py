"""silu activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import sigmoid


@dataclass(frozen=True)
class Silu(Activation):
    """x·sigmoid(x). Source: Elfwing et al. 2017, arXiv:1702.03118."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return x * sigmoid(x)
