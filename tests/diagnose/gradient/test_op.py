"""Every op with a derivative, wrong in every way and by every argument: the check fails, and names the op."""

import json
import math

import numpy as np
import pytest
from broken_op import WAYS, broken, in_one_argument, one_percent_off, sign_flipped, with_op, zeroed

from mlpcli.diagnose.gradient.check import CheckedCost, check_cost
from mlpcli.diagnose.gradient.op import first_wrong_op, parts_of
from mlpcli.diagnose.gradient.parameter import check_gradients
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import OPS, constant, parameter, placeholder
from mlpcli.nn.network import Penalty
from mlpcli.ops.elementwise import greater, stop_gradient, tanh
from mlpcli.ops.reduce import reduce_mean, reduce_sum
from nets import network, rows
from sampling import sampled

rng = np.random.default_rng(11)
X, Y = rng.uniform(0.4, 2.0, (3, 4)), rng.uniform(0.4, 2.0, (3, 4))
FACTOR = {"one_percent_off": 1.01, "zeroed": 0.0, "sign_flipped": -1.0, "missing": 0.0}


def condition(a, b):
    return OPS["where"](greater(constant(rng.normal(size=(3, 4))), 0.0), a, b)


OPERANDS = {  # op -> its operands, its attributes
    "power": ([X], {"exponent": 1.5}),
    "clip": ([X], {"low": 0.5, "high": 1.5}),
    "add": ([X, Y[0]], {}),  # a bias
    "matmul": ([X, Y.T], {"transpose_a": False, "transpose_b": False}),
    "reduce_sum": ([X], {"axes": (0,), "keep": False}),
    "reduce_max": ([X], {"axes": (1,), "keep": True}),
    "broadcast": ([X[:, 0]], {"shape": (2, 3, 5), "axes": (1,)}),
    "columns": ([X], {"start": 1, "stop": 3}),
    "pad_columns": ([X], {"start": 2, "stop": 6, "width": 7}),
    "where": ([X, Y], {}),
    **{name: ([X, Y], {}) for name in ("subtract", "multiply", "divide", "maximum", "minimum")},
    **{name: ([X, Y], {}) for name in ("multiply_no_nan", "xdivy")},
}
DERIVED = [name for name, op in OPS.items() if any(rule is not None for rule in op.derivative)]
FAULTS = [
    (name, at, way)
    for name in DERIVED
    for at, rule in enumerate(OPS[name].derivative)
    if rule is not None
    for way in WAYS
]


def small_cost(name):
    """Build a cost of one op on parameters: the cost, its parameters and their values."""
    operands, attributes = OPERANDS.get(name, ([X], {}))
    nodes = [parameter(f"p{at}", array.shape) for at, array in enumerate(operands)]
    result = condition(*nodes) if name == "where" else OPS[name](*nodes, **attributes)
    weights = constant(np.random.default_rng(1).uniform(0.5, 1.5, result.shape))
    state = {f"p{at}": np.array(array, order="C") for at, array in enumerate(operands)}
    return reduce_sum(result * weights), nodes, state


ONE_OF_EACH_KIND = {OPS[name].kind: name for name in reversed(DERIVED)}
"""kind of op -> the first op of it: a kind is what an executor tells apart."""


@pytest.mark.parametrize(
    ("name", "executor"),
    sampled(
        [(name, executor) for name in DERIVED for executor in EXECUTORS],
        lambda case: case[1] == "numpy" or case[0] in ONE_OF_EACH_KIND.values(),
    ),
)
def test_no_right_op_is_called_wrong(name, executor):
    cost, nodes, state = small_cost(name)
    chance = np.random.default_rng(0)
    checks = check_gradients(cost, nodes, state, {"none": np.zeros((1, 0))}, EXECUTORS[executor](), chance)
    assert all(check.right and check.checked == check.entries for check in checks)
    assert all(check.direction.right for check in checks)
    assert first_wrong_op(cost, nodes, state, {}, chance) is None


TURN = {fault: sum(divmod(number, len(WAYS))) % len(WAYS) for number, fault in enumerate(FAULTS)}
"""Each way goes round the arguments: two of the five turns have every argument twice, and every way often."""


@pytest.mark.parametrize(
    ("name", "at", "way"),
    sampled(FAULTS, lambda fault: TURN[fault] < 2),
    ids=[f"{n} {a} {w.__name__}" for n, a, w in FAULTS],
)
def test_a_wrong_derivative_of_any_op_is_caught_and_named(name, at, way):
    cost, nodes, state = small_cost(name)
    op = OPS[name]
    chance = np.random.default_rng(0)
    none = {"none": np.zeros((1, 0))}
    with broken(op, in_one_argument(op, at, way)) as wrong_op:
        cost = with_op(cost, op, wrong_op, lambda node: set(nodes) & set(node.inputs))[cost]
        checks = check_gradients(cost, nodes, state, none, EXECUTORS["numpy"](), chance)
        assert not all(check.right for check in checks)
        assert any(check.direction.right is False for check in checks)
        found = first_wrong_op(cost, nodes, state, none, chance)
    assert found is not None
    assert found.op == f"wrong {name}"
    assert found.argument == at + 1
    assert found.passes_none == (way.__name__ == "missing")
    if way.__name__ in FACTOR:
        assert found.factor == pytest.approx(FACTOR[way.__name__], abs=1e-6)
    elif OPS[name].kind == "elementwise":
        assert (found.wrong, found.judged) == (1, X.size)
    json.dumps(found.as_json())


