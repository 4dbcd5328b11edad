"""The checker itself: it passes what is right and catches what is wrong."""

import json

import numpy as np
import pytest
from broken_op import broken, in_one_argument, one_percent_off, with_op, zeroed

from mlpcli.diagnose.gradient.check import (
    CheckedCost,
    burned_in,
    check_cost,
    default_coordinates,
)
from mlpcli.diagnose.gradient.op import first_wrong_op, parts_of
from mlpcli.diagnose.gradient.parameter import check_gradients
from mlpcli.diagnose.layers.health import layer_health
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import OPS, PARAMETER, constant, parameter, placeholder, topological
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.network import Penalty
from mlpcli.ops.elementwise import stop_gradient, tanh
from mlpcli.ops.reduce import reduce_sum
from mlpcli.optim.optimizers import OPTIMIZERS
from nets import HIDDEN_ACTIVATIONS, network, rows


def run(net, values, data):
    nodes = [p.node for p in net.parameters]
    return check_gradients(net.cost, nodes, values, data, EXECUTORS["numpy"](), np.random.default_rng(0))


@pytest.mark.parametrize(
    "op_name", ["tanh", "matmul", "add", "subtract", "log", "exp", "multiply", "reduce_sum"]
)
def test_a_derivative_one_percent_off_is_caught_in_a_network(op_name):
    op = OPS[op_name]
    wrong = tuple(rule and one_percent_off(rule) for rule in op.derivative)
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy")
    data = rows(net, 6, target="one-hot")
    assert all(check.right for check in run(net, values, data))
    with broken(op, wrong) as wrong_op:
        cost = with_op(net.cost, op, wrong_op)[net.cost]
        checks = check_gradients(
            cost, parameters_in(cost), values, data, EXECUTORS["numpy"](), np.random.default_rng(0)
        )
    assert not all(check.right for check in checks)
    assert max(check.worst.relative_error for check in checks if check.worst) > 1e-3
    assert any(check.direction.right is False for check in checks)


def parameters_in(cost):
    return [node for node in topological([cost]) if node.op is PARAMETER]


def test_one_wrong_entry_of_many_is_seen_by_the_direction():
    net, values = network([("tanh", 40)], ("softmax", 3), "cross_entropy", width=30)
    data = rows(net, 4, target="one-hot")
    op = OPS["matmul"]

    def twice(*nodes, **attributes):
        factor = np.ones((30, 40))
        factor[17, 23] = 2.0
        return op.derivative[1](*nodes, **attributes) * constant(factor)

    with broken(op, (op.derivative[0], twice)) as wrong_op:
        first = with_op(net.cost, op, wrong_op, lambda node: node.inputs[1].name == "hidden1.weights")
        cost = first[net.cost]
        (check,) = check_gradients(
            cost,
            [first[net.parameters[0].node]],
            values,
            data,
            EXECUTORS["numpy"](),
            np.random.default_rng(0),
            most_entries=20,
        )
    assert check.wrong == 0  # not among the 20
    assert check.direction.right is False
    assert not check.right


def whole(net, values, data, **more):
    """Check the gradient of a network at its initial weights and after a burn-in."""
    executor = EXECUTORS["numpy"]()
    later = burned_in(net, OPTIMIZERS["sgd"](), values, data, executor)
    return check_cost(
        checked_cost(net),
        [("initial weights", values), ("after a burn-in", later)],
        data,
        executor,
        np.random.default_rng(0),
        **more,
    )


def checked_cost(net, cost=None):
    """Describe the network's own cost, or another one of its loss and penalty."""
    return CheckedCost(
        cost=net.cost if cost is None else cost,
        loss=net.loss,
        penalty=net.penalty,
        parameters=[p.node for p in net.parameters],
        parts=parts_of(net),
    )


def test_loss_and_penalty_at_every_point():
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy", penalty=Penalty(0.01, 0.1))
    before = {name: array.copy() for name, array in values.items()}
    found = whole(net, values, rows(net, 6, target="one-hot"))
    assert found.right
    assert found.sentence == ""
    assert found.first_wrong is None
    assert [(c.point, c.part, c.name) for c in found.checks] == [
        (point, part, p.node.name)
        for point in ("initial weights", "after a burn-in")
        for part in ("loss", "penalty")
        for p in net.parameters
    ]
    for name, array in before.items():
        np.testing.assert_array_equal(values[name], array)
    # The penalty is of the weights alone: the gradient of the biases is 0, and that is compared too.
    biases = next(c for c in found.checks if (c.part, c.name) == ("penalty", "hidden1.biases"))
    assert (biases.checked, biases.worst.symbolic, biases.worst.numeric) == (4, 0.0, 0.0)
    assert biases.direction.right
    plain = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert plain["right"]
    assert plain["checks"][0]["direction"]["relative_error"] < 1e-6


def test_after_a_burn_in_the_biases_are_off_the_kink():
    net, values = network([("relu", 4)], ("sigmoid", 1), "binary_cross_entropy", bias_init="zeros")
    data = rows(net, 8)
    data["inputs"][0] = 0.0  # every pre-activation of this row is exactly 0
    found = whole(net, values, data)
    biases = {c.point: c for c in found.checks if c.name == "hidden1.biases"}
    assert biases["initial weights"].on_kinks == 4
    assert biases["initial weights"].direction.right is None
    assert not biases["initial weights"].judged
    assert biases["after a burn-in"].checked == 4
    assert biases["after a burn-in"].direction.right
    assert found.right
    assert found.unjudged == ()
    json.dumps(found.as_json(), allow_nan=False)


