"""The stream of epochs: means over rows, stopping in the middle, and going back when a cost is not finite."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mlpcli.config.schema import StopConfig, TrainingConfig
from mlpcli.execute.rows import EpochRunner, EpochTotals
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.optim.step import RATE_FACTOR
from mlpcli.training.loop import EpochChecks, EpochLoop, Phase
from mlpcli.training.loop_state import LoopState
from mlpcli.training.plateau import PlateauCounter
from mlpcli.training.stop_reasons import ALL_DONE, INTERRUPTED, NOT_FINITE, WEIGHTS_NOT_FINITE
from mlpcli.training.stopping import Stopping, ValidationScores


class Counting(EpochRunner):
    """Stands in for an EpochRunner: each batch adds 1 to the state; costs come from a list, one an epoch."""

    def __init__(self, state, costs, rows, batches=4):
        self._count = rows
        self.state, self.costs, self.batches, self.orders = state, iter(costs), batches, []

    def run(self, order, should_stop, begun=None):
        self.orders.append(order.copy())
        done = begun.batches if begun else 0
        while done < self.batches:
            self.state["w"] += 1
            done += 1
            if should_stop():
                break
        rows = self._count * done // self.batches
        return EpochTotals({"cost": next(self.costs) * rows}, rows, done, done == self.batches)


def epochs(runner, state, settings, rng, validation=None, interrupted=lambda: False, every=1, **checks):
    """Run a new training of these arrays, or go on with a LoopState."""
    if not isinstance(state, LoopState):
        stream = rng if settings.shuffle else None
        state = LoopState(arrays=state, stream=stream, stopping=Stopping(settings.stop))
    checks = EpochChecks(validation=validation, **checks)
    return EpochLoop(runner, state, settings, checks, every=every, interrupted=interrupted).run()


def stream(costs, validation=None, interrupted=lambda: False, rows=6, **settings):
    state = {"w": np.zeros(2)}
    runner = Counting(state, costs, rows)
    settings = TrainingConfig(**{"epochs": len(costs), **settings})
    numbers = iter(validation or ())
    check = (lambda: ValidationScores(*3 * (next(numbers),))) if validation else None
    found = epochs(runner, state, settings, np.random.default_rng(0), check, interrupted)
    return runner, state, found


def test_all_epochs():
    _, state, found = stream([3.0, 2.0, 2.5])
    seen = [(e.number, e.cost, e.validation_loss, e.improved, e.stopped, e.batches) for e in found]
    assert seen == [
        (1, 3.0, None, True, "", 4),
        (2, 2.0, None, True, "", 4),
        (3, 2.5, None, False, ALL_DONE, 4),
    ]
    assert state["w"].tolist() == [12, 12]


@pytest.mark.parametrize("checks", [None, [3.0, 2.0, 1.0]])
def test_weights_that_are_not_finite_put_the_state_back_though_every_cost_is(checks):
    state = {"w": np.zeros(2)}
    settings = TrainingConfig(epochs=3)
    numbers = iter(checks or ())
    check = (lambda: ValidationScores(*3 * (next(numbers),))) if checks else None
    runner = Counting(state, [3.0, 2.0, 1.0], 6)
    lost = lambda: state["w"][0] < 8  # noqa: E731
    found = epochs(runner, state, settings, np.random.default_rng(0), check, finite_weights=lost)
    first, last = list(found)
    assert (first.finite, last.finite, last.number, last.stopped) == (True, False, 2, WEIGHTS_NOT_FINITE)
    assert not last.improved
    assert last.last_finite_epoch == 1
    assert state["w"].tolist() == last.last_finite["w"].tolist() == [4, 4]


def test_non_finite_weights_of_an_interrupted_epoch_are_not_kept():
    state, asked = {"w": np.zeros(2)}, iter([False] * 6)
    runner = Counting(state, [3.0, 2.0], 6)
    stops = lambda: next(asked, True)  # noqa: E731
    settings, rng = TrainingConfig(epochs=3), np.random.default_rng(0)
    *_, last = epochs(runner, state, settings, rng, None, stops, finite_weights=lambda: state["w"][0] < 5)
    assert (last.whole, last.stopped, last.last_finite["w"].tolist()) == (False, INTERRUPTED, [4, 4])


def test_improvement_is_of_the_validation_loss_where_there_is_one():
    found = list(stream([3.0, 2.0, 1.0], validation=[5.0, 6.0, 4.0])[2])
    assert [(e.validation_loss, e.improved) for e in found] == [(5.0, True), (6.0, False), (4.0, True)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["cost", "validation"])
def test_a_cost_that_is_not_finite_puts_the_state_back(bad, where):
    costs, checks = ([3.0, bad, 1.0], None) if where == "cost" else ([3.0, 2.0, 1.0], [3.0, bad, 1.0])
    _, state, found = stream(costs, checks)
    first, last = list(found)
    assert (first.finite, last.finite, last.number, last.stopped) == (True, False, 2, NOT_FINITE)
    assert not last.improved
    assert state["w"].tolist() == [4, 4]


def test_an_interrupt_finishes_the_batch_at_hand():
    asked = iter([False] * 5)
    _, state, found = stream([3.0, 2.0, 1.0], interrupted=lambda: next(asked, True))
    assert [(e.number, e.batches, e.stopped) for e in found][-1][2] == INTERRUPTED
    assert state["w"][0] < 12


def test_max_time_ends_in_the_middle_of_an_epoch():
    _, state, found = stream([3.0, 2.0], stop=StopConfig(max_time=1e-9))
    [only] = found
    assert (only.batches, only.stopped) == (1, "1e-09 seconds are over")
    assert state["w"].tolist() == [1, 1]


def test_the_order_is_drawn_anew_or_kept():
    runner, _, found = stream([1.0] * 5, rows=50)
    list(found)
    orders = [order.tolist() for order in runner.orders]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 5
    again, _, found = stream([1.0] * 5, rows=50)
    list(found)
    assert [order.tolist() for order in again.orders] == orders
    kept, _, found = stream([1.0] * 2, rows=50, shuffle=False)
    list(found)
    assert [order.tolist() for order in kept.orders] == [list(range(50))] * 2


def test_the_seconds_go_up():
    seconds = [epoch.seconds for epoch in stream([1.0] * 4)[2]]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0


def test_a_runner_that_can_go_no_further_ends_the_training_with_its_reason():
    class Ending(Counting):
        def run_epochs(self, *arguments):
            done = super().run_epochs(*arguments)
            return replace(done, ended="nothing is left" if done.last["cost"] == 2.0 else "")

    state = {"w": np.zeros(2)}
    runner = Ending(state, [3.0, 2.0, 1.0], 6)
    found = list(epochs(runner, state, TrainingConfig(epochs=3), np.random.default_rng(0)))
    assert [epoch.stopped for epoch in found] == ["", "nothing is left"]


def test_a_plateau_lowers_the_factor_after_an_epoch_also_the_last_for_one_that_goes_on():
    state = {"w": np.zeros(2), RATE_FACTOR: np.ones(())}
    runner = Counting(state, [3.0, 3.5, 3.2, 3.3, 3.4], 6)
    plateau = PlateauCounter(SCHEDULES["plateau"](patience=1, factor=0.5))
    settings, rng = TrainingConfig(epochs=5), np.random.default_rng(0)
    loop_state = LoopState(arrays=state, stream=rng, stopping=Stopping(settings.stop), plateau=plateau)
    seen = [
        (epoch.number, float(state[RATE_FACTOR]))
        for epoch in epochs(runner, loop_state, settings, rng, every=5)
    ]
    assert seen == [(1, 1.0), (2, 0.5), (3, 0.25), (4, 0.125), (5, 0.0625)]


def test_what_else_is_followed_is_told_with_the_epoch():
    class Following(Counting):
        def run(self, order, should_stop, begun=None):
            passed = super().run(order, should_stop, begun)
            more = {"clipped": 0.25 * passed.rows, "learning_rate": 0.1 * passed.rows}
            return replace(passed, totals={**passed.totals, **more})

    state = {"w": np.zeros(2)}
    [epoch] = epochs(Following(state, [3.0], 6), state, TrainingConfig(epochs=1), np.random.default_rng(0))
    assert epoch.followed == pytest.approx({"clipped": 0.25, "learning_rate": 0.1})


class Doomed(EpochRunner):
    """Each batch adds 1 to the state, four an epoch; the cost is lost in the first batch that finds `end`."""

    longest = 1 << 40

    def __init__(self, state, end):
        self._count, self.state, self.end = 4, state, end

    def run(self, order, should_stop, begun=None):
        for done in range(1, 5):
            lost = self.state["w"][0] >= self.end
            self.state["w"] += 1
            if lost:
                return EpochTotals({"cost": math.nan}, done, done, done == 4)
        return EpochTotals({"cost": 4.0}, 4, 4, True)


@pytest.mark.parametrize("end", [12, 80, 81, 400])
@pytest.mark.parametrize("every", [1, 7, 1000])
def test_the_last_finite_weights_do_not_depend_on_how_epochs_were_put_together(end, every):
    """A cost lost in the first batch says that the epoch before it ended badly."""
    state = {"w": np.zeros(1)}
    settings = TrainingConfig(epochs=1000)
    last = list(epochs(Doomed(state, end), state, settings, np.random.default_rng(0), every=every))[-1]
    assert (last.number, last.stopped, last.finite) == (end // 4 + 1, NOT_FINITE, False)
    began_bad = end % 4 == 0
    assert last.last_finite_epoch == last.number - 1 - began_bad
    assert last.last_finite["w"].tolist() == [4 * last.last_finite_epoch]
    assert state["w"].tolist() == [4 * (last.number - 1)]


def test_at_half_the_rate_at_most_five_times():
    state = {"w": np.zeros(1), "rate_factor": np.ones(())}
    settings = TrainingConfig(epochs=1000, on_divergence="halve")
    found = list(epochs(Doomed(state, 41), state, settings, np.random.default_rng(0)))
    assert [epoch.number for epoch in found if not epoch.finite] == [11] * 6
    assert [epoch.stopped for epoch in found if not epoch.finite] == [""] * 5 + [NOT_FINITE]
    assert float(state["rate_factor"]) == 0.5**5


def test_interrupted_epochs_decide_nothing():
    """Asked to stop in the middle: what counts is as it was after the epoch before."""
    asked = iter([False] * 6)
    state = {"w": np.zeros(2)}
    loop_state = LoopState(arrays=state, stream=None, stopping=Stopping(StopConfig(patience=1)))
    settings = TrainingConfig(epochs=9, shuffle=False, stop=StopConfig(patience=1))
    runner = Counting(state, [3.0, 2.0], 8)
    found = list(epochs(runner, loop_state, settings, None, interrupted=lambda: next(asked, True)))
    last = found[-1]
    assert (last.number, last.whole, last.stopped) == (2, False, INTERRUPTED)
    assert (loop_state.epoch, loop_state.interrupted.passed.batches) == (1, last.batches)
    assert (loop_state.stopping.best, loop_state.stopping.best_epoch) == (3.0, 1)
    assert loop_state.previous.arrays["w"].tolist() == [4, 4]


def test_the_phases_of_a_training_that_is_saved_by_halving():
    """A block of epochs whose cost is lost is run again one by one, then from before at half the rate."""
    state = {"w": np.zeros(1), RATE_FACTOR: np.ones(())}
    settings = TrainingConfig(epochs=1000, on_divergence="halve")
    loop_state = LoopState(arrays=state, stream=None, stopping=Stopping(settings.stop))
    loop = EpochLoop(Doomed(state, 41), loop_state, settings, EpochChecks(), every=1000)
    seen = [loop.phase]
    for epoch in loop.run():
        seen += [loop.phase] if loop.phase is not seen[-1] else []
        if not epoch.finite:
            break
    assert seen == [Phase.RUNNING, Phase.SEARCHING, Phase.HALVING]
    assert [epoch.finite for epoch in loop.run()][-1] is False
    assert loop.phase is Phase.ENDED


def test_an_interrupted_epoch_is_finished_first():
    asked = iter([False] * 6)
    state = {"w": np.zeros(2)}
    settings = TrainingConfig(epochs=3, shuffle=False)
    loop_state = LoopState(arrays=state, stream=None, stopping=Stopping(settings.stop))
    runner = Counting(state, [3.0, 2.0, 2.0, 1.0], 8)
    checks, stops = EpochChecks(), lambda: next(asked, True)
    first = EpochLoop(runner, loop_state, settings, checks, interrupted=stops)
    assert [epoch.whole for epoch in first.run()] == [True, False]
    again = EpochLoop(runner, loop_state, settings, checks)
    assert again.phase is Phase.FINISHING
    assert [(epoch.number, epoch.whole) for epoch in again.run()] == [(2, True), (3, True)]
    assert state["w"].tolist() == [12, 12]
