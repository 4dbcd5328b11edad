"""The epoch loop: it runs epochs, judges each, and goes back where a cost is not finite."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.config.schema import TrainingConfig
from mlpcli.execute.rows import EpochBlock, EpochRunner, EpochTotals
from mlpcli.optim.step import RATE_FACTOR
from mlpcli.training.epoch import Epoch
from mlpcli.training.loop_state import InterruptedEpoch, LoopState, Snapshot
from mlpcli.training.stop_reasons import ALL_DONE, INTERRUPTED, NOT_FINITE, WEIGHTS_NOT_FINITE
from mlpcli.training.stopping import ValidationScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

SILENCE = 0.25
"""Seconds of training, about, that may pass without a record."""
MOST_HALVINGS = 5


@dataclass(frozen=True, kw_only=True)
class EpochChecks:
    """What is computed about the weights after an epoch.

    validation: scores of the validation rows; None where there are none. final_cost: the cost of the weights
    after the last epoch, where there is no validation. finite_weights: asked at every record, since a
    comparison in a formula may hide non-finite weights from the cost.
    """

    validation: Callable[[], ValidationScores] | None = None
    final_cost: Callable[[], float] = lambda: 0.0
    finite_weights: Callable[[], bool] = lambda: True


class Phase(Enum):
    """What the loop does next."""

    FINISHING = "run the rest of an epoch that was interrupted"
    RUNNING = "run as many epochs as may pass without a record"
    SEARCHING = "run one epoch at a time, to find the one whose cost is not finite"
    HALVING = "go back to the last finite weights and halve the learning rate"
    ENDED = "nothing"


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """The epochs since the last record, the last of them measured. number: of that epoch."""

    number: int
    order: NDArray[np.intp]
    passed: EpochTotals
    ended: str
    finite_weights: bool
    validation: ValidationScores | None
    seconds: float

    @cached_property
    def means(self) -> dict[str, float]:
        """The mean of each output over the rows seen, by name."""
        return self.passed.means

    @property
    def finite_cost(self) -> bool:
        """Whether the cost, which each batch has before its update, is finite."""
        return math.isfinite(self.means["cost"])

    @property
    def after(self) -> ValidationScores:
        """The scores that decide: of the validation rows, else the cost of the epoch three times."""
        return self.validation or ValidationScores(*3 * (self.means["cost"],))


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    """The judgement on an epoch. usable: whether its weights may be kept. stopped: as in Epoch."""

    finite: bool = True
    usable: bool = True
    improved: bool = False
    stopped: str = ""


class EpochLoop:
    """A small state machine, see Phase; run() yields records until there is a reason to stop.

    There is a record of every epoch whose number is a multiple of `every` and of the last one, of others
    so that a long training is heard of; at a record the arrays are what they are after that epoch. An epoch
    with a non-finite cost, or that leaves weights with a non-finite final cost, puts the arrays back to
    before it and is the last; with on_divergence: halve, training then resumes from the last finite weights.
    When interrupted, the batch at hand is finished, and the epoch is the last.
    """

    def __init__(
        self,
        runner: EpochRunner,
        state: LoopState,
        settings: TrainingConfig,
        checks: EpochChecks,
        *,
        every: int = 1,
        interrupted: Callable[[], bool] = lambda: False,
        checkpoint_due: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make ready to run from `state`, which is kept up to date.

        interrupted: asked after every batch. checkpoint_due: whether the next epoch is to have a record, so
        that it can be kept; then state.previous is of the epoch before it.
        """
        self._runner, self._state, self._settings, self._checks = runner, state, settings, checks
        self._every, self._interrupted, self._checkpoint_due = every, interrupted, checkpoint_due
        self._judges_each = (
            checks.validation is not None or settings.stop.patience is not None or state.plateau is not None
        )
        self._longest = 1  # epochs in a block, until the first one has shown how long an epoch takes
        self._before, self._last_finite = state.snapshot(), state.previous
        self.phase = Phase.RUNNING
        if state.interrupted is not None:
            # The snapshot that a checkpoint has then is of where the epoch began.
            self._before, self._last_finite = self._last_finite, self._before
            self.phase = Phase.FINISHING
        self._started = time.perf_counter() - state.seconds

    def run(self) -> Iterator[Epoch]:
        """Yield a record of every epoch that has one."""
        while self.phase is not Phase.ENDED:
            measured = self._measure(*self._advance())
            verdict = self._judge(measured)
            if verdict.finite:
                self._accept(measured, verdict)
                yield self._record(measured, verdict, None if verdict.usable else self._state.previous)
                continue
            self._before.put_back()
            if measured.number > self._state.epoch + 1:  # which one of these epochs it was is not known
                self.phase, self._longest = Phase.SEARCHING, 1
                continue
            verdict = self._find_last_finite(measured)
            yield self._record(measured, verdict, self._last_finite)
            if self.phase is Phase.HALVING:
                self._halve()

    def _advance(self) -> tuple[int, NDArray[np.intp], EpochTotals, str]:
        """Run some epochs; return the number, order and totals of the last, and why no more can follow."""
        state, begun = self._state, self._state.interrupted
        if self.phase is Phase.FINISHING and begun is not None:
            passed = self._runner.run(begun.order, self._should_stop, begun.passed)
            return state.epoch + 1, begun.order, passed, ""
        block = self._run_block()
        return state.epoch + block.epochs, block.order, block.passed, block.ended

    def _run_block(self) -> EpochBlock:
        """Run as many epochs as may pass without a record, or fewer where it is interrupted."""
        runner, state, below = self._runner, self._state, self._settings.stop.cost_below
        left = min(self._every - state.epoch % self._every, self._settings.epochs - state.epoch)
        alone = self._judges_each or self._checkpoint_due()
        count = 1 if alone else min(runner.longest, left, self._longest)
        self._before.take(state.epoch)
        began = time.perf_counter()
        # Where each epoch is judged, cost_below is of the validation loss, which the runner does not know.
        stop_below = -math.inf if below is None or self._judges_each else below
        block = runner.run_epochs(count, state.stream, stop_below, self._should_stop)
        if self.phase is not Phase.SEARCHING:  # a search stays at one epoch at a time
            took = max(time.perf_counter() - began, 1e-9)
            self._longest = max(1, int(SILENCE * block.epochs / took))
        interrupted = not block.passed.whole and math.isfinite(block.last["cost"])
        if interrupted and (block.epochs > 1 or not runner.divisible):
            # Short epochs: what was begun of the last one is done again some other time; an epoch of few
            # batches is done to its end.
            self._before.put_back()
            block = runner.run_epochs(max(1, block.epochs - 1), state.stream, -math.inf, _never)
        return block

    def _should_stop(self) -> bool:
        limit = self._settings.stop.max_time
        return self._interrupted() or (limit is not None and time.perf_counter() - self._started >= limit)

    def _measure(self, number: int, order: NDArray[np.intp], passed: EpochTotals, ended: str) -> _Measured:
        finite_weights, validation = self._checks.finite_weights(), self._checks.validation
        scores = validation() if validation and math.isfinite(passed.means["cost"]) else None
        self._state.seconds = time.perf_counter() - self._started
        return _Measured(
            number=number,
            order=order,
            passed=passed,
            ended=ended,
            finite_weights=finite_weights,
            validation=scores,
            seconds=self._state.seconds,
        )

    def _judge(self, measured: _Measured) -> _Verdict:
        if not measured.finite_cost:
            return _Verdict(finite=False)
        if not measured.passed.whole:
            return self._judge_interrupted(measured)
        if not measured.finite_weights or not math.isfinite(measured.after.cost):
            return _Verdict(finite=False)
        return self._judge_whole(measured)

    def _judge_interrupted(self, measured: _Measured) -> _Verdict:
        """Judge a part of an epoch: no counter counts it, as it is finished when the run is resumed."""
        stopping, after = self._state.stopping, measured.after
        stopped = (not self._interrupted() and stopping.late(measured.seconds)) or INTERRUPTED
        cost = self._checks.final_cost() if measured.validation is None else after.cost
        usable = measured.finite_weights and math.isfinite(cost)
        improved = usable and stopping.better(after.judged)
        return _Verdict(usable=usable, improved=improved, stopped=stopped)

    def _judge_whole(self, measured: _Measured) -> _Verdict:
        stopping, after, number = self._state.stopping, measured.after, measured.number
        improved = stopping.improves(number, after.judged)
        name = "cost" if measured.validation is None else "validation loss"
        stopped = stopping.reason(number, after.loss, measured.seconds, name) or measured.ended
        stopped = stopped or (ALL_DONE if number == self._settings.epochs else "")
        stopped = stopped or (INTERRUPTED if self._interrupted() else "")
        # The cost of an epoch is that of the weights before its updates: of the last ones it must be asked.
        if stopped and measured.validation is None and not math.isfinite(self._checks.final_cost()):
            return _Verdict(finite=False)
        return _Verdict(improved=improved, stopped=stopped)

    def _accept(self, measured: _Measured, verdict: _Verdict) -> None:
        """Take the epochs over into the state."""
        state, whole = self._state, measured.passed.whole
        state.interrupted = None if whole else InterruptedEpoch(measured.order, measured.passed)
        state.epoch = measured.number if whole else state.epoch
        state.previous = self._before
        if state.plateau is not None and whole:
            factor = state.arrays[RATE_FACTOR]
            factor[...] = state.plateau.after(measured.after.loss, float(factor))
        self._before, self._last_finite = self._last_finite, self._before
        if verdict.stopped:
            self.phase = Phase.ENDED
        elif self.phase is Phase.FINISHING:
            self.phase = Phase.RUNNING

    def _find_last_finite(self, measured: _Measured) -> _Verdict:
        """Find the last finite weights, and decide whether training resumes from them at half the rate."""
        state, done = self._state, self._state.epoch
        # A cost is that of the weights before the update. If it is not finite in the first batch, the weights
        # that the epoch began with were bad already, and the last finite ones are of the epoch before.
        began_bad = not measured.finite_cost and measured.passed.batches == 1
        if not began_bad:
            self._last_finite = self._before
        elif self._last_finite.epoch < done - 1:  # the last block was of several epochs
            self._last_finite.put_back()
            self._runner.run_epochs(done - 1 - self._last_finite.epoch, state.stream, -math.inf, _never)
            self._last_finite.take(done - 1)
            self._before.put_back()
        hopeless = began_bad and self._last_finite.epoch == done  # nothing before it is known to be finite
        halves = self._settings.on_divergence == "halve" and RATE_FACTOR in state.arrays
        if halves and state.halvings < MOST_HALVINGS and not hopeless:
            self.phase = Phase.HALVING
            return _Verdict(finite=False)
        self.phase = Phase.ENDED
        weights = measured.finite_cost and not measured.finite_weights
        return _Verdict(finite=False, stopped=WEIGHTS_NOT_FINITE if weights else NOT_FINITE)

    def _halve(self) -> None:
        state = self._state
        self._last_finite.put_back()
        state.arrays[RATE_FACTOR][...] *= 0.5
        state.halvings += 1
        state.epoch, state.interrupted = self._last_finite.epoch, None
        state.previous = self._last_finite
        self._before, self._longest = state.snapshot(), 1
        self.phase = Phase.RUNNING

    def _record(self, measured: _Measured, verdict: _Verdict, last_finite: Snapshot | None) -> Epoch:
        """Make the record. last_finite: where the current arrays are not to be kept."""
        means, validation = measured.means, measured.validation
        return Epoch(
            number=measured.number,
            cost=means["cost"],
            loss=means.get("loss"),
            validation_loss=None if validation is None else validation.loss,
            followed={name: value for name, value in means.items() if name not in ("cost", "loss")},
            seconds=measured.seconds,
            improved=verdict.improved,
            stopped=verdict.stopped,
            order=measured.order,
            batches=measured.passed.batches,
            whole=measured.passed.whole,
            finite=verdict.finite,
            last_finite=None if last_finite is None else last_finite.arrays,
            last_finite_epoch=0 if last_finite is None else last_finite.epoch,
        )


def _never() -> bool:
    return False
