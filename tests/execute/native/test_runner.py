"""Stretches of epochs in machine code do what batch by batch does: order, costs, stops, state."""

import math
import threading
import time

import numpy as np
import pytest

from mlpcli.execute import EXECUTORS
from mlpcli.execute.native.runner import NativeEpochRunner
from mlpcli.execute.rows import EpochRunner
from mlpcli.nn.network import Penalty
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows
from sampling import sampled


def pair(count=10, batch=4, dtype="float64", optimizer="sgd", penalty=None, **settings):
    """The same training by NumPy and natively: (runner, state) of each."""
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy", dtype=dtype, penalty=penalty)
    data = rows(net, count, target="one-hot")
    step = training_step(net, OPTIMIZERS[optimizer](**settings))
    followed = {"cost": net.cost} if penalty is None else {"cost": net.cost, "loss": net.loss}
    made = []
    for kind, executor in ((EpochRunner, "numpy"), (NativeEpochRunner, "native")):
        state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
        runner = kind(EXECUTORS[executor](), followed, step.updates, state, data, batch)
        made.append((runner, state))
    return made


def never():
    return False


COUNTS = [(1, 1), (4, 1), (7, 3), (10, 4), (12, 4), (37, 8), (5, 99)]


@pytest.mark.parametrize(("count", "batch"), sampled(COUNTS, lambda case: case not in ((4, 1), (37, 8))))
@pytest.mark.parametrize("shuffled", [True, False])
def test_order_costs_and_state_are_those_of_numpy(count, batch, shuffled):
    results = []
    for runner, state in pair(count, batch, penalty=Penalty(l2=0.01)):
        rng = np.random.default_rng(3)
        stretches = [runner.run_epochs(1, rng if shuffled else None, -math.inf, never) for _ in range(3)]
        results.append((stretches, state, rng.bit_generator.state))
    (plain, state, random), (native, native_state, native_random) = results
    assert random == native_random
    for a, b in zip(plain, native):
        np.testing.assert_array_equal(a.order, b.order)
        assert a.batches == b.batches
        for name in ("cost", "loss"):
            assert b.means[0][name] == pytest.approx(a.means[0][name], rel=1e-12)
    for name, array in state.items():
        np.testing.assert_allclose(native_state[name], array, rtol=1e-10, atol=1e-14)


def test_many_epochs_in_a_call_are_the_same_as_one_by_one():
    (_, (one, state)), (_, (many, other)) = pair(), pair()
    rng, again = np.random.default_rng(1), np.random.default_rng(1)
    single = [one.run_epochs(1, rng, -math.inf, never).means[0]["cost"] for _ in range(50)]
    stretch = many.run_epochs(50, again, -math.inf, never)
    assert [mean["cost"] for mean in stretch.means] == single
    for name in state:
        np.testing.assert_array_equal(state[name], other[name])


def test_a_stretch_ends_with_the_first_cost_below_the_limit():
    (plain, _), (native, _) = pair(learning_rate=0.5)
    costs = [plain.run_epochs(1, None, -math.inf, never).means[0]["cost"] for _ in range(40)]
    limit = (costs[20] + costs[21]) / 2
    means = native.run_epochs(40, None, limit, never).means
    assert len(means) == next(i for i, cost in enumerate(costs) if cost < limit) + 1


def test_a_stretch_ends_with_a_cost_that_is_not_finite():
    (plain, _), (native, _) = pair(batch=1, learning_rate=1e308)
    a, b = (runner.run_epochs(30, None, -math.inf, never) for runner in (plain, native))
    assert len(a.means) == len(b.means) < 30
    assert a.batches == b.batches
    assert not math.isfinite(b.means[-1]["cost"])


def test_asked_to_stop_it_finishes_a_batch():
    for runner, state in pair():
        before = {name: array.copy() for name, array in state.items()}
        stretch = runner.run_epochs(5, None, -math.inf, lambda: True)
        assert len(stretch.means) == 1
        assert stretch.batches == 1
        assert any((state[name] != before[name]).any() for name in before)


def test_a_long_call_leaves_other_threads_running_and_stops_within_half_a_second():
    (_, (native, _)) = pair(100, 1)
    seen, asked = [], threading.Event()

    def watch():
        for _ in range(20):
            time.sleep(0.005)
            seen.append(time.perf_counter())
        asked.set()

    thread = threading.Thread(target=watch)
    thread.start()
    stretch = native.run_epochs(1 << 40 >> 20, None, -math.inf, asked.is_set)
    thread.join()
    assert len(seen) == 20  # the GIL was free
    assert 0 < len(stretch.means) < 1 << 20
    assert math.isfinite(stretch.means[-1]["cost"])


@pytest.mark.parametrize("optimizer", sampled(["adam", "sgd"], "adam".__eq__))
def test_float32(optimizer):
    results = []
    for runner, state in pair(dtype="float32", optimizer=optimizer):
        results.append((runner.run_epochs(5, None, -math.inf, never).means[-1]["cost"], state))
    assert results[1][0] == pytest.approx(results[0][0], rel=1e-4)
    for name, array in results[0][1].items():
        assert results[1][1][name].dtype == np.float32
        np.testing.assert_allclose(results[1][1][name], array, rtol=2e-3, atol=1e-5)
