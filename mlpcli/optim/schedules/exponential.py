"""Lower by the same share in every epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import exp
from mlpcli.optim.schedule import Moment, Schedule


@dataclass(frozen=True)
class Exponential(Schedule):
    """factor^epochs, from step to step: Keras' ExponentialDecay; at whole epochs PyTorch's ExponentialLR."""

    factor: float = setting(0.95, above=0.0, at_most=1.0)

    def at(self, moment: Moment) -> Node:
        return exp(moment.passed * math.log(self.factor))
