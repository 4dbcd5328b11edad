"""elu activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import expm1, greater, minimum, where


@dataclass(frozen=True)
class Elu(Activation):
    """x above 0, alpha·(e^x - 1) below. Source: Clevert et al. 2015, arXiv:1511.07289."""

    alpha: float = setting(1.0)

    def apply(self, x: Node, **trained: Node) -> Node:
        return where(greater(x, 0.0), x, expm1(minimum(x, 0.0)) * self.alpha)
