"""Lower where the cost no longer falls."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node, constant
from mlpcli.optim.schedule import Moment, Schedule


@dataclass(frozen=True, kw_only=True)
class PlateauSchedule(Schedule):
    """Times `factor` after `patience` epochs in which the validation loss (the training cost, without
    validation rows) has not fallen by more than min_delta; then `cooldown` epochs that do not count. At least
    `minimum`.

    The loop sees costs, a graph does not: it changes the state by which every rate is multiplied. As Keras'
    ReduceLROnPlateau.
    """

    factor: float = setting(0.1, above=0.0, below=1.0)
    patience: int = setting(10, at_least=1)
    min_delta: float = setting(0.0, at_least=0.0)
    cooldown: int = setting(0, at_least=0)
    minimum: float = setting(0.0, at_least=0.0, below=1.0)

    def at(self, moment: Moment) -> Node:
        return constant(1.0, moment.passed.dtype)
