"""What the trainings from several seeds came to, counted one by one."""

from __future__ import annotations

import math
from array import array

import numpy as np

from mlpcli.training.events import SeedResult, SeedsDone


class SeedTally:
    """Collects what the seeds came to in a few bytes each, as there may be a million of them."""

    def __init__(self, metric: str | None = None) -> None:
        """Begin with no seed. metric: training.stop.metric, by which the best is chosen."""
        self._metric, self._followed = metric, "cost"
        self._costs = array("d")
        self._best = (math.inf, math.inf)
        self._reached: int | None = None

    def add(self, result: SeedResult) -> None:
        """Count one more seed that is done."""
        self._costs.append(result.followed)
        self._best = min(self._best, (result.judged(self._metric), result.seed))
        if result.validation_loss is not None:
            self._followed = "validation cost" if result.penalised else "validation loss"
        if result.reached is not None:
            self._reached = (self._reached or 0) + result.reached

    def done(self, cost_below: float | None = None) -> SeedsDone | None:
        """Return what the seeds came to; None where there is none."""
        count = len(self._costs)
        if not count:
            return None
        costs = np.sort(np.frombuffer(self._costs))
        lowest, low, high, highest = (float(costs[at]) for at in (0, (count - 1) // 2, count // 2, -1))
        return SeedsDone(
            count=count,
            best=int(self._best[1]),
            lowest=lowest,
            median=(low + high) / 2,
            highest=highest,
            reached=self._reached,
            followed=self._followed,
            cost_below=cost_below,
        )
