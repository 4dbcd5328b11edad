"""AdamW: Adam with weight decay beside the gradient."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.optim.optimizers.adam import Adam


@dataclass(frozen=True)
class Adamw(Adam):
    """w ← (1 − α·λ)·w, then Adam's step; λ is weight_decay. It is no part of the cost.

    Weight matrices alone decay, biases with penalise_biases: the same parameters as l1 and l2 are on.
    Source: Loshchilov, Hutter 2019, arXiv:1711.05101, algorithm 2, with the schedule's rate in α.
    """

    weight_decay: float = setting(0.01, at_least=0.0)

    def decayed(self, parameter: Node, rate: Node, role: str) -> Node:
        if not self.weight_decay or not self.penalises(role):
            return parameter
        return parameter * (1.0 - rate * self.weight_decay)
