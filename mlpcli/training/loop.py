"""Batches become a stream of epoch records. No printing, no files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.config.schema import TrainingConfig
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Epoch:
    """One pass. cost: mean over the rows, each batch's before its update; seconds since the start.

    loss: likewise, where there is a penalty, so that it differs from the cost.

    stopped: why this is the last one; "" where more follow. order and batches tell what was run.
    """

    number: int
    cost: float
    loss: float | None
    validation_cost: float | None
    seconds: float
    improved: bool
    stopped: str
    order: NDArray[np.intp]
    batches: int

    @property
    def finite(self) -> bool:
        """Whether both costs are numbers; if not, the state has been put back to before this epoch."""
        return math.isfinite(self.cost) and math.isfinite(self.validation_cost or 0.0)


NOT_FINITE = "the cost is not finite"
INTERRUPTED = "interrupted"
ALL_DONE = "all epochs done"


def epochs(
    runner: EpochRunner,
    rows: int,
    state: State,
    settings: TrainingConfig,
    rng: np.random.Generator,
    validation_cost: Callable[[], float] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Iterator[Epoch]:
    """Train until a reason to stop. `state` is live: what it holds between two records is after that epoch.

    An epoch whose cost is not finite puts the state back to before it and is the last. When interrupted,
    the batch at hand is finished, and the epoch is the last.
    """
    stopping = Stopping(settings.stop)
    started = time.perf_counter()
    limit = settings.stop.max_time
    order: NDArray[np.intp] = np.arange(rows)
    good = {name: array.copy() for name, array in state.items()}

    def should_stop() -> bool:
        return interrupted() or (limit is not None and time.perf_counter() - started >= limit)

    for number in range(1, settings.epochs + 1):
        if settings.shuffle:
            order = rng.permutation(rows)
        means, batches = runner.run(order, should_stop)
        cost = means["cost"]
        checked = validation_cost() if validation_cost is not None and math.isfinite(cost) else None
        seconds = time.perf_counter() - started
        followed = cost if checked is None else checked
        if not (math.isfinite(cost) and math.isfinite(followed)):
            for name, array in good.items():
                state[name][...] = array
            yield Epoch(number, cost, means.get("loss"), checked, seconds, False, NOT_FINITE, order, batches)
            return
        for name, array in good.items():
            array[...] = state[name]
        improved = stopping.improves(number, followed)
        reason = INTERRUPTED if interrupted() else stopping.reason(number, followed, seconds)
        if reason is None and number == settings.epochs:
            reason = ALL_DONE
        yield Epoch(number, cost, means.get("loss"), checked, seconds, improved, reason or "", order, batches)
        if reason:
            return
