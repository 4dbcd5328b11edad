"""Adam."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import exp, sqrt
from mlpcli.optim.optimizer import Optimizer


@dataclass(frozen=True)
class Adam(Optimizer):
    """w ← w − α·m̂/(√v̂ + ε), with m̂ and v̂ corrected for their start at 0.

    Source: Kingma, Ba 2014, arXiv:1412.6980, algorithm 1.
    """

    learning_rate: float = setting(0.001)
    beta1: float = setting(0.9, at_least=0.0, below=1.0)
    beta2: float = setting(0.999, at_least=0.0, below=1.0)
    epsilon: float = setting(1e-8, above=0.0)

    def slots(self) -> tuple[str, ...]:
        return ("mean", "square")

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        mean = slots["mean"] * self.beta1 + gradient * (1.0 - self.beta1)
        square = slots["square"] * self.beta2 + gradient * gradient * (1.0 - self.beta2)
        # α·m̂/(√v̂+ε) with the corrections gathered in two scalars, shared by all parameters.
        root = sqrt(1.0 - power_of(self.beta2, step))
        scale = rate * root / (1.0 - power_of(self.beta1, step))
        return parameter - scale * mean / (sqrt(square) + self.epsilon * root), {
            "mean": mean,
            "square": square,
        }


def power_of(base: float, step: Node) -> Node:
    """base^step as a node; 0 for base 0."""
    return exp(step * math.log(base)) if base > 0.0 else step * 0.0
