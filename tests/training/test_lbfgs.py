"""L-BFGS against SciPy's; its steps, its memory in the state, and how it ends."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlpcli.execute import EXECUTORS
from mlpcli.nn.network import Penalty
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from mlpcli.training.runner import first_state, make_runner
from nets import network, rows

PROBLEMS = json.loads((Path(__file__).parent.parent / "oracles/scipy_lbfgs.json").read_text())


def never():
    return False


def runner_on(problem, executor="numpy", dtype="float64", state=None, **settings):
    hidden = [("tanh", units) for units in problem["hidden"]]
    net, _ = network(hidden, ("softmax", 3), "cross_entropy", 3, dtype, Penalty(0.0, problem["l2"]))
    data = {name: np.array(problem[name], dtype) for name in ("inputs", "target")}
    optimizer = OPTIMIZERS["lbfgs"](**settings)
    step = training_step(net, optimizer)
    if state is None:
        weights = {name: np.array(array, dtype) for name, array in problem["start"].items()}
        state = first_state(optimizer, step, weights)
    runner = make_runner(EXECUTORS[executor](), optimizer, step, {"cost": net.cost}, state, data, 7)
    return runner, state


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("problem", PROBLEMS, ids=["convex", "not convex"])
def test_the_final_cost_is_scipys(problem, executor):
    runner, _ = runner_on(problem, executor)
    stretch = runner.run_epochs(2000, np.random.default_rng(0), -math.inf, never)
    costs = stretch.costs[:, 0]
    assert costs[0] == pytest.approx(problem["start_cost"], rel=1e-12)
    assert costs[-1] == pytest.approx(problem["cost"], rel=1e-9)
    assert np.all(np.diff(costs) <= 0)
    assert stretch.ended == "no entry of the gradient is above 1e-07"
    assert len(costs) < 1.5 * problem["iterations"] + 10


@pytest.mark.parametrize("problem", PROBLEMS, ids=["convex", "not convex"])
def test_it_goes_on_from_its_state_to_the_same_bits(problem):
    whole, end = runner_on(problem)
    first, half = runner_on(problem)
    whole.run_epochs(17, None, -math.inf, never)
    first.run_epochs(9, None, -math.inf, never)
    kept = {name: array.copy() for name, array in half.items()}
    second, resumed = runner_on(problem, state=kept)
    second.run_epochs(8, None, -math.inf, never)
    for name, array in end.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)


def test_a_state_put_back_gives_the_same_iteration_again():
    runner, state = runner_on(PROBLEMS[1])
    runner.run_epochs(5, None, -math.inf, never)
    kept = {name: array.copy() for name, array in state.items()}
    costs = []
    for _ in range(2):
        for name, array in kept.items():
            state[name][...] = array
        costs.append(runner.run_epochs(3, None, -math.inf, never).costs.tolist())
    assert costs[0] == costs[1]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_without_a_tolerance_it_ends_where_rounding_hides_the_fall(dtype):
    runner, state = runner_on(PROBLEMS[0], dtype=dtype, tolerance=0.0)
    stretch = runner.run_epochs(2000, None, -math.inf, never)
    assert stretch.ended == "the line search finds no lower cost"
    assert stretch.costs[-1, 0] == pytest.approx(PROBLEMS[0]["cost"], rel=1e-6)
    before = {name: array.copy() for name, array in state.items() if "/" not in name}
    again = runner.run_epochs(1, None, -math.inf, never)
    assert again.ended
    assert all(np.array_equal(state[name], array) for name, array in before.items())


def test_a_gradient_of_0_ends_it_at_once():
    net, values = network([], ("linear", 1), "squared_error")
    optimizer = OPTIMIZERS["lbfgs"](tolerance=0.0)
    step = training_step(net, optimizer)
    state = first_state(optimizer, step, {name: np.zeros_like(w) for name, w in values.items()})
    data = {name: np.zeros_like(array) for name, array in rows(net, 4).items()}
    runner = make_runner(EXECUTORS["numpy"](), optimizer, step, {"cost": net.cost}, state, data, 4)
    stretch = runner.run_epochs(5, None, -math.inf, never)
    assert (stretch.epochs, stretch.ended) == (1, "the gradient is 0")


def test_a_cost_that_is_not_finite_is_told_and_nothing_moves():
    runner, state = runner_on(PROBLEMS[0])
    state["output.biases"][0] = np.nan
    stretch = runner.run_epochs(5, None, -math.inf, never)
    assert stretch.epochs == 1
    assert math.isnan(stretch.costs[0, 0])
    assert state["lbfgs/pairs"] == 0


def test_the_memory_is_a_ring_of_history_pairs():
    runner, state = runner_on(PROBLEMS[1], history=3)
    runner.run_epochs(5, None, -math.inf, never)
    assert state["lbfgs/moves"].shape == (3, 31)
    assert state["lbfgs/pairs"] == 5
    curvature = np.sum(state["lbfgs/moves"] * state["lbfgs/changes"], axis=1)
    assert np.all(curvature > 0)
