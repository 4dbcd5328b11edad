"""absolute_error loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mlpcli.graph.node import Node
from mlpcli.nn.loss import Loss


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """|prediction - target|; the derivative at 0 is 0."""

    of_numbers: ClassVar[bool] = True

    def per_output(self, prediction: Node, target: Node) -> Node:
        return abs(prediction - target)
