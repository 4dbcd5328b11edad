"""Values, gradients and running averages as PyTorch has them; batches of one row; frozen layers."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlpcli.engine import compute, gradients, make_plan
from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows
from sampling import sampled

CASES = json.loads((Path(__file__).parents[1] / "oracles" / "torch_normalizations.json").read_text())


OF_PYTORCH = [(name, executor) for name in CASES for executor in EXECUTORS]


@pytest.mark.parametrize(
    ("name", "executor"), sampled(OF_PYTORCH, lambda case: case[1] == "numpy" or case[0] in NORMALIZATIONS)
)
def test_values_gradients_and_running_averages_are_those_of_pytorch(name, executor):
    case = CASES[name]
    settings = {key: case[key] for key in ("epsilon", "momentum") if case[key] is not None}
    layer = {"normalization": NORMALIZATIONS[case["name"]](**settings)}
    net, values = network([("tanh", 4)], ("linear", 2), layer=layer)
    assert {p.node.name for p in net.parameters} == set(case["parameters"])
    values |= {key: np.array(array) for key, array in case["parameters"].items()}
    inputs, target = np.array(case["inputs"]), np.array(case["target"])
    nodes = [p.node for p in net.parameters]
    outputs = {"loss": net.loss} | {n.name: g for n, g in zip(nodes, gradients(net.cost, nodes), strict=True)}
    outputs |= {f"next {node.name}": value for node, value in net.buffer_updates.items()}
    start = 0
    for step in case["steps"]:
        batch = {"inputs": inputs[start:][: step["rows"]], "target": target[start:][: step["rows"]]}
        start += step["rows"]
        found = compute(outputs, values, batch, EXECUTORS[executor]())
        assert found["loss"] == pytest.approx(step["loss"], rel=1e-13)
        for key, expected in step["gradients"].items():
            np.testing.assert_allclose(found[key], expected, rtol=1e-10, atol=1e-14, err_msg=key)
        assert {node.name for node in net.buffer_updates} == set(step["running"])
        for key, expected in step["running"].items():
            np.testing.assert_allclose(found[f"next {key}"], expected, rtol=1e-13, err_msg=key)
            values[key] = found[f"next {key}"]
    found = compute({"prediction": net.prediction}, values, {"inputs": inputs}, EXECUTORS[executor]())
    np.testing.assert_allclose(found["prediction"], case["prediction"], rtol=1e-12)


def stepped(net, values, data, executor, steps=1):
    step = training_step(net, OPTIMIZERS["adam"]())
    state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
    count = len(data["inputs"])
    function = EXECUTORS[executor]().compile(make_plan({"cost": step.cost}, step.updates, count), state)
    for key, array in data.items():
        function.inputs[key][...] = array
    with arithmetic():
        for _ in range(steps):
            function.run()
    return state, function.outputs["cost"]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_batch_of_one_row_gives_numbers(name, dtype, executor):
    net, values = network(layer={"normalization": NORMALIZATIONS[name]()}, dtype=dtype)
    state, cost = stepped(net, values, rows(net, 1), executor, steps=3)
    assert np.isfinite(cost)
    for key, array in state.items():
        assert np.isfinite(array).all(), key
    if name == "batch":  # one row has no variance: what is known of it stays
        np.testing.assert_array_equal(state["hidden1.running_variance"], 1.0)
        assert np.all(state["hidden1.running_mean"] != 0)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_frozen_layer_uses_and_keeps_its_running_averages(executor):
    layer = {"normalization": NORMALIZATIONS["batch"](), "trainable": False}
    net, values = network(layer=layer)
    assert net.buffer_updates == {}
    assert net.training is net.inference
    state, _ = stepped(net, values, rows(net), executor)
    assert {k for k in values if np.array_equal(state[k], values[k])} == {
        k for k in values if k.startswith("hidden1")
    }
    assert not [key for key in state if "/hidden1" in key]


def test_running_averages_of_what_never_varies_do_not_become_subnormal():
    net, values = network([("tanh", 2)], layer={"normalization": NORMALIZATIONS["batch"]()})
    data = rows(net, 4)
    data["inputs"][...] = 0
    values["hidden1.running_variance"][...] = 1e-305
    state, _ = stepped(net, values, data, "numpy", steps=400)
    assert np.all(state["hidden1.running_variance"] >= np.finfo("float64").tiny)


def test_the_modes_are_one_where_no_layer_differs():
    for layer in ({}, {"normalization": NORMALIZATIONS["layer"]()}, {"trainable": False}):
        net, _ = network(layer=layer)
        assert net.training is net.inference
        assert net.inspection is net.inference
        assert (net.buffer_updates, net.row) == ({}, None)
