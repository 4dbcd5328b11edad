"""Every op: its derivative against central differences, on every executor."""

import numpy as np
import pytest

from mlpcli.engine import ACTIVATIONS, compute, gradients, make_plan, parameter, reduce_sum
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import OPS
from mlpcli.ops.scalar_ops import NumpyScalarOps

UNARY = [
    "negative",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "tanh",
    "absolute",
    "sigmoid",
    "softplus",
    "normal_cdf",
]
BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "multiply_no_nan", "xdivy"]
rng = np.random.default_rng(5)


def cases():
    x, y = rng.uniform(0.3, 2.0, (3, 4)), rng.uniform(0.3, 2.0, (3, 4))
    for name in UNARY:
        yield name, OPS[name], [x], {}
        if name not in ("sqrt", "log", "log1p"):
            yield f"{name} below 0", OPS[name], [-x], {}
    for name in BINARY:
        yield name, OPS[name], [x, y], {}
        yield f"{name} row", OPS[name], [x, y[0]], {}
        yield f"{name} column", OPS[name], [x, y[:, :1]], {}
        yield f"{name} scalar", OPS[name], [x, y[0, 0]], {}
        yield f"scalar {name}", OPS[name], [y[0, 0], x], {}
    yield "power 2", OPS["power"], [x], {"exponent": 2.0}
    yield "power 1.5", OPS["power"], [x], {"exponent": 1.5}
    yield "clip", OPS["clip"], [x], {"low": 0.5, "high": 1.5}
    for axes in ((0,), (1,), (0, 1)):
        for keep in (True, False):
            yield f"sum {axes} {keep}", OPS["reduce_sum"], [x], {"axes": axes, "keep": keep}
            yield f"max {axes} {keep}", OPS["reduce_max"], [x], {"axes": axes, "keep": keep}
    for a in (False, True):
        for b in (False, True):
            left = x.T if a else x
            right = rng.normal(size=(5, 4) if b else (4, 5))
            yield f"matmul {a} {b}", OPS["matmul"], [left, right], {"transpose_a": a, "transpose_b": b}
    yield "columns", OPS["columns"], [x], {"start": 1, "stop": 3}
    yield "pad_columns", OPS["pad_columns"], [x], {"start": 2, "stop": 6, "width": 7}
    yield "broadcast", OPS["broadcast"], [x[:, 0]], {"shape": (2, 3, 5), "axes": (1,)}


CASES = {name: rest for name, *rest in cases()}


@pytest.mark.parametrize("name", CASES)
def test_derivative_equals_central_difference(name):
    op, values, attributes = CASES[name]
    nodes = [parameter(f"p{i}", np.shape(v)) for i, v in enumerate(values)]
    result = op(*nodes, **attributes)
    weights = np.random.default_rng(1).normal(size=result.shape)
    w = parameter("weights", result.shape)
    cost = reduce_sum(result * w)
    state = {n.name: np.array(v, float) for n, v in zip(nodes, values)} | {"weights": weights}
    slopes = {n.name: g for n, g in zip(nodes, gradients(cost, nodes))}
    found = {
        executor: compute({"cost": cost, **slopes}, state, executor=EXECUTORS[executor]())
        for executor in EXECUTORS
    }
    moved = {name: array.copy() for name, array in state.items()}
    function = EXECUTORS["numpy"]().compile(make_plan({"cost": cost}), moved)
    for node in nodes:
        numeric = np.zeros(node.shape)
        for index in np.ndindex(*node.shape):
            sides = []
            for sign in (1, -1):
                moved[node.name][index] = state[node.name][index] + sign * 1e-6
                function.run()
                sides.append(float(function.outputs["cost"]))
            moved[node.name][index] = state[node.name][index]
            numeric[index] = (sides[0] - sides[1]) / 2e-6
        for executor in EXECUTORS:
            np.testing.assert_allclose(
                found[executor][node.name], numeric, rtol=2e-7, atol=2e-8, err_msg=executor
            )


