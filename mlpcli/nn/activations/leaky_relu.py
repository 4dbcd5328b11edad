"""leaky_relu activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import greater, where


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """x above 0, leak·x below: ((1+leak)x + (1-leak)|x|)/2; the derivative at 0 is the leak.

    Source: Maas, Hannun, Ng 2013, Rectifier nonlinearities improve neural network acoustic models.
    """

    leak: float = setting(0.01)

    def apply(self, x: Node, **trained: Node) -> Node:
        return where(greater(x, 0.0), x, x * self.leak)
