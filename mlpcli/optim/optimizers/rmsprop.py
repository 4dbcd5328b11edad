"""RMSProp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import maximum, sqrt
from mlpcli.optim.optimizer import AUTO, StepOptimizer


@dataclass(frozen=True, kw_only=True)
class Rmsprop(StepOptimizer):
    """s ← ρs + (1−ρ)g²; w ← w − α·g/(√s + ε). centered: √(s − m²) with m ← ρm + (1−ρ)g.

    With momentum μ: v ← μv + α·g/(√s + ε), w ← w − v, the rate inside, as in sgd.
    Source: Hinton 2012, Neural networks for machine learning, lecture 6e; centered: Graves 2013,
    arXiv:1308.0850, equations 38 to 45.
    """

    learning_rate: float | str = setting(0.001, one_of=(AUTO,))
    rho: float = setting(0.9, at_least=0.0, below=1.0)
    momentum: float = setting(0.0, at_least=0.0, below=1.0)
    centered: bool = setting(False)
    epsilon: float = setting(1e-8, above=0.0)

    def slots(self) -> Mapping[str, float]:
        names = [
            "squares",
            *(["gradients"] if self.centered else []),
            *(["velocity"] if self.momentum else []),
        ]
        return dict.fromkeys(names, 0.0)

    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        kept = {"squares": slots["squares"] * self.rho + gradient * gradient * (1.0 - self.rho)}
        spread = kept["squares"]
        if self.centered:
            kept["gradients"] = slots["gradients"] * self.rho + gradient * (1.0 - self.rho)
            # Where a gradient hardly changes, rounding can put the difference below 0.
            spread = maximum(spread - kept["gradients"] * kept["gradients"], 0.0)
        move = gradient * rate / (sqrt(spread) + self.epsilon)
        if self.momentum:
            kept["velocity"] = move = slots["velocity"] * self.momentum + move
        return parameter - move, kept
