"""Batches become a stream of epoch records. No printing, no files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.config.schema import TrainingConfig
from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochRunner
from mlpcli.optim.step import RATE_FACTOR
from mlpcli.training.progress import Part, Progress
from mlpcli.training.stopping import Checked, Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Epoch:
    """One pass. cost: mean over the rows, each batch's before its update; seconds since the start.

    loss: likewise, where there is a penalty, so that it differs from the cost. validation_loss: of the
    validation rows after the epoch, without penalty; None where there are none.

    stopped: why this is the last one; "" where more follow. order and batches tell what was run. whole: false
    where it was broken off. improved: training.stop.metric (the cost, without validation rows) is the best.
    """

    number: int
    cost: float
    loss: float | None
    validation_loss: float | None
    seconds: float
    improved: bool
    stopped: str
    order: NDArray[np.intp]
    batches: int
    whole: bool = True
    finite: bool = True
    """Whether costs and weights are numbers; if not, the state has been put back to before this epoch."""
    sound: State | None = None
    """Where those of `state` are not: the last weights whose cost is known to be finite, of sound_epoch."""
    sound_epoch: int = 0
    followed: Mapping[str, float] = field(default_factory=dict)
    """Means of what else is followed: the learning rate, the share of rows in clipped batches."""


SILENCE = 0.25
"""Seconds of training, about, that may pass without a record."""
NOT_FINITE = "the cost is not finite"
WEIGHTS_NOT_FINITE = "the weights are not finite"
LOST = (NOT_FINITE, WEIGHTS_NOT_FINITE)
INTERRUPTED = "interrupted"
ALL_DONE = "all epochs done"
MOST_HALVINGS = 5


def epochs(
    runner: EpochRunner,
    state: State,
    settings: TrainingConfig,
    rng: np.random.Generator,
    validation: Callable[[], Checked] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    every: int = 1,
    final_cost: Callable[[], float] = lambda: 0.0,
    progress: Progress | None = None,
    wanted: Callable[[], bool] = lambda: False,
    finite_weights: Callable[[], bool] = lambda: True,
) -> Iterator[Epoch]:
    """Train until a reason to stop.

    There is a record of every epoch whose number is a multiple of `every` and of the last one, of others
    so that a long training is heard of; at a record, `state` is what it is after that epoch. An epoch whose
    cost is not finite, or that leaves weights with such a final_cost, or without finite_weights, puts the
    state back to before it and is the last; with on_divergence: halve, training then goes on from the last
    sound epoch. When interrupted, the batch at hand is finished, and the epoch is the last. finite_weights is
    asked at every record, since a comparison in a formula may hide weights that are not from the cost.

    progress: where to go on from; it is kept up to date, and with `state` and `rng` it decides all that
    follows. wanted: whether it is to be kept: then the next epoch has a record, and progress.earlier is
    of the epoch before it.
    """
    progress = progress or Progress(Stopping(settings.stop), state, rng if settings.shuffle else None)
    stopping = progress.stopping
    started = time.perf_counter() - progress.seconds
    limit, below = settings.stop.max_time, settings.stop.cost_below
    plateau = progress.plateau
    each = validation is not None or settings.stop.patience is not None or plateau is not None
    random = rng if settings.shuffle else None
    before, sound = progress.fresh(), progress.earlier
    if progress.part is not None:
        before, sound = sound, before
    most, searching = 1, False

    def should_stop() -> bool:
        return interrupted() or (limit is not None and time.perf_counter() - started >= limit)

    while True:
        done = progress.done
        if progress.part is None:
            left = min(every - done % every, settings.epochs - done)
            count = 1 if each or wanted() else min(runner.longest, left, most)
            before.take(done)
            began = time.perf_counter()
            stop_below = -math.inf if below is None or each else below
            stretch = runner.stretch(count, random, stop_below, should_stop)
            if not searching:
                took = max(time.perf_counter() - began, 1e-9)
                most = max(1, int(SILENCE * stretch.epochs / took))
            broken_off = not stretch.passed.whole and math.isfinite(stretch.last["cost"])
            if broken_off and (stretch.epochs > 1 or not runner.divisible):
                # Short epochs: what was begun of the last one is done again some other time; an epoch of few
                # batches is done to its end.
                before.put_back()
                stretch = runner.stretch(max(1, stretch.epochs - 1), random, -math.inf, _never)
            number, order, passed = done + stretch.epochs, stretch.order, stretch.passed
            ended = stretch.ended
        else:
            number, order, ended = done + 1, progress.part.order, ""
            passed = runner.run(order, should_stop, progress.part.passed)
        mean, whole = passed.means, passed.whole
        finite, weights_lost = math.isfinite(mean["cost"]), not finite_weights()
        checked = validation() if validation and finite else None
        progress.seconds = seconds = time.perf_counter() - started

        after = Checked(*3 * (mean["cost"],)) if checked is None else checked
        lost = not finite or (whole and (weights_lost or not math.isfinite(after.cost)))
        improved, reason, usable = False, "", True
        if not lost and whole:
            improved = stopping.improves(number, after.judged)
            name = "cost" if checked is None else "validation loss"
            reason = stopping.reason(number, after.loss, seconds, name) or ended
            reason = reason or (ALL_DONE if number == settings.epochs else "")
            reason = reason or (INTERRUPTED if interrupted() else "")
            lost = bool(reason) and checked is None and not math.isfinite(final_cost())
        elif not lost:  # broken off: nothing is decided by it
            reason = (not interrupted() and stopping.late(seconds)) or INTERRUPTED
            usable = not weights_lost and math.isfinite(final_cost() if checked is None else after.cost)
            improved = usable and stopping.better(after.judged)
        kept, kept_epoch = (None, 0) if usable else (before.arrays, done)
        if lost:
            before.put_back()
            if number > done + 1:  # again, one by one, to find the epoch and the weights before it
                most, searching = 1, True
                continue
            # A cost is that of the weights before the update. Lost in the first batch, the weights that the
            # epoch began with were bad already, and the sound ones are those of the epoch before.
            began_bad = not finite and passed.batches == 1
            if began_bad and sound.epoch < done - 1:
                sound.put_back()
                runner.stretch(done - 1 - sound.epoch, random, -math.inf, _never)
                sound.take(done - 1)
                before.put_back()
            last_good = sound if began_bad else before
            kept, kept_epoch = last_good.arrays, last_good.epoch
            hopeless = began_bad and kept_epoch == done  # nothing before it is known to be sound
            halves = settings.on_divergence == "halve" and RATE_FACTOR in state
            again = halves and progress.halvings < MOST_HALVINGS and not hopeless
            reason = "" if again else WEIGHTS_NOT_FINITE if finite and weights_lost else NOT_FINITE
        else:
            progress.part = None if whole else Part(order, passed)
            progress.done = number if whole else done
            progress.earlier = before
            if plateau is not None and whole:
                state[RATE_FACTOR][...] = plateau.after(after.loss, float(state[RATE_FACTOR]))
        yield Epoch(
            number,
            mean["cost"],
            mean.get("loss"),
            None if checked is None else checked.loss,
            seconds,
            improved,
            reason,
            order,
            passed.batches,
            whole,
            not lost,
            kept,
            kept_epoch,
            {name: value for name, value in mean.items() if name not in ("cost", "loss")},
        )
        if reason:
            return
        if lost:
            last_good.put_back()
            state[RATE_FACTOR][...] *= 0.5
            progress.halvings += 1
            progress.done, progress.part = last_good.epoch, None
            progress.earlier = last_good
            before, sound = progress.fresh(), last_good
            most, searching = 1, False
        else:
            before, sound = sound, before


def _never() -> bool:
    return False
