"""binary_cross_entropy loss."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.loss import SmoothedLoss, clipped_probability
from mlpcli.ops.elementwise import log


@dataclass(frozen=True)
class BinaryCrossEntropy(SmoothedLoss):
    """-(t·log p + (1-t)·log(1-p)) in nats, p clipped to [1e-7, 1-1e-7].

    Behind a sigmoid, nn/stable.py puts the logit form in its place, and nothing is clipped.
    Source: Goodfellow et al. 2016, section 6.2.2.2.
    """

    def per_output(self, prediction: Node, target: Node) -> Node:
        p, t = clipped_probability(prediction), self.optimal_prediction(target)
        return -(t * log(p) + (1.0 - t) * log(1.0 - p))

    def classes(self, outputs: int) -> int:
        return 2
