"""When a plateau lowers the learning rate: from the costs so far to the factor of the next epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.schedules.plateau import PlateauSchedule


@dataclass
class PlateauCounter:
    """Counters of epochs without a lower loss of the validation rows, or training cost where there are none.

    The counters are plain data, for a checkpoint; `settings` come from the config.
    """

    settings: PlateauSchedule
    best: float = math.inf
    waited: int = 0
    """Epochs without improvement, of those that count."""
    resting: int = 0
    """Epochs still to come that do not count."""

    def after(self, cost: float, factor: float) -> float:
        """Return the factor of the learning rate from the next epoch on. factor: that of this epoch."""
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
        # A factor that is below the minimum already, because it was halved, is not raised to it.
        return max(factor * settings.factor, min(factor, settings.minimum))

    def as_json(self) -> dict[str, Any]:
        """Return the counters; a cost not seen yet is null."""
        best = self.best if math.isfinite(self.best) else None
        return {"best": best, "waited": self.waited, "resting": self.resting}

    @classmethod
    def of(cls, optimizer: Optimizer) -> PlateauCounter | None:
        """Return a new counter where the optimiser's schedule is a plateau, else None."""
        schedule = optimizer.schedule
        return cls(schedule) if isinstance(schedule, PlateauSchedule) else None

    def restore(self, found: Mapping[str, Any]) -> None:
        """Take over what as_json returned. Raises LookupError, TypeError or ValueError for anything else."""
        self.best = math.inf if found["best"] is None else float(found["best"])
        self.waited, self.resting = int(found["waited"]), int(found["resting"])
