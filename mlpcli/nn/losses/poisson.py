"""poisson loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mlpcli.graph.node import Node
from mlpcli.nn.loss import SMALLEST_PROBABILITY, Loss
from mlpcli.ops.elementwise import log, maximum


@dataclass(frozen=True)
class Poisson(Loss):
    """p - t·log p, the negative log-likelihood of a Poisson rate p up to a constant; p is at least 1e-7."""

    of_numbers: ClassVar[bool] = True
    scaled_targets: ClassVar[bool] = False
    default_output: ClassVar[str] = "softplus"

    def per_output(self, prediction: Node, target: Node) -> Node:
        return prediction - target * log(maximum(SMALLEST_PROBABILITY, prediction))
