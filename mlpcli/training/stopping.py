"""When to stop: the history so far to a reason, or None."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mlpcli.config.schema import StopConfig


@dataclass
class Stopping:
    """Follows one cost (validation where there is one, else training), epoch by epoch."""

    settings: StopConfig
    best: float = math.inf
    best_epoch: int = 0
    _counted_from: float = math.inf
    _counted_epoch: int = 0

    def improves(self, epoch: int, cost: float) -> bool:
        """Whether this is the lowest cost so far; remembers it."""
        if cost < self._counted_from - self.settings.min_delta:
            self._counted_from, self._counted_epoch = cost, epoch
        if cost >= self.best:
            return False
        self.best, self.best_epoch = cost, epoch
        return True

    def reason(self, epoch: int, cost: float, seconds: float) -> str | None:
        """Why training ends after this epoch, in a few words; call improves() first."""
        stop = self.settings
        if stop.cost_below is not None and cost < stop.cost_below:
            return f"the cost is below {stop.cost_below:g}"
        if stop.patience is not None and epoch - self._counted_epoch >= stop.patience:
            return f"no improvement for {stop.patience} epochs"
        return self.late(seconds)

    def late(self, seconds: float) -> str | None:
        """Why training ends here, be it within an epoch."""
        limit = self.settings.max_time
        return f"{limit:g} seconds are over" if limit is not None and seconds >= limit else None

    def as_json(self) -> dict[str, Any]:
        """What was counted so far; Infinity before anything was."""
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "counted_from": self._counted_from,
            "counted_epoch": self._counted_epoch,
        }

    def restore(self, found: dict[str, Any]) -> None:
        """Go on counting from there."""
        self.best, self._counted_from = float(found["best"]), float(found["counted_from"])
        self.best_epoch, self._counted_epoch = int(found["best_epoch"]), int(found["counted_epoch"])
