"""A step allocates nothing that grows with the network."""

import itertools
import tracemalloc

import numpy as np
import pytest

from mlpcli.engine import make_plan
from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.execute.rows import EpochRunner
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import HIDDEN_ACTIVATIONS, LAYERS, network, rows
from sampling import sampled

STEPPING = [name for name in OPTIMIZERS if issubclass(OPTIMIZERS[name], StepOptimizer)]
SMALLEST_ARRAY = 64 * 50 * 8
"""Bytes of the smallest array of the hidden layer; Python's own small objects stay far below."""


GROUPS = [tuple(HIDDEN_ACTIVATIONS[at : at + 3]) for at in range(0, len(HIDDEN_ACTIVATIONS), 3)]
CASES = [(names, executor) for names in GROUPS for executor in EXECUTORS]


@pytest.mark.parametrize(
    ("names", "executor"), sampled(CASES, lambda case: case[1] == "numpy" or case[0] == GROUPS[0])
)
def test_a_step_of_any_activation_allocates_nothing(names, executor):
    """Three layers to a network, so that less has to be compiled."""
    net, values = network([(name, 50) for name in names], ("softmax", 50), "cross_entropy", width=50)
    assert allocated(net, values, "sgd", executor) < SMALLEST_ARRAY


STEPS = [(optimizer, executor) for optimizer in STEPPING for executor in EXECUTORS]


@pytest.mark.parametrize(
    ("optimizer", "executor"), sampled(STEPS, lambda case: case[1] == "numpy" or case[0] == "adam")
)
def test_a_step_of_any_optimizer_allocates_nothing(optimizer, executor):
    net, values = network([("tanh", 50)], ("softmax", 50), "cross_entropy", width=50)
    assert allocated(net, values, optimizer, executor) < SMALLEST_ARRAY


def allocated(net, values, optimizer, executor):
    """The most that three steps of 64 rows have at once."""
    step = training_step(net, OPTIMIZERS[optimizer]())
    state = values | step.optimizer_state()
    function = EXECUTORS[executor]().compile(make_plan({"cost": step.cost}, step.updates, 64), state)
    for key, array in rows(net, 64, target="one-hot").items():
        function.inputs[key][...] = array
    with arithmetic():
        function.run()
        tracemalloc.start()
        try:
            for _ in range(3):
                function.run()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return peak


LAYERED = list(itertools.product(LAYERS, ("float64", "float32"), EXECUTORS))


def in_turn(case):
    """NumPy in both types, and machine code in one of them, by turns."""
    layer, dtype, executor = case
    return executor == "numpy" or (list(LAYERS).index(layer) + (dtype == "float32")) % 2 == 0


@pytest.mark.parametrize(("layer", "dtype", "executor"), sampled(LAYERED, in_turn))
def test_a_step_with_dropout_or_a_normalisation_allocates_nothing(layer, dtype, executor):
    settings = {"width": 50, "layer": LAYERS[layer], "dtype": dtype}
    net, values = network([("relu", 50)], ("softmax", 50), "cross_entropy", **settings)
    assert allocated(net, values, "sgd", executor) < SMALLEST_ARRAY // (1 if dtype == "float64" else 2)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_epoch_allocates_nothing(executor):
    net, values = network([("tanh", 50)], ("softmax", 50), "cross_entropy", width=50)
    step = training_step(net, OPTIMIZERS["sgd"]())
    data = rows(net, 500, target="one-hot")
    state = values | step.optimizer_state()
    runner = EpochRunner(EXECUTORS[executor](), {"cost": step.cost}, step.updates, state, data, 64)
    order = np.random.default_rng(0).permutation(500)
    runner.run(order, lambda: False)
    tracemalloc.start()
    try:
        runner.run(order, lambda: False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < SMALLEST_ARRAY


def test_the_measure_sees_an_allocation():
    tracemalloc.start()
    try:
        kept = np.zeros(SMALLEST_ARRAY // 8)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak >= SMALLEST_ARRAY == kept.nbytes
