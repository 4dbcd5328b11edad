"""A rate that stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.graph.node import Node, constant
from mlpcli.optim.schedule import Moment, Schedule


@dataclass(frozen=True)
class ConstantSchedule(Schedule):
    """The learning rate itself."""

    def at(self, moment: Moment) -> Node:
        return constant(1.0, moment.passed.dtype)
