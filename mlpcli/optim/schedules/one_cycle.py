"""Up to the learning rate and down far below it, over the whole training."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import greater, maximum, where
from mlpcli.optim.schedule import Moment, Schedule, falling_cosine


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From start to 1 over the share `peak` of the steps, then to final, each along half a cosine wave.

    As PyTorch's OneCycleLR, whose max_lr is learning_rate here; the last step has `final`. Momentum stays.
    Source: Smith, Topin 2018, arXiv:1708.07120.
    """

    peak: float = setting(0.3, above=0.0, below=1.0)
    start: float = setting(0.04, above=0.0, at_most=1.0)
    final: float = setting(4e-6, at_least=0.0, at_most=1.0)

    def at(self, moment: Moment) -> Node:
        risen = moment.total * self.peak - moment.step
        # In a training of a few steps a part may be shorter than one step.
        rise = moment.passed / maximum(risen, moment.step)
        fall = (moment.passed - risen) / maximum(moment.total - moment.step - risen, moment.step)
        up = 1.0 - falling_cosine(rise) * (1.0 - self.start)
        down = falling_cosine(fall) * (1.0 - self.final) + self.final
        return where(greater(risen, moment.passed), up, down)
