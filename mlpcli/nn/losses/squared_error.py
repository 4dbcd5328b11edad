"""squared_error loss."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.loss import Loss


@dataclass(frozen=True)
class SquaredError(Loss):
    """(prediction - target)², without a factor ½."""

    def per_output(self, prediction: Node, target: Node) -> Node:
        return (prediction - target) ** 2
