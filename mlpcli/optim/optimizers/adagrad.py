"""Adagrad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import sqrt
from mlpcli.optim.optimizer import AUTO, StepOptimizer


@dataclass(frozen=True)
class Adagrad(StepOptimizer):
    """s ← s + g²; w ← w − α·g/(√s + ε). s begins at initial_accumulator.

    Source: Duchi, Hazan, Singer 2011, Adaptive subgradient methods, JMLR 12, section 1.1 (diagonal).
    """

    learning_rate: float | str = setting(0.01, one_of=(AUTO,))
    initial_accumulator: float = setting(0.0, at_least=0.0)
    epsilon: float = setting(1e-10, above=0.0)

    def slots(self) -> Mapping[str, float]:
        return {"squares": self.initial_accumulator}

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        squares = slots["squares"] + gradient * gradient
        return parameter - gradient * rate / (sqrt(squares) + self.epsilon), {"squares": squares}