@pytest.mark.parametrize("name", ["maximum", "minimum", "absolute", "clip", "relu", "reduce_max"])
def test_the_side_taken_at_a_kink_is_the_documented_one(name):
    def slopes(build, *values):
        nodes = [parameter(f"p{i}", np.shape(v)) for i, v in enumerate(values)]
        cost = reduce_sum(build(*nodes))
        state = {n.name: v for n, v in zip(nodes, values)}
        found = compute({n.name: g for n, g in zip(nodes, gradients(cost, nodes))}, state)
        return [found[n.name].tolist() for n in nodes]

    if name in ("maximum", "minimum"):
        assert slopes(OPS[name], [2.0], [2.0]) == [[1.0], [0.0]]
    elif name == "absolute":
        assert slopes(OPS[name], [0.0]) == [[0.0]]
    elif name == "clip":
        edges = slopes(lambda x: OPS["clip"](x, low=-1.0, high=1.0), [-1.0, 0.5, 1.0])
        assert edges == [[0.0, 1.0, 0.0]]
    elif name == "relu":
        assert slopes(ACTIVATIONS["relu"](), [-1.0, 0.0, 1.0]) == [[0.0, 0.0, 1.0]]
    else:
        assert slopes(lambda x: OPS["reduce_max"](x, axes=(0,), keep=False), [1.0, 3.0, 3.0]) == [
            [0, 0.5, 0.5]
        ]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("times", [1, 20])  # a few entries and many: executors may go different ways
@pytest.mark.parametrize("name", [n for n, op in OPS.items() if op.kind == "elementwise"])
def test_executor_agrees_with_the_formula_for_any_numbers(name, times, executor):
    op = OPS[name]
    special = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -3.0, 40.0, -40.0, 800.0, -800.0, np.inf, -np.inf, np.nan])
    grid = np.tile(np.array(np.meshgrid(special, special)).reshape(2, -1), times)
    count = {"power": 1, "clip": 1, "inside": 1, "where": 3}.get(name, len(op.derivative))
    attributes = {
        "power": {"exponent": 3.0},
        "clip": {"low": -1.0, "high": 1.0},
        "inside": {"low": -1.0, "high": 1.0},
    }
    nodes = [parameter(f"p{i}", (len(grid[0]),)) for i in range(min(count, 2))]
    given = list(nodes)
    if name == "where":
        given = [OPS["greater"](nodes[0], 0.0), *nodes]
    result = op(*given, **attributes.get(name, {}))
    if result.dtype == "bool":
        result = OPS["where"](result, 1.0, 0.0)
    state = {n.name: grid[i] for i, n in enumerate(nodes)}
    found = compute({"y": result}, state, executor=EXECUTORS[executor]())["y"]
    values = [state[n.name] for n in nodes]
    if name == "where":
        values = [values[0] > 0, *values]
    with np.errstate(all="ignore"):
        expected = op.formula(NumpyScalarOps(), *values, **attributes.get(name, {}))
    # 4 units in the last place: an executor may have its own exp, log and tanh, exact to 2 each.
    np.testing.assert_allclose(found, np.asarray(expected, float), rtol=0 if executor == "numpy" else 9e-16)


def test_normal_cdf_is_exact_to_rounding():
    # Φ from 30-digit arithmetic (mpmath.ncdf).
    known = {
        -8.0: 6.2209605742717841e-16,
        -3.0: 1.3498980316300945e-03,
        -0.5: 3.0853753872598690e-01,
        0.0: 0.5,
        0.1: 5.3982783727702899e-01,
        2.5: 9.9379033467422384e-01,
        6.0: 9.9999999901341230e-01,
    }
    x = np.array(list(known))
    found = compute({"y": OPS["normal_cdf"](parameter("x", x.shape))}, {"x": x})["y"]
    np.testing.assert_allclose(found, list(known.values()), rtol=1e-14)