def test_a_sum_that_loses_the_penalty_is_wrong():
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy", penalty=Penalty(0.0, 0.1))
    data = rows(net, 6, target="one-hot")
    op = OPS["add"]
    with broken(op, in_one_argument(op, 1, zeroed)) as wrong_op:
        new = with_op(net.cost, op, wrong_op, lambda node: node is net.cost)
        found = check_cost(
            checked_cost(net, new[net.cost]),
            [("initial weights", values)],
            data,
            EXECUTORS["numpy"](),
            np.random.default_rng(0),
        )
    assert all(check.right for check in found.checks)
    assert found.sum_wrong == ("hidden1.weights", "output.weights")
    assert not found.right
    assert (found.first_wrong.op, found.first_wrong.argument) == ("wrong add", 2)
    assert "hidden1.weights" in found.sentence


def test_a_parameter_the_cost_does_not_depend_on_has_a_zero_gradient():
    w, apart = parameter("w", (3,)), parameter("apart", (2,))
    cost = reduce_sum(w * w)
    state = {"w": np.ones(3), "apart": np.ones(2)}
    none = {"none": np.zeros((1, 0))}
    checks = check_gradients(cost, [w, apart], state, none, EXECUTORS["numpy"](), np.random.default_rng(0))
    assert [(c.name, c.right, c.checked) for c in checks] == [("w", True, 3), ("apart", True, 2)]
    assert checks[1].worst.symbolic == checks[1].worst.numeric == 0.0


def test_a_gradient_stopped_by_mistake_is_wrong_though_no_op_is():
    w = parameter("w", (3,))
    cost = reduce_sum(stop_gradient(w) ** 2)
    found = check_cost(
        CheckedCost(cost=cost, loss=cost, penalty=None, parameters=[w]),
        [("initial weights", {"w": np.array([1.0, 2.0, 3.0])})],
        {"none": np.zeros((1, 0))},
        EXECUTORS["numpy"](),
        np.random.default_rng(0),
    )
    assert not found.right
    assert found.first_wrong is None
    assert "how they are put together" in found.sentence


def test_units_that_flip_within_a_step_are_no_false_alarm():
    # A staircase with more and more stairs towards w: the gradient at w is 0, and every step length sees
    # another slope.
    w, x = parameter("w", (1,)), placeholder("x", (None, 1))
    cost = reduce_sum(tanh((w - x) * 1e18))
    data = {"x": 1.0 + 10.0 ** -np.arange(3.0, 13.0)[:, None]}
    (check,) = check_gradients(
        cost, [w], {"w": np.array([1.0])}, data, EXECUTORS["numpy"](), np.random.default_rng(0)
    )
    assert check.right
    assert not check.judged
    assert check.on_kinks == 1


def test_a_cost_that_overflows_within_a_step_is_not_judged():
    w = parameter("w", (2,))
    cost = reduce_sum(OPS["exp"](w))
    state = {"w": np.array([709.782, 0.0])}
    none = {"none": np.zeros((1, 0))}
    (check,) = check_gradients(cost, [w], state, none, EXECUTORS["numpy"](), np.random.default_rng(0))
    assert check.right


def test_a_gradient_that_is_no_number_is_wrong_where_the_cost_is_smooth():
    w = parameter("w", (2,))
    op = OPS["exp"]
    plain = reduce_sum(op(w))
    with broken(op, (lambda g, y, x: g * OPS["log"](y * 0.0 - 1.0),)) as wrong_op:
        cost = with_op(plain, op, wrong_op)[plain]
        state = {"w": np.array([0.3, -0.2])}
        none = {"none": np.zeros((1, 0))}
        (check,) = check_gradients(cost, [w], state, none, EXECUTORS["numpy"](), np.random.default_rng(0))
        found = first_wrong_op(cost, [w], state, none, np.random.default_rng(0))
    assert check.wrong == 2
    assert check.direction.right is False
    assert found.op == "wrong exp"


def test_the_number_of_entries_follows_the_size_or_is_all():
    assert default_coordinates([parameter("w", (8, 8))], 64) == 200
    assert default_coordinates([parameter("w", (10_000, 10_000))], 64) == 10
    deep = [parameter(f"w{number}", (16, 16)) for number in range(40)]
    assert 10 <= default_coordinates(deep, 64) < 60  # each run takes the calls of 40 layers
    assert default_coordinates([parameter("w", (8, 80))], 64, every=True) == 640
    assert 40 < default_coordinates([parameter("w", (784, 500))], 64, every=True) < 784 * 500
    net, values = network([("tanh", 40)], ("softmax", 3), "cross_entropy", width=30)
    data = rows(net, 4, target="one-hot")
    first = {name: whole(net, values, data, **more).checks[0].checked for name, more in (
        ("default", {}),
        ("given", {"coordinates": 25}),
        ("all", {"coordinates": default_coordinates([p.node for p in net.parameters], 4, every=True)}),
    )}  # fmt: skip
    assert first == {"default": 200, "given": 25, "all": 1200}


def test_a_burn_in_that_diverges_is_none():
    net, values = network([("linear", 4)], ("linear", 1))
    data = rows(net, 8, target="number")
    data["inputs"] *= 1e6
    fast = OPTIMIZERS["sgd"](learning_rate=10.0)
    assert burned_in(net, fast, values, data, EXECUTORS["numpy"](), 60) is None


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
