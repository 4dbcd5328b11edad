"""The checker itself: it passes what is right and catches what is wrong."""

import numpy as np
import pytest

from mlpcli.diagnose.gradient_check import check_gradients
from mlpcli.diagnose.layer_health import layer_health
from mlpcli.execute import EXECUTORS
from mlpcli.graph import node as graph_node
from mlpcli.nn.activations import ACTIVATIONS
from nets import HIDDEN_ACTIVATIONS, network, rows


def run(net, values, data):
    nodes = [p.node for p in net.parameters]
    return check_gradients(net.cost, nodes, values, data, EXECUTORS["numpy"](), np.random.default_rng(0))


@pytest.mark.parametrize(
    "op_name", ["tanh", "matmul", "add", "subtract", "log", "exp", "multiply", "reduce_sum"]
)
def test_a_derivative_one_percent_off_is_caught(op_name):
    op = graph_node.OPS[op_name]
    right = op.derivative
    wrong = tuple(rule and (lambda *args, rule=rule, **more: rule(*args, **more) * 1.01) for rule in right)
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy")
    data = rows(net, 6, target="one-hot")
    assert all(check.right for check in run(net, values, data))
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy")
    try:
        object.__setattr__(op, "derivative", wrong)
        checks = run(net, values, data)
    finally:
        object.__setattr__(op, "derivative", right)
    assert not all(check.right for check in checks)
    assert max(check.worst.relative_error for check in checks if check.worst) > 1e-3


def test_parameters_are_put_back_and_kinks_counted_apart():
    net, values = network([("relu", 3)], ("linear", 1), init="zeros", bias_init="zeros")
    values["output.weights"][...] = 1.0
    before = {k: v.copy() for k, v in values.items()}
    checks = {c.name: c for c in run(net, values, rows(net, 5, target="number"))}
    for name, array in before.items():
        np.testing.assert_array_equal(values[name], array)
    assert checks["hidden1.biases"].on_kinks == 3  # every pre-activation is exactly 0
    assert checks["hidden1.biases"].checked == 0
    assert checks["hidden1.biases"].worst is None
    assert checks["output.biases"].on_kinks == 0


def test_many_entries_are_sampled():
    net, values = network([("tanh", 40)], ("softmax", 3), "cross_entropy", width=30)
    checks = {c.name: c for c in run(net, values, rows(net, 4, target="one-hot"))}
    assert checks["hidden1.weights"].entries == 1200
    assert checks["hidden1.weights"].checked == 200


def health(net, values, data):
    layers, cost = layer_health(net, values, data, EXECUTORS["numpy"]())
    assert np.isfinite(cost)
    return {layer.name: layer for layer in layers}


def test_dead_units_are_those_without_gradient_on_every_row():
    net, values = network([("relu", 4)], ("sigmoid", 1), "binary_cross_entropy")
    values["hidden1.biases"][...] = [-100.0, -100.0, 100.0, 0.0]
    found = health(net, values, rows(net, 50))
    assert found["hidden1"].dead == 2
    assert found["output"].dead == 0
    assert not found["hidden1"].cut_off
    values["hidden1.biases"][...] = -100.0
    assert health(net, values, rows(net, 50))["hidden1"].cut_off


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "ultra_fast_sigmoid"])
def test_saturated_units_are_flat_on_nearly_all_rows(name):
    net, values = network([(name, 4)], ("sigmoid", 1), "binary_cross_entropy")
    values["hidden1.weights"][...] *= 0.1
    values["hidden1.biases"][...] = [50.0, -50.0, 0.0, 0.0]
    found = health(net, values, rows(net, 50))["hidden1"]
    assert found.saturated == 2
    assert 0 < found.mean_slope < 1


def test_mean_slope_and_gradient_norms_are_the_formulas():
    from mlpcli.nn.network import Penalty

    net, values = network([("tanh", 4)], ("linear", 1), penalty=Penalty(l2=1.0))
    data = rows(net, 20, target="number")
    found = health(net, values, data)
    h = np.tanh(data["inputs"] @ values["hidden1.weights"] + values["hidden1.biases"])
    error = h @ values["output.weights"] + values["output.biases"] - data["target"]
    assert found["hidden1"].mean_slope == pytest.approx(np.mean(1 - h**2))
    # of the loss alone: the penalty's gradient 2w is not in it
    assert found["output"].weight_gradient == pytest.approx(np.linalg.norm(2 * h.T @ error / 20))
    assert found["output"].bias_gradient == pytest.approx(abs(2 * error.mean()))


def test_softmax_slope_is_each_output_by_its_own_input():
    net, values = network([], ("softmax", 3), "cross_entropy")
    data = rows(net, 10, target="one-hot")
    z = data["inputs"] @ values["output.weights"] + values["output.biases"]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    assert health(net, values, data)["output"].mean_slope == pytest.approx(np.mean(p * (1 - p)))


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_a_fresh_network_of_any_activation_is_healthy(name):
    net, values = network([(name, 16), (name, 16)], ("softmax", 3), "cross_entropy")
    found = health(net, values, rows(net, 100, target="one-hot"))
    assert not any(layer.cut_off for layer in found.values())
    assert ACTIVATIONS[name].elementwise


@pytest.mark.parametrize("scale", [1e100, np.inf])
def test_what_rounding_hides_is_not_called_right(scale):
    net, values = network([("linear", 3)], ("linear", 1))
    data = rows(net, 5, target="number")
    values["hidden1.weights"][...] = scale
    checks = {check.name: check for check in run(net, values, data)}
    assert all(check.wrong == 0 for check in checks.values())
    assert checks["hidden1.weights"].checked == 0
    assert checks["hidden1.weights"].lost_in_rounding == checks["hidden1.weights"].entries
