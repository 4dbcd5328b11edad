"""Adam."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import expm1, sqrt
from mlpcli.optim.optimizer import AUTO, StepOptimizer


@dataclass(frozen=True)
class Adam(StepOptimizer):
    """w ← w − α·m̂/(√v̂ + ε), with m̂ and v̂ corrected for their start at 0.

    Source: Kingma, Ba 2014, arXiv:1412.6980, algorithm 1.
    """

    learning_rate: float | str = setting(0.001, one_of=(AUTO,))
    beta1: float = setting(0.9, at_least=0.0, below=1.0)
    beta2: float = setting(0.999, at_least=0.0, below=1.0)
    epsilon: float = setting(1e-8, above=0.0)

    def slots(self) -> Mapping[str, float]:
        return {"gradients": 0.0, "squares": 0.0}

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        # The slots are discounted sums, m/(1-β₁) and v/(1-β₂); what they lack of α·m̂/(√v̂+ε) is gathered
        # in two scalars, shared by all parameters: fewer passes over the arrays.
        gradients = slots["gradients"] * self.beta1 + gradient
        squares = slots["squares"] * self.beta2 + gradient * gradient
        root = sqrt(_one_minus_power(self.beta2, step) * (1.0 / (1.0 - self.beta2)))
        scale = rate * root * ((1.0 - self.beta1) / _one_minus_power(self.beta1, step))
        moved = parameter - scale * gradients / (sqrt(squares) + self.epsilon * root)
        return moved, {"gradients": gradients, "squares": squares}


def _one_minus_power(base: float, step: Node) -> Node:
    """Return 1 - base^step, exact also where base is near 1."""
    return -expm1(step * math.log(base)) if base > 0.0 else step * 0.0 + 1.0
