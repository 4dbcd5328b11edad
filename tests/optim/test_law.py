"""Every optimiser × schedule × clipping × kind of layer trains a small problem, the executors agree, and the
gradients of what was trained are right.

Of the product every pair occurs: clipping and layer go by two squares whose rows and columns have each of
four once, and which together have each pair of them. Every second one of these trains in each run, with
NumPy; the executors are compared for a choice that has every optimiser, schedule, clipping and layer.
`make test-all` does both for all.
"""

import itertools
import math

import numpy as np
import pytest
from nn.test_gradcheck_law import assert_gradients

from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.optim.step import RATE_FACTOR, TrainingLength, training_step
from mlpcli.plan.make_plan import make_plan
from mlpcli.training.plateau import PlateauCounter
from mlpcli.training.runner import first_state, make_runner
from nets import LAYERS, network, rows
from sampling import covering, sampled

EPOCHS, ROWS, BATCH = 40, 12, 6
RATES = {"sgd": 0.5, "adadelta": 5.0, "adagrad": 0.2}
"""Others: 0.05. Such that 80 steps are enough."""
MORE = {"sgd": {"momentum": 0.5}, "rmsprop": {"momentum": 0.5, "centered": True}}
CLIPS = [{}, {"clip_norm": 0.5}, {"clip_value": 0.2}, {"clip_norm": 0.5, "clip_value": 0.2}]
STEPPING = [name for name in OPTIMIZERS if issubclass(OPTIMIZERS[name], StepOptimizer)]
KINDS = list(LAYERS)
TWICE = (0, 2, 3, 1)
CASES = [
    (optimizer, schedule, (i ^ j) % 4, KINDS[(i ^ TWICE[j % 4]) % 4])
    for i, optimizer in enumerate(STEPPING)
    for j, schedule in enumerate(SCHEDULES)
]
ACROSS = [CASES[i * len(SCHEDULES) + (2 * i + 1) % len(SCHEDULES)] for i in range(len(STEPPING))]
COMPARED = covering(ACROSS + CASES)


def problem(layer):
    """A network with that kind of hidden layer, its first values, and the rows."""
    net, values = network([("tanh", 3)], ("sigmoid", 1), "binary_cross_entropy", width=2, layer=LAYERS[layer])
    data = rows(net, ROWS)
    data["target"] = (data["inputs"][:, :1] > 0.2).astype(float)
    return net, values, data


def train(executor, optimizer, layer, epochs=EPOCHS):
    """Mean cost of each epoch, the state after the first one, and that after the last."""
    net, values, data = problem(layer)
    plateau = PlateauCounter.of(optimizer)
    step = training_step(
        net, optimizer, length=TrainingLength(EPOCHS, ROWS // BATCH), adjustable=plateau is not None
    )
    state = first_state(optimizer, step, values)
    outputs = {"cost": step.cost, **step.tracked}
    runner = make_runner(EXECUTORS[executor](), optimizer, step, outputs, state, data, BATCH)
    rng, costs, first = np.random.default_rng(1), [], {}
    while len(costs) < epochs:
        stretch = runner.run_epochs(1, rng, -math.inf, lambda: False)
        costs += stretch.costs[:, 0].tolist()
        if plateau is not None:
            state[RATE_FACTOR][...] = plateau.after(costs[-1], float(state[RATE_FACTOR]))
        first = first or {name: array.copy() for name, array in state.items()}
    return costs, first, state


def made(name, schedule, clip):
    settings = MORE.get(name, {}) | CLIPS[clip]
    rate = RATES.get(name, 0.05)
    return OPTIMIZERS[name](learning_rate=rate, schedule=SCHEDULES[schedule](), warm_up=1.0, **settings)


@pytest.mark.parametrize(
    ("name", "schedule", "clip", "layer"),
    sampled([case for case in CASES if case not in COMPARED], CASES[::2].__contains__),
)
def test_it_trains(name, schedule, clip, layer):
    """With NumPy; those whose executors are compared train in the next test."""
    law(made(name, schedule, clip), layer, executors=["numpy"])


@pytest.mark.parametrize(("name", "schedule", "clip", "layer"), sampled(CASES, COMPARED.__contains__))
def test_the_executors_agree(name, schedule, clip, layer):
    law(made(name, schedule, clip), layer)


BY_ALL_ROWS = [("batch", ("numpy",)), *((layer, tuple(EXECUTORS)) for layer in KINDS)]


@pytest.mark.parametrize(("layer", "executors"), sampled(BY_ALL_ROWS, BY_ALL_ROWS[:1].__contains__))
@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - set(STEPPING)))
def test_so_do_those_that_go_by_all_rows(name, layer, executors):
    """With NumPy; in machine code they are compared with SciPy in tests/training/test_lbfgs.py."""
    law(OPTIMIZERS[name](), layer, epochs=10, executors=executors)


def law(optimizer, layer, epochs=EPOCHS, executors=tuple(EXECUTORS)):
    results = {}
    for executor in executors:
        costs, first, state = train(executor, optimizer, layer, epochs)
        before, after = costs[0], np.mean(costs[-3:])
        assert after < (0.85 if layer == "dropout" else 0.75) * before, executor
        results[executor] = (costs, first)
    net, values, data = problem(layer)
    assert_gradients(net, {name: state[name] for name in values}, data)
    for costs, first in results.values():
        np.testing.assert_allclose(costs[:3], results["numpy"][0][:3], rtol=1e-10)
        assert set(first) == set(results["numpy"][1])
        for key, array in results["numpy"][1].items():
            np.testing.assert_allclose(first[key], array, rtol=1e-10, atol=1e-14, err_msg=key)


STEPPED = [case[:2] for case in CASES]


@pytest.mark.parametrize(
    ("name", "schedule"), sampled(STEPPED, covering(STEPPED[:: len(SCHEDULES) + 1] + STEPPED).__contains__)
)
def test_in_float32_everything_is_float32(name, schedule):
    """numpy alone: nothing is compiled. The factor of a schedule is no part of an optimiser's formulas."""
    net, values = network([("tanh", 2)], ("sigmoid", 1), "binary_cross_entropy", dtype="float32")
    data = rows(net, ROWS)
    optimizer = made(name, schedule, 3)
    step = training_step(net, optimizer, length=TrainingLength(EPOCHS, 2), adjustable=True)
    state = first_state(optimizer, step, {key: array.copy() for key, array in values.items()})
    outputs = {"cost": step.cost, **step.tracked}
    plan = make_plan(outputs, step.updates, ROWS)
    assert {buffer.dtype for buffer in plan.buffers} <= {"float32", "bool"}
    function = EXECUTORS["numpy"]().compile(plan, state)
    for key, array in function.inputs.items():
        array[...] = data[key]
    for _ in range(5):
        with arithmetic():
            function.run()
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in state.values())
    assert any(not np.array_equal(state[key], array) for key, array in values.items())


def test_every_pair_occurs():
    tables = (STEPPING, list(SCHEDULES), range(len(CLIPS)), KINDS)
    for one, other in itertools.combinations(range(4), 2):
        found = {(case[one], case[other]) for case in CASES}
        assert found == set(itertools.product(tables[one], tables[other]))
