"""Optimisers, clipping and the rate against PyTorch's, step by step."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlpcli.engine import make_plan
from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.nn.network import Penalty
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows
from own_tests import message, offered
from sampling import sampled

MADE = json.loads((Path(__file__).parent.parent / "oracles/torch_optimizers.json").read_text())
STEPPING = [name for name in OPTIMIZERS if issubclass(OPTIMIZERS[name], StepOptimizer)]
BY_HAND = offered("optim/optimizers", STEPPING, "by_hand")
"""Optimisers that PyTorch does not have: name -> the function in their own test that writes them in NumPy."""
CASES_BY_HAND = {
    name: [{"optimizer": name, "settings": settings} for settings in cases]
    for name, cases in offered("optim/optimizers", STEPPING, "CASES").items()
}


def by_name(cases):
    """Every case with NumPy; in machine code the first, by make test-all every one.

    That the executors agree, with every optimiser and clipping, is tests/optim/test_law.py.
    """
    for at, case in enumerate(cases):
        name = case.get("optimizer", "sgd")
        for executor in EXECUTORS:
            marks = [pytest.mark.full] if executor != "numpy" and at > 0 else []
            yield pytest.param(case, executor, id=f"{name}-{case['settings']}-{executor}", marks=marks)


def compiled(optimizer, executor, more=lambda step: {}):
    """The step on the problem of the oracle, compiled, and its state. more: outputs beside the cost."""
    given = MADE["problem"]
    net, _ = network([("tanh", 3)], ("softmax", 3), "cross_entropy", width=4)
    step = training_step(net, optimizer)
    state = {name: np.array(w) for name, w in given["parameters"].items()} | step.optimizer_state()
    outputs = {"cost": step.cost, **step.tracked, **more(step)}
    function = EXECUTORS[executor]().compile(make_plan(outputs, step.updates, 6), state)
    for name, array in function.inputs.items():
        array[...] = given[name]
    return function, state


def follow(optimizer, executor, steps):
    """Cost before, parameters after and what is followed, of each step on the problem of the oracle."""
    function, state = compiled(optimizer, executor)
    for _ in range(steps):
        with arithmetic():
            function.run()
        yield (
            {name: float(value) for name, value in function.outputs.items()},
            np.concatenate([state[name].ravel() for name in MADE["problem"]["parameters"]]),
        )


def test_every_optimizer_is_compared():
    known = {case["optimizer"] for case in MADE["optimizers"]} | {*CASES_BY_HAND}
    for name in STEPPING:
        assert name in known, message("optim/optimizers", name, "by_hand(), its steps in NumPy, and CASES")
    assert set(CASES_BY_HAND) == set(BY_HAND)


@pytest.mark.parametrize(
    ("case", "executor"), [each for cases in CASES_BY_HAND.values() for each in by_name(cases)]
)
def test_twenty_steps_equal_those_written_by_hand(case, executor):
    name, settings = case["optimizer"], case["settings"]
    function, state = compiled(
        OPTIMIZERS[name](**settings),
        executor,
        more=lambda step: {f"gradient/{p.name}": gradient for p, gradient in step.gradients.items()},
    )
    parameters = MADE["problem"]["parameters"]
    gradients, after = {p: [] for p in parameters}, {p: [] for p in parameters}
    for _ in range(20):
        with arithmetic():
            function.run()
        for p in parameters:
            gradients[p].append(function.outputs[f"gradient/{p}"].copy())
            after[p].append(state[p].copy())
    for p, start in parameters.items():
        expected = list(BY_HAND[name](np.array(start), gradients[p], **settings))
        assert len(expected) == 20
        for k, (w, right) in enumerate(zip(after[p], expected, strict=True)):
            np.testing.assert_allclose(w, right, rtol=1e-10, atol=1e-12, err_msg=f"{p}, step {k + 1}")


@pytest.mark.parametrize(("case", "executor"), list(by_name(MADE["optimizers"])))
def test_twenty_steps_equal_pytorchs(case, executor):
    # PyTorch's velocity of sgd and rmsprop has the rate outside, ours inside: at one rate they are equal.
    optimizer = OPTIMIZERS[case["optimizer"]](**case["settings"])
    assert len(case["after"]) == 20
    for k, (found, weights) in enumerate(follow(optimizer, executor, 20)):
        np.testing.assert_allclose(found["cost"], case["costs"][k], rtol=1e-10, err_msg=f"step {k + 1}")
        np.testing.assert_allclose(weights, case["after"][k], rtol=1e-10, atol=1e-12, err_msg=f"step {k + 1}")


@pytest.mark.parametrize(("case", "executor"), list(by_name(MADE["clips"])))
def test_clipping_equals_pytorchs(case, executor):
    optimizer = OPTIMIZERS["sgd"](learning_rate=0.5, **case["settings"])
    for k, (found, weights) in enumerate(follow(optimizer, executor, 20)):
        assert found["clipped"] == case["clipped"][k]
        np.testing.assert_allclose(weights, case["after"][k], rtol=1e-10, atol=1e-12, err_msg=f"step {k + 1}")


def test_both_limits_hold_with_value_and_norm_and_a_gradient_of_0_stays():
    for settings in ({"clip_norm": 0.01, "clip_value": 0.004}, {"clip_norm": 1e-3}):
        optimizer = OPTIMIZERS["sgd"](learning_rate=1.0, **settings)
        before = np.concatenate([np.ravel(w) for w in MADE["problem"]["parameters"].values()])
        for found, after in follow(optimizer, "numpy", 5):
            move = before - after
            assert found["clipped"] == 1.0
            assert np.abs(move).max() <= settings.get("clip_value", 1.0) * (1 + 1e-12)
            assert np.linalg.norm(move) <= settings["clip_norm"] * (1 + 1e-9)
            before = after
    net, values = network([], ("linear", 1), "squared_error")
    step = training_step(net, OPTIMIZERS["sgd"](clip_norm=1.0))
    state = {name: np.zeros_like(w) for name, w in values.items()}
    function = EXECUTORS["numpy"]().compile(make_plan({"cost": step.cost}, step.updates, 2), state)
    with arithmetic():
        function.run()  # inputs and targets are 0
    assert all(np.all(w == 0) for w in state.values())


def test_without_options_there_is_no_state_and_no_output_more():
    net, _ = network()
    step = training_step(net, OPTIMIZERS["sgd"]())
    assert step.optimizer_state() == {}
    assert step.tracked == {}
    assert list(training_step(net, OPTIMIZERS["sgd"](), adjustable=True).optimizer_state()) == ["rate_factor"]


@pytest.mark.parametrize(
    ("penalise_biases", "decaying"), [(False, ["weights"]), (True, ["weights", "biases"])]
)
def test_adamw_decays_what_a_penalty_would_be_on(penalise_biases, decaying):
    net, values = network([("prelu", 3)], ("linear", 1), penalty=Penalty())
    moved = {}
    for decay in (0.0, 0.5):
        settings = {"weight_decay": decay, "penalise_biases": penalise_biases, "learning_rate": 0.1}
        step = training_step(net, OPTIMIZERS["adamw"](**settings))
        state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
        function = EXECUTORS["numpy"]().compile(make_plan({"cost": step.cost}, step.updates, 5), state)
        for key, array in rows(net, 5).items():
            function.inputs[key][...] = array
        function.run()
        moved[decay] = state
    for p in net.parameters:
        name, old = p.node.name, values[p.node.name]
        expected = 0.1 * 0.5 * old if p.role in decaying else 0.0
        np.testing.assert_allclose(moved[0.0][name] - moved[0.5][name], expected, atol=1e-15)


def test_a_centered_spread_below_0_by_rounding_is_0():
    net, values = network([], ("linear", 1), "squared_error")
    optimizer = OPTIMIZERS["rmsprop"](centered=True, rho=0.5, learning_rate=1e-12)
    step = training_step(net, optimizer)
    state = values | step.optimizer_state()
    function = EXECUTORS["numpy"]().compile(make_plan({"cost": step.cost}, step.updates, 3), state)
    for key, array in rows(net, 3, target="number").items():
        function.inputs[key][...] = array
    for _ in range(200):
        function.run()
    squares, mean = state["squares/output.weights"], state["gradients/output.weights"]
    np.testing.assert_allclose(squares, mean**2, rtol=1e-8)
    assert all(np.isfinite(array).all() for array in state.values())


@pytest.mark.parametrize(
    ("name", "settings", "key"),
    [
        ("sgd", {"nesterov": True}, "nesterov"),
        ("rprop", {"smallest": 2.0}, "smallest"),
        ("rprop", {"largest": 0.5}, "largest"),
    ],
)
def test_settings_that_contradict_each_other(name, settings, key):
    assert [where for where, *_ in OPTIMIZERS[name](**settings).conflicts()] == [key]
    assert not list(OPTIMIZERS[name]().conflicts())


ADJUSTED = [(name, executor) for name in STEPPING for executor in EXECUTORS]


@pytest.mark.parametrize(
    ("name", "executor"), sampled(ADJUSTED, lambda case: case[1] == "numpy" or case[0] == "sgd")
)
def test_a_rate_that_is_adjustable(name, executor):
    """A factor of a half is half the rate; steps leave it as it is; without it there is none."""
    net, values = network()
    data = rows(net, 6)
    results = []
    for rate, factor in ((0.25, None), (0.5, 0.5)):
        step = training_step(net, OPTIMIZERS[name](learning_rate=rate), adjustable=factor is not None)
        state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
        assert ("rate_factor" in state) == (factor is not None)
        if factor:
            assert state["rate_factor"] == 1.0
            state["rate_factor"][...] = factor
        function = EXECUTORS[executor]().compile(make_plan({"cost": step.cost}, step.updates, 6), state)
        for key, array in data.items():
            function.inputs[key][...] = array
        for _ in range(5):
            function.run()
        assert state.pop("rate_factor", factor) == factor
        results.append(state)
    for key, array in results[0].items():
        np.testing.assert_allclose(results[1][key], array, rtol=1e-14)
