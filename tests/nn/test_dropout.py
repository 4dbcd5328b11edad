"""The masks: even, unrelated to each other, the same on every executor; and what they leave alone."""

import math

import numpy as np
import pytest

from mlpcli.engine import compute
from mlpcli.execute import EXECUTORS
from mlpcli.execute.rows import EpochRunner
from mlpcli.graph.node import constant, parameter, placeholder
from mlpcli.nn.dropout import LAP, Clock, row_tokens
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.ops.elementwise import uniform
from mlpcli.ops.scalar_ops import hashed_uniform
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows
from sampling import sampled

DTYPES = ("float64", "float32")
ROWS, UNITS = 4096, 64


def numbers(layer=1, step=0, lap=0, seed=0, dtype="float64", count=ROWS):
    """What decides which units are dropped: (rows, units)."""
    units = np.arange(UNITS, dtype=dtype)
    tokens = row_tokens(count, np.random.default_rng(seed), dtype)
    return hashed_uniform(*(np.array(each, dtype) for each in (layer, step, lap)), tokens, units)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("key", [(1, 0, 0, 0), (2, 7, 0, 1), (1, 2.0**23 - 1, 3, 2)])
def test_they_are_even(key, dtype):
    """Chi-square of 256 equal parts: within five standard deviations of what chance gives."""
    found = numbers(*key, dtype=dtype)
    assert found.min() >= 0.0
    assert found.max() < 1.0
    counts = np.bincount((found * 256).astype(int).ravel(), minlength=256)
    expected = found.size / 256
    chi = float(np.sum((counts - expected) ** 2 / expected))
    assert abs(chi - 255) < 5 * math.sqrt(2 * 255)
    # The low bits too, of which float32 has 24.
    low = np.bincount(((found * 2.0**24) % 256).astype(int).ravel(), minlength=256)
    chi = float(np.sum((low - expected) ** 2 / expected))
    assert abs(chi - 255) < 5 * math.sqrt(2 * 255)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_units_steps_laps_layers_and_seeds_are_unrelated(dtype):
    """Correlations of what lies beside each other: at most five standard deviations, 5/√n."""
    one = numbers(dtype=dtype)
    others = {
        "step": numbers(step=1, dtype=dtype),
        "far step": numbers(step=2.0**23 - 1, dtype=dtype),
        "lap": numbers(lap=1, dtype=dtype),
        "layer": numbers(layer=2, dtype=dtype),
        "seed": numbers(seed=1, dtype=dtype),
        "row": np.roll(one, 1, axis=0),
        "far row": np.roll(one, 1024, axis=0),
        "unit": np.roll(one, 1, axis=1),
        "unit and row": np.roll(one, (1, 1), axis=(0, 1)),
    }
    for name, other in others.items():
        for a, b in ((one, other), (one < 0.5, other < 0.5)):
            correlation = np.corrcoef(a.ravel(), b.ravel())[0, 1]
            assert abs(correlation) < 5 / math.sqrt(one.size), name
        assert np.mean(one == other) < 1e-3, name


def test_units_dropped_together_are_as_many_as_chance_says():
    """Counts of kept units per row: their variance is the binomial one, so that no row is special."""
    for rate in (0.1, 0.5, 0.9):
        kept = np.sum(numbers() >= rate, axis=1)
        assert np.mean(kept) == pytest.approx(UNITS * (1 - rate), abs=5 * math.sqrt(UNITS * 0.25 / ROWS))
        assert np.var(kept) == pytest.approx(UNITS * rate * (1 - rate), rel=0.15)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_row_has_a_number_of_its_own(dtype):
    """Also beyond 2^24 rows, where float32 cannot count any more."""
    count = 2**24 + 1000 if dtype == "float32" else 5000
    tokens = row_tokens(count, np.random.default_rng(5), dtype)
    assert tokens.shape == (count, 1)
    assert np.isfinite(tokens).all()
    assert tokens.min() >= np.finfo(dtype).tiny  # no subnormal number, which some machines take for 0
    bits = np.sort(tokens.view("uint32" if dtype == "float32" else "uint64").ravel())
    assert np.all(bits[1:] != bits[:-1])


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_executor_has_the_same_bits(dtype, executor):
    row, a, b = placeholder("row", (None, 1), dtype), parameter("a", (), dtype), parameter("b", (), dtype)
    node = uniform(constant(3.0, dtype), a, b, row, constant(np.arange(UNITS), dtype))
    tokens = row_tokens(99, np.random.default_rng(0), dtype)
    for step, lap in ((0.0, 0.0), (LAP - 1, 5.0)):
        state = {"a": np.array(step, dtype), "b": np.array(lap, dtype)}
        found = compute({"u": node}, state, {"row": tokens}, EXECUTORS[executor]())["u"]
        np.testing.assert_array_equal(found, numbers(3, step, lap, dtype=dtype, count=99))


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_steps_are_counted_in_laps(dtype, executor):
    clock = Clock.of(dtype)
    moves = {node.name: value for node, value in clock.buffer_updates().items()}
    state = {"dropout/steps": np.array(LAP - 2, dtype), "dropout/laps": np.array(0, dtype)}
    seen = []
    for _ in range(4):
        state = compute(moves, state, executor=EXECUTORS[executor]())
        seen.append((float(state["dropout/laps"]), float(state["dropout/steps"])))
    assert seen == [(0, LAP - 1), (1, 0), (1, 1), (1, 2)]


