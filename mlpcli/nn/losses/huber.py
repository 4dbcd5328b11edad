"""huber loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.nn.loss import Loss
from mlpcli.ops.elementwise import greater, where


@dataclass(frozen=True)
class Huber(Loss):
    """½e² for |e| up to delta, delta·(|e| - ½delta) beyond. Source: Huber 1964, Ann. Math. Statist. 35(1)."""

    of_numbers: ClassVar[bool] = True

    delta: float = setting(1.0, above=0.0)

    def per_output(self, prediction: Node, target: Node) -> Node:
        error = prediction - target
        size = abs(error)
        return where(greater(size, self.delta), self.delta * (size - 0.5 * self.delta), error**2 * 0.5)
