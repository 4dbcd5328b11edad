"""Adadelta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import sqrt
from mlpcli.optim.optimizer import AUTO, StepOptimizer


@dataclass(frozen=True)
class Adadelta(StepOptimizer):
    """s ← ρs + (1−ρ)g²; d = g·√(u+ε)/√(s+ε); u ← ρu + (1−ρ)d²; w ← w − α·d.

    Source: Zeiler 2012, arXiv:1212.5701, algorithm 1, where α is 1.
    """

    learning_rate: float | str = setting(1.0, one_of=(AUTO,))
    rho: float = setting(0.9, at_least=0.0, below=1.0)
    epsilon: float = setting(1e-6, above=0.0)

    def slots(self) -> Mapping[str, float]:
        return {"squares": 0.0, "moves": 0.0}

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        squares = slots["squares"] * self.rho + gradient * gradient * (1.0 - self.rho)
        move = gradient * sqrt(slots["moves"] + self.epsilon) / sqrt(squares + self.epsilon)
        moves = slots["moves"] * self.rho + move * move * (1.0 - self.rho)
        return parameter - move * rate, {"squares": squares, "moves": moves}
