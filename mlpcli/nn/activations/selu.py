"""selu activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import expm1, greater, minimum, where

ALPHA = 1.6732632423543772848170429916717
SCALE = 1.0507009873554804934193349852946


@dataclass(frozen=True)
class Selu(Activation):
    """scale·elu(x) with the constants that keep mean 0 and variance 1.

    Source: Klambauer et al. 2017, arXiv:1706.02515, section 2.
    """

    def apply(self, x: Node, **trained: Node) -> Node:
        return where(greater(x, 0.0), x, expm1(minimum(x, 0.0)) * ALPHA) * SCALE
