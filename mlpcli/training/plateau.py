"""When a plateau lowers the rate: the costs so far to the factor from the next epoch on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.schedules.plateau import PlateauSchedule


@dataclass
class Plateau:
    """Counters of epochs without a lower loss of the validation rows, or training cost where there are none.

    Its counters are plain data, for a checkpoint; `settings` come from the config.
    """

    settings: PlateauSchedule
    best: float = math.inf
    waited: int = 0
    """Epochs without improvement, of those that count."""
    resting: int = 0
    """Epochs still to come that do not count."""

    def after(self, cost: float, factor: float) -> float:
        """What the rate is multiplied by from the next epoch on, `factor` having been so in this one."""
        settings = self.settings
        if cost < self.best - settings.min_delta:
            self.best, self.waited = cost, 0
        else:
            self.waited += 1
        if self.resting:
            self.resting -= 1
            self.waited = 0
        if self.waited < settings.patience:
            return factor
        self.waited, self.resting = 0, settings.cooldown
        # What is below the minimum already, because it was halved, is not raised to it.
        return max(factor * settings.factor, min(factor, settings.minimum))

    def as_json(self) -> dict[str, Any]:
        """The counters; a cost not seen yet is null."""
        best = self.best if math.isfinite(self.best) else None
        return {"best": best, "waited": self.waited, "resting": self.resting}

    @classmethod
    def of(cls, optimizer: Optimizer) -> Plateau | None:
        """A new one where the optimiser's schedule is of this kind."""
        schedule = getattr(optimizer, "schedule", None)
        return cls(schedule) if isinstance(schedule, PlateauSchedule) else None

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take over what as_json gave. Raises LookupError, TypeError or ValueError for anything else."""
        self.best = math.inf if found["best"] is None else float(found["best"])
        self.waited, self.resting = int(found["waited"]), int(found["resting"])