def test_what_is_kept_is_scaled_and_the_rest_is_0_in_training_alone():
    net, values = network([("linear", UNITS)], layer={"dropout": 0.25})
    data = rows(net, 50)
    outputs = {"on": net.training.layers[0].output, "off": net.layers[0].output}
    first = {name: array for name, array in values.items() if name.startswith("hidden1.")}
    given = {name: data[name] for name in ("inputs", "row")}
    found = compute(outputs, first | net.counters(), given)
    dropped = found["on"] == 0
    assert np.mean(dropped) == pytest.approx(0.25, abs=0.05)
    np.testing.assert_array_equal(dropped, numbers(1, seed=3, count=50) < 0.25)
    np.testing.assert_allclose(found["on"][~dropped], found["off"][~dropped] / 0.75, rtol=1e-15)
    # Predicting asks for no row and no step.
    assert compute({"p": net.prediction}, values, {"inputs": data["inputs"]})["p"].shape == (50, 2)


def test_the_first_weights_are_those_of_the_network_without():
    _, plain = network([("tanh", 5), ("prelu", 4)])
    _, dropping = network([("tanh", 5), ("prelu", 4)], layer={"dropout": 0.5})
    _, normalised = network([("tanh", 5), ("prelu", 4)], layer={"normalization": NORMALIZATIONS["batch"]()})
    assert plain.keys() == dropping.keys()
    for name, array in plain.items():
        np.testing.assert_array_equal(dropping[name], array)
        if name.endswith("weights"):
            np.testing.assert_array_equal(normalised[name], array)


def runner(kind, executor, dtype="float64", count=9, batch=4):
    layer = {"dropout": 0.3, "normalization": NORMALIZATIONS["batch"]()}
    net, values = network(
        [("tanh", 6), ("relu", 5)], ("softmax", 3), "cross_entropy", dtype=dtype, layer=layer
    )
    step = training_step(net, OPTIMIZERS["sgd"]())
    state = values | step.optimizer_state()
    data = rows(net, count, target="one-hot")
    made = kind(EXECUTORS[executor](), {"cost": net.cost}, step.updates, state, data, batch)
    return made, state


def never():
    return False


@pytest.mark.parametrize("count", sampled([9, 10], (9).__eq__))  # a last batch of one row, and of two
def test_a_native_stretch_is_epoch_by_epoch_and_what_numpy_does(count):
    pytest.importorskip("llvmlite")
    from mlpcli.execute.native.runner import NativeEpochRunner

    (one, state), (many, other) = (runner(NativeEpochRunner, "native", count=count) for _ in range(2))
    plain, reference = runner(EpochRunner, "numpy", count=count)
    rngs = [np.random.default_rng(1) for _ in range(3)]
    single = [one.run_epochs(1, rngs[0], -math.inf, never).last["cost"] for _ in range(12)]
    stretch = many.run_epochs(12, rngs[1], -math.inf, never)
    assert [mean["cost"] for mean in stretch.means] == single
    assert len(set(single)) == 12
    costs = [plain.run_epochs(1, rngs[2], -math.inf, never).last["cost"] for _ in range(12)]
    np.testing.assert_allclose(single, costs, rtol=1e-10)
    for name, array in state.items():
        np.testing.assert_array_equal(other[name], array)
        np.testing.assert_allclose(reference[name], array, rtol=1e-9, atol=1e-13, err_msg=name)
    assert state["dropout/steps"] == 12 * 3


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_step_done_again_has_the_same_mask(executor):
    """After a lost cost, and after a resume: the state is put back, and everything comes out the same."""
    made, state = runner(EXECUTORS[executor].epoch_runner or EpochRunner, executor)
    order = np.arange(9)
    made.run(order, never)
    before = {name: array.copy() for name, array in state.items()}
    first = made.run(order, never)
    after = {name: array.copy() for name, array in state.items()}
    fresh = runner(EXECUTORS[executor].epoch_runner or EpochRunner, executor)
    for one, kept in ((made, state), fresh):
        for name, array in before.items():
            kept[name][...] = array
        assert one.run(order, never) == first
        for name, array in after.items():
            np.testing.assert_array_equal(kept[name], array)
