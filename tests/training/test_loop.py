"""The stream of epochs: means over rows, stopping in the middle, and going back when a cost is not finite."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlpcli.config.schema import StopConfig, TrainingConfig
from mlpcli.execute.rows import EpochRunner, Pass
from mlpcli.training.loop import ALL_DONE, INTERRUPTED, NOT_FINITE, epochs


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
        return Pass({"cost": next(self.costs) * rows}, rows, done, done == self.batches)


def stream(costs, validation=None, interrupted=lambda: False, rows=6, **settings):
    state = {"w": np.zeros(2)}
    runner = Counting(state, costs, rows)
    settings = TrainingConfig(**{"epochs": len(costs), **settings})
    numbers = iter(validation or ())
    check = (lambda: next(numbers)) if validation else None
    found = epochs(runner, state, settings, np.random.default_rng(0), check, interrupted)
    return runner, state, found


def test_all_epochs():
    _, state, found = stream([3.0, 2.0, 2.5])
    seen = [(e.number, e.cost, e.validation_cost, e.improved, e.stopped, e.batches) for e in found]
    assert seen == [
        (1, 3.0, None, True, "", 4),
        (2, 2.0, None, True, "", 4),
        (3, 2.5, None, False, ALL_DONE, 4),
    ]
    assert state["w"].tolist() == [12, 12]


def test_improvement_is_of_the_validation_cost_where_there_is_one():
    found = list(stream([3.0, 2.0, 1.0], validation=[5.0, 6.0, 4.0])[2])
    assert [(e.validation_cost, e.improved) for e in found] == [(5.0, True), (6.0, False), (4.0, True)]


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
