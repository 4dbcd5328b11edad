from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from mlpcli.config.schema import StopConfig
from mlpcli.training.stopping import Stopping


def followed(settings, costs):
    """What improves() and reason() say, epoch by epoch, until there is a reason."""
    stopping = Stopping(settings)
    said = []
    for epoch, cost in enumerate(costs, 1):
        said.append((stopping.improves(epoch, cost), stopping.reason(epoch, cost, seconds=epoch)))
        if said[-1][1]:
            break
    return said, stopping


def test_without_rules_nothing_stops():
    said, stopping = followed(StopConfig(), [3, 2, 2, 5, 1])
    assert said == [(True, None), (True, None), (False, None), (False, None), (True, None)]
    assert (stopping.best, stopping.best_epoch) == (1, 5)


def test_patience_counts_epochs_since_the_best():
    said, stopping = followed(StopConfig(patience=2), [3, 2, 2.5, 1, 1, 1, 0])
    assert said[-1] == (False, "no improvement for 2 epochs")
    assert len(said) == 6
    assert stopping.best_epoch == 4


def test_small_steps_add_up_to_min_delta():
    """Each step is below min_delta, yet three of them are above it: patience starts anew then."""
    said, _ = followed(StopConfig(patience=3, min_delta=0.25), [1.0, 0.9, 0.8, 0.7, 0.7, 0.7, 0.7])
    assert len(said) == 7
    said, stopping = followed(StopConfig(patience=3, min_delta=0.5), [1.0, 0.9, 0.8, 0.7, 0.6])
    assert len(said) == 4
    assert stopping.best_epoch == 4  # the best weights are the best, however little better


def test_cost_below_is_told_before_patience():
    said, _ = followed(StopConfig(patience=1, cost_below=2), [3, 1.5])
    assert said[-1] == (True, "the cost is below 2")
    assert followed(StopConfig(cost_below=2), [2, 2])[0][-1][1] is None


def test_max_time():
    said, _ = followed(StopConfig(max_time=2.5), [3, 2, 1, 0])
    assert said[-1] == (True, "2.5 seconds are over")
    assert len(said) == 3


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 5), st.floats(0, 1))
def test_the_best_is_the_lowest_and_patience_is_kept(costs, patience, delta):
    said, stopping = followed(StopConfig(patience=patience, min_delta=delta), costs)
    seen = costs[: len(said)]
    assert stopping.best == min(seen)
    assert stopping.best_epoch == 1 + seen.index(min(seen))
    if said[-1][1]:
        before = min(seen[:-patience], default=math.inf)
        assert min(seen[-patience:]) >= before - delta or before == math.inf
    else:
        assert len(said) == len(costs)


@pytest.mark.parametrize("epochs", [1, 4])
def test_patience_never_stops_before_it_is_over(epochs):
    said, _ = followed(StopConfig(patience=epochs), [1.0] * 20)
    assert len(said) == epochs + 1
