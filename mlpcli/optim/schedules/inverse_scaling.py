"""Lower as a power of the epochs."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.optim.schedule import Moment, Schedule


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """(1 + epochs/every)^−power, from step to step. power 1: Keras' InverseTimeDecay.

    scikit-learn's invscaling has the same form and counts rows where this counts epochs.
    """

    power: float = setting(0.5, above=0.0)
    every: float = setting(1.0, above=0.0)

    def at(self, moment: Moment) -> Node:
        return (moment.passed / self.every + 1.0) ** -self.power
