"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.optim.optimizer import StepOptimizer


@dataclass(frozen=True)
class Sgd(StepOptimizer):
    """v ← μv + αg; w ← w − v. With nesterov: w ← w − (μv + αg), v being the new one.

    Source: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning.
    """

    momentum: float = setting(0.0, at_least=0.0, below=1.0)
    nesterov: bool = setting(False)

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        if self.nesterov and self.momentum == 0.0:
            yield "nesterov", "nesterov needs a momentum above 0.", "Add momentum: 0.9, or drop nesterov."

    def slots(self) -> Mapping[str, float]:
        return {"velocity": 0.0} if self.momentum else {}

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        move = gradient * rate
        if not self.momentum:
            return parameter - move, {}
        velocity = slots["velocity"] * self.momentum + move
        return parameter - (velocity * self.momentum + move if self.nesterov else velocity), {
            "velocity": velocity
        }
