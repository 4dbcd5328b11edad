"""Down half a cosine wave, over the whole training."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.optim.schedule import Moment, Schedule, falling_cosine


@dataclass(frozen=True)
class Cosine(Schedule):
    """final + (1 − final)·(1 + cos(π·epochs/all epochs))/2, from step to step; without restarts.

    Source: Loshchilov, Hutter 2017, arXiv:1608.03983, equation 5.
    """

    final: float = setting(0.0, at_least=0.0, at_most=1.0)

    def at(self, moment: Moment) -> Node:
        return falling_cosine(moment.passed / moment.total) * (1.0 - self.final) + self.final