def wrong_network(op_name, way, at=0, only=lambda node: True, penalty=None):
    """Check a network in which the derivative of an op is wrong at those nodes."""
    net, values = network([("tanh", 5), ("gelu", 4)], ("softmax", 3), "cross_entropy", penalty=penalty)
    data = rows(net, 7, target="one-hot")
    op = OPS[op_name]
    with broken(op, in_one_argument(op, at, way)) as wrong_op:
        # The prediction too: the loss takes the logits, and passes it by.
        new = with_op(net.cost + reduce_sum(net.prediction), op, wrong_op, only)
        parts = [(name, new[node]) for name, node in parts_of(net)]
        nodes = [new[p.node] for p in net.parameters]
        checked = CheckedCost(
            cost=new[net.cost],
            loss=new[net.loss],
            penalty=None if net.penalty is None else new[net.penalty],
            parameters=nodes,
            parts=parts,
        )
        points, chance = [("initial weights", values)], np.random.default_rng(0)
        return check_cost(checked, points, data, EXECUTORS["numpy"](), chance)


@pytest.mark.parametrize("layer", ["hidden1", "hidden2", "output"])
def test_the_layer_is_named(layer):
    def of_layer(node):
        return node.inputs[1].name == f"{layer}.weights"

    found = wrong_network("matmul", one_percent_off, 1, of_layer)
    assert not found.right
    assert {check.name for check in found.wrong} == {f"{layer}.weights"}
    first = found.first_wrong
    assert (first.part, first.argument) == (layer, 2)
    assert f"{layer}.weights" in first.argument_node
    assert "1.01 times" in found.sentence


def test_a_missing_bias_term_is_named():
    def of_layer(node):
        return node.inputs[1].name == "hidden2.biases"

    found = wrong_network("add", zeroed, 1, of_layer)
    assert [(check.name, check.wrong) for check in found.wrong] == [("hidden2.biases", 4)]
    assert (found.first_wrong.part, found.first_wrong.argument) == ("hidden2", 2)


def test_loss_and_penalty_are_told_apart():
    found = wrong_network("log", sign_flipped, penalty=Penalty(0.0, 0.1))
    assert {check.part for check in found.wrong} == {"loss"}
    assert found.first_wrong.part == "loss"
    found = wrong_network("power", one_percent_off, penalty=Penalty(0.0, 0.1))
    parts = {check.part for check in found.wrong}
    assert parts == {"penalty"}
    assert found.first_wrong.part == "penalty"
    assert {check.name for check in found.wrong} == {f"{n}.weights" for n in ("hidden1", "hidden2", "output")}
    assert "the penalty's gradient" in found.sentence


def test_stopping_the_gradient_is_no_fault_of_an_op():
    w = parameter("w", (3,))
    cost = reduce_sum(tanh(w) * stop_gradient(w))
    state = {"w": np.array([0.3, -0.4, 0.8])}
    chance = np.random.default_rng(0)
    assert not check_gradients(cost, [w], state, {"n": np.zeros(1)}, EXECUTORS["numpy"](), chance)[0].right
    assert first_wrong_op(cost, [w], state, {}, chance) is None


@pytest.mark.parametrize("x", [1e-9, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("name", ["log", "sqrt", "divide", "power", "tanh", "exp", "softplus"])
def test_large_and_small_operands_are_no_false_alarm(name, x):
    if name == "exp" and x > 100:
        x = 100.0
    p = parameter("p", (5,))
    operands, attributes = ([constant(2.0), p], {}) if name == "divide" else ([p], {})
    if name == "power":
        attributes = {"exponent": 3.0}
    cost = reduce_sum(OPS[name](*operands, **attributes))
    state = {"p": x * np.linspace(0.9, 1.1, 5)}
    found = first_wrong_op(cost, [p], state, {}, np.random.default_rng(0))
    assert found is None


@pytest.mark.parametrize("x", [1e-12, 1e-8, 1e-4])
@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_a_wrong_derivative_next_to_0_is_caught(name, x):
    # Of all steps the relative one alone is short enough: the others give slopes of their own.
    p, op = parameter("p", (5,)), OPS[name]
    cost = reduce_sum(op(p))
    with broken(op, in_one_argument(op, 0, one_percent_off)) as wrong_op:
        cost = with_op(cost, op, wrong_op)[cost]
        state = {"p": x * np.linspace(0.9, 1.1, 5)}
        found = first_wrong_op(cost, [p], state, {}, np.random.default_rng(0))
    assert found.op == f"wrong {name}"


def test_the_batch_axis_and_its_size():
    x, w = placeholder("x", (None, 3)), parameter("w", (3,))
    spread = OPS["broadcast"](w, shape=(None, 3), axes=(0,))
    cost = reduce_sum(reduce_mean(tanh(x * spread), (0,)))
    state, data = {"w": np.array([0.5, -1.0, 0.2])}, {"x": np.random.default_rng(0).normal(size=(6, 3))}
    assert first_wrong_op(cost, [w], state, data, np.random.default_rng(0)) is None
    op = OPS["broadcast"]
    with broken(op, in_one_argument(op, 0, one_percent_off)) as wrong_op:
        new = with_op(cost, op, wrong_op)
        found = first_wrong_op(new[cost], [new[w]], state, data, np.random.default_rng(0))
    assert found.op == "wrong broadcast"
    assert math.isclose(found.factor, 1.01, rel_tol=1e-6)
