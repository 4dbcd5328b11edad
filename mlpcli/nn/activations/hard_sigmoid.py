"""hard_sigmoid activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import clip


@dataclass(frozen=True)
class HardSigmoid(Activation):
    """clip(slope·x + shift, 0, 1); the gradient is 0 on and beyond both edges.

    Theano: slope 0.2, shift 0.5 (the default here). Keras 3: slope 1/6. Textbook clip(x + 0.5): slope 1.
    Source: Courbariaux et al. 2015, arXiv:1511.00363, section 2.3; Theano tensor.nnet.hard_sigmoid.
    """

    slope: float = setting(0.2)
    shift: float = setting(0.5)

    def apply(self, x: Node, **trained: Node) -> Node:
        return clip(x * self.slope + self.shift, low=0.0, high=1.0)
