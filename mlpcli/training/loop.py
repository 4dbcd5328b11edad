"""Batches become a stream of epoch records. No printing, no files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import TrainingConfig
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner
from mlpcli.optim.step import RATE_FACTOR
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.training.plateau import Plateau


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
    followed: Mapping[str, float] = field(default_factory=dict)
    """Means of what else is followed: the learning rate, the share of rows in clipped batches."""

    @property
    def finite(self) -> bool:
        """Whether both costs are numbers; if not, the state has been put back to before this epoch."""
        return self.sound is None


SILENCE = 0.25
"""Seconds of training, about, that may pass without a record."""
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
    every: int = 1,
    final_cost: Callable[[], float] = lambda: 0.0,
    plateau: Plateau | None = None,
) -> Iterator[Epoch]:
    """Train until a reason to stop.

    There is a record of every epoch whose number is a multiple of `every` and of the last one, of others
    so that a long training is heard of; at a record, `state` is what it is after that epoch. An epoch whose
    cost is not finite, or that leaves weights with such a final_cost, puts the state back to before it and
    is the last. When interrupted, the batch at hand is finished, and the epoch is the last. plateau: asked
    after every epoch; it lowers the state RATE_FACTOR.
    """
    stopping = Stopping(settings.stop)
    started = time.perf_counter()
    limit, below = settings.stop.max_time, settings.stop.cost_below
    each = validation_cost is not None or settings.stop.patience is not None or plateau is not None
    before, sound = (_Snapshot(state, rng if settings.shuffle else None) for _ in range(2))
    done, most, searching = 0, 1, False

    def should_stop() -> bool:
        return interrupted() or (limit is not None and time.perf_counter() - started >= limit)

    while True:
        until_record = every - done % every
        count = 1 if each else min(runner.longest, until_record, settings.epochs - done, most)
        before.take()
        began = time.perf_counter()
        stretch = runner.stretch(
            count,
            rng if settings.shuffle else None,
            -math.inf if below is None or each else below,
            should_stop,
        )
        if not searching:
            took = max(time.perf_counter() - began, 1e-9)
            most = max(1, int(SILENCE * stretch.epochs / took))
        mean = stretch.last
        finite = math.isfinite(mean["cost"])
        checked = validation_cost() if validation_cost and finite else None
        seconds = time.perf_counter() - started

        last = done + stretch.epochs
        followed = mean["cost"] if checked is None else checked
        lost = not math.isfinite(followed)
        improved, reason = False, ""
        kept: State | None = None
        kept_epoch = 0
        if not lost:
            improved = stopping.improves(last, followed)
            reason = INTERRUPTED if interrupted() else stopping.reason(last, followed, seconds) or ""
            reason = reason or stretch.ended or (ALL_DONE if last == settings.epochs else "")
            lost = bool(reason) and checked is None and not math.isfinite(final_cost())
        if lost:
            before.put_back()
            if stretch.epochs > 1:  # again, one by one, to find the epoch and the weights before it
                most, searching = 1, True
                continue
            # A cost is that of the weights before the update. Lost in the first batch, the weights that the
            # epoch began with were bad already, and the sound ones are those of the epoch before.
            began_bad = not finite and stretch.batches == 1
            reason = NOT_FINITE
            kept, kept_epoch = (sound if began_bad else before).arrays, max(0, done - began_bad)
        elif plateau is not None:
            state[RATE_FACTOR][...] = plateau.after(followed, float(state[RATE_FACTOR]))
        yield Epoch(
            last,
            mean["cost"],
            mean.get("loss"),
            checked,
            seconds,
            improved,
            reason,
            stretch.order,
            stretch.batches,
            kept,
            kept_epoch,
            {name: value for name, value in mean.items() if name not in ("cost", "loss")},
        )
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
