"""When a training stops: from the scores so far to a reason, or None."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mlpcli.config.schema import LOWER_IS_BETTER, StopConfig


class ValidationScores(NamedTuple):
    """Scores of the validation rows after an epoch.

    loss: mean loss without penalty. cost: mean loss with penalty; not finite where the weights are of no use.
    judged: the value of training.stop.metric, which is the loss where none is named.
    """

    loss: float
    cost: float
    judged: float


@dataclass
class Stopping:
    """Counters of epochs without improvement of one value: a validation score, else the training cost.

    best, and what is counted: the lowest value so far; of a metric that is better the higher, its negative.
    """

    settings: StopConfig
    best: float = field(default=math.inf, init=False)
    best_epoch: int = field(default=0, init=False)
    _counted_from: float = field(default=math.inf, init=False)
    _counted_epoch: int = field(default=0, init=False)

    def better(self, value: float) -> bool:
        """Return whether this is the best value so far; the first one is."""
        return not self.best_epoch or self._signed(value) < self.best

    def improves(self, epoch: int, value: float) -> bool:
        """Return whether this is the best value so far, and remember it."""
        signed, better = self._signed(value), self.better(value)
        if signed < self._counted_from - self.settings.min_delta:
            self._counted_from, self._counted_epoch = signed, epoch
        if better:
            self.best, self.best_epoch = math.inf if math.isnan(signed) else signed, epoch
        return better

    def reason(self, epoch: int, loss: float, seconds: float, name: str = "cost") -> str | None:
        """Return why training ends after this epoch, in a few words; call improves() first.

        loss: the value that cost_below is a limit of; name: what the reason calls it.
        """
        stop = self.settings
        if stop.cost_below is not None and loss < stop.cost_below:
            return f"the {name} is below {stop.cost_below:g}"
        if stop.patience is not None and epoch - self._counted_epoch >= stop.patience:
            return f"no improvement for {stop.patience} epochs"
        return self.late(seconds)

    def late(self, seconds: float) -> str | None:
        """Return why training ends after so many seconds, be it within an epoch; None if it goes on."""
        limit = self.settings.max_time
        return f"{limit:g} seconds are over" if limit is not None and seconds >= limit else None

    def as_json(self) -> dict[str, Any]:
        """Return what was counted so far; infinity before anything was."""
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "counted_from": self._counted_from,
            "counted_epoch": self._counted_epoch,
        }

    def restore(self, found: dict[str, Any]) -> None:
        """Take over what as_json returned. Raises LookupError, TypeError or ValueError for anything else."""
        self.best, self._counted_from = float(found["best"]), float(found["counted_from"])
        self.best_epoch, self._counted_epoch = int(found["best_epoch"]), int(found["counted_epoch"])

    def _signed(self, value: float) -> float:
        return value if (self.settings.metric or "loss") in LOWER_IS_BETTER else -value
