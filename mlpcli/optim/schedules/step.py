"""Lower by a factor every so many epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import exp
from mlpcli.optim.schedule import Moment, Schedule, whole_part


@dataclass(frozen=True)
class Step(Schedule):
    """factor^⌊epochs/every⌋: PyTorch's StepLR."""

    every: float = setting(30.0, above=0.0)
    factor: float = setting(0.1, above=0.0, at_most=1.0)

    def at(self, moment: Moment) -> Node:
        return exp(whole_part(moment.passed / self.every) * math.log(self.factor))
