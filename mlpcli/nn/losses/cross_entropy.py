"""cross_entropy loss."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node
from mlpcli.nn.loss import SmoothedLoss, clipped_probability
from mlpcli.ops.elementwise import log


@dataclass(frozen=True)
class CrossEntropy(SmoothedLoss):
    """-t·log p in nats, p clipped to [1e-7, 1-1e-7].

    Behind a softmax, nn/stable.py puts the logit form in its place, and nothing is clipped.
    Source: Goodfellow et al. 2016, section 6.2.2.3.
    """

    def per_output(self, prediction: Node, target: Node) -> Node:
        return -(self.optimal_prediction(target) * log(clipped_probability(prediction)))

    def classes(self, outputs: int) -> int:
        return outputs
