"""Optimisers against their papers' formulas written out by hand."""

import numpy as np
import pytest

from mlpcli.engine import compute, gradients, make_plan
from mlpcli.execute import EXECUTORS
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows


def sgd(w, g, state, k, rate=0.1, momentum=0.0, nesterov=False):
    v = momentum * state.get("v", 0) + rate * g
    state["v"] = v
    return w - (momentum * v + rate * g if nesterov else v)


def adam(w, g, state, k, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    state["m"] = beta1 * state.get("m", 0) + (1 - beta1) * g
    state["v"] = beta2 * state.get("v", 0) + (1 - beta2) * g * g
    m, v = state["m"] / (1 - beta1**k), state["v"] / (1 - beta2**k)
    return w - rate * m / (np.sqrt(v) + epsilon)


CASES = [
    ("sgd", {"learning_rate": 0.1}, sgd, {}),
    ("sgd", {"learning_rate": 0.1, "momentum": 0.9}, sgd, {"momentum": 0.9}),
    (
        "sgd",
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
        sgd,
        {"momentum": 0.9, "nesterov": True},
    ),
    ("adam", {}, adam, {}),
    (
        "adam",
        {"learning_rate": 0.01, "beta1": 0.5, "beta2": 0.9},
        adam,
        {"rate": 0.01, "beta1": 0.5, "beta2": 0.9},
    ),
    ("adam", {"beta1": 0.0}, adam, {"beta1": 0.0}),
]


def test_every_optimizer_is_compared():
    assert {case[0] for case in CASES} == set(OPTIMIZERS)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("name", "settings", "reference", "arguments"), CASES)
def test_twenty_steps_equal_the_formula(name, settings, reference, arguments, executor):
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy")
    data = rows(net, 6, target="one-hot")
    nodes = [p.node for p in net.parameters]
    symbolic = dict(zip((n.name for n in nodes), gradients(net.cost, nodes)))
    by_hand = {k: v.copy() for k, v in values.items()}
    memory = {k: {} for k in by_hand}
    step = training_step(net, OPTIMIZERS[name](**settings))
    state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
    function = EXECUTORS[executor]().compile(make_plan({"cost": step.cost}, step.updates, 6), state)
    for key, array in data.items():
        function.inputs[key][...] = array
    for k in range(1, 21):
        function.run()
        found = compute(symbolic, by_hand, data)
        by_hand = {key: reference(w, found[key], memory[key], k, **arguments) for key, w in by_hand.items()}
        for key, w in by_hand.items():
            np.testing.assert_allclose(state[key], w, rtol=1e-10, atol=1e-12, err_msg=f"{key}, step {k}")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_small_problem_is_learnt(name):
    net, values = network([("tanh", 8)], ("softmax", 3), "cross_entropy")
    data = rows(net, 30, target="one-hot")
    step = training_step(net, OPTIMIZERS[name](learning_rate={"sgd": 0.5}.get(name, 0.02)))
    state = values | step.optimizer_state()
    function = EXECUTORS["numpy"]().compile(make_plan({"cost": step.cost}, step.updates, 30), state)
    for key, array in data.items():
        function.inputs[key][...] = array
    costs = []
    for _ in range(300):
        function.run()
        costs.append(float(function.outputs["cost"]))
    assert costs[-1] < 0.8 * costs[0]


def test_nesterov_needs_a_momentum():
    assert [key for key, *_ in OPTIMIZERS["sgd"](nesterov=True).conflicts()] == ["nesterov"]
    assert not list(OPTIMIZERS["sgd"](nesterov=True, momentum=0.9).conflicts())


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", OPTIMIZERS)
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
