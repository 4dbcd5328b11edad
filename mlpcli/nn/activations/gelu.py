"""gelu activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import normal_cdf


@dataclass(frozen=True)
class Gelu(Activation):
    """x·Φ(x), Φ the normal distribution function, exact. Source: Hendrycks, Gimpel 2016, arXiv:1606.08415."""

    def apply(self, x: Node, **trained: Node) -> Node:
        return x * normal_cdf(x)
