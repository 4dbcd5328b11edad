"""Batches become a stream of epoch records. No printing, no files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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
    sound: State | None = None
    """Where the cost was lost: the last weights whose cost is known to be finite, of epoch sound_epoch."""
    sound_epoch: int = 0

    @property
    def finite(self) -> bool:
        """Whether both costs are numbers; if not, the state has been put back to before this epoch."""
        return self.sound is None


NOT_FINITE = "the cost is not finite"
INTERRUPTED = "interrupted"
ALL_DONE = "all epochs done"


def epochs(
    runner: EpochRunner,
    state: State,
    settings: TrainingConfig,
    rng: np.random.Generator,
    validation_cost: Callable[[], float] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    live_every: int = 1,
    final_cost: Callable[[], float] = lambda: 0.0,
) -> Iterator[Epoch]:
    """Train until a reason to stop.

    `state` is live: at every record whose number is a multiple of live_every, and at the last one, it
    holds what it is after that epoch; in between it may be further on. An epoch whose cost is not finite,
    or that leaves weights with such a final_cost, puts the state back to before it and is the last. When
    interrupted, the batch at hand is finished, and the epoch is the last.
    """
    stopping = Stopping(settings.stop)
    started = time.perf_counter()
    limit, below = settings.stop.max_time, settings.stop.cost_below
    each = validation_cost is not None or settings.stop.patience is not None
    before, sound = (_Snapshot(state, rng if settings.shuffle else None) for _ in range(2))
    done, most = 0, settings.epochs

    def should_stop() -> bool:
        return interrupted() or (limit is not None and time.perf_counter() - started >= limit)

    while True:
        until_live = live_every - done % live_every
        count = 1 if each else min(runner.longest, until_live, settings.epochs - done, most)
        before.take()
        stretch = runner.stretch(
            count,
            rng if settings.shuffle else None,
            -math.inf if below is None or each else below,
            should_stop,
        )
        means = stretch.means
        finite = math.isfinite(means[-1]["cost"])
        checked = validation_cost() if validation_cost and finite else None
        seconds = time.perf_counter() - started

        def record(number: int, mean: dict[str, float], improved: bool, stopped: str) -> Epoch:
            return Epoch(
                number,
                mean["cost"],
                mean.get("loss"),
                checked,  # noqa: B023, used before the next round
                seconds,  # noqa: B023
                improved,
                stopped,
                stretch.order,  # noqa: B023
                stretch.batches,  # noqa: B023
            )

        last = done + len(means)
        followed = means[-1]["cost"] if checked is None else checked
        lost = not math.isfinite(followed)
        improved, reason = False, ""
        if not lost:
            improved = stopping.improves(last, followed)
            reason = INTERRUPTED if interrupted() else stopping.reason(last, followed, seconds) or ""
            reason = reason or (ALL_DONE if last == settings.epochs else "")
            lost = bool(reason) and checked is None and not math.isfinite(final_cost())
        if lost:
            before.put_back()
            if len(means) > 1:  # again, one by one, to find the epoch and the weights before it
                most = 1
                continue
            # A cost is that of the weights before the update. Lost in the first batch, the weights that the
            # epoch began with were bad already, and the sound ones are those of the epoch before.
            began_bad = not finite and stretch.batches == 1
            failed = record(done + 1, means[0], False, NOT_FINITE)
            arrays = sound.arrays if began_bad else before.arrays
            yield replace(failed, sound=arrays, sound_epoch=max(0, done - began_bad))
            return
        for number, mean in enumerate(means[:-1], start=done + 1):
            yield record(number, mean, stopping.improves(number, mean["cost"]), "")
        yield record(last, means[-1], improved, reason)
        if reason:
            return
        done = last
        before, sound = sound, before


class _Snapshot:
    """The state and the random stream at some moment."""

    def __init__(self, state: State, rng: np.random.Generator | None) -> None:
        self._state, self._rng = state, rng
        self.arrays = {name: array.copy() for name, array in state.items()}
        self._random: Any = None

    def take(self) -> None:
        """As it is now."""
        for name, array in self.arrays.items():
            array[...] = self._state[name]
        if self._rng is not None:
            self._random = self._rng.bit_generator.state

    def put_back(self) -> None:
        """As it was when taken."""
        for name, array in self.arrays.items():
            self._state[name][...] = array
        if self._rng is not None:
            self._rng.bit_generator.state = self._random
