"""Loops over views: spread numbers and columns, parts of a matrix, whatever else is in the loop."""

import numpy as np
import pytest

from mlpcli.engine import compute, constant, parameter, reduce_max, reduce_sum
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import OPS

X = np.arange(6.0).reshape(3, 2) + 1


SOURCE = parameter("x", (3, 2))


def views():
    x = SOURCE
    yield "number", OPS["broadcast"](constant(2.0), shape=(3, 2), axes=()), np.full((3, 2), 2.0)
    column = OPS["columns"](x, start=1, stop=2)
    yield "column", column, X[:, 1:]
    yield "spread column", OPS["broadcast"](column, shape=(3, 4), axes=()), np.repeat(X[:, 1:], 4, axis=1)
    both = OPS["broadcast"](x, shape=(5, 3, 2), axes=(0,))
    yield "new axis", OPS["columns"](x, start=0, stop=2) + reduce_sum(both, (0,)), 6 * X


@pytest.mark.parametrize("executor", list(EXECUTORS))
@pytest.mark.parametrize(("view", "value"), [pytest.param(v, a, id=n) for n, v, a in views()])
def test_reductions_and_products_of_views(view, value, executor):
    outputs = {
        "sum": reduce_sum(view),
        "max": reduce_max(view, (0,)),
        "each": reduce_sum(view, (1,)),
        "twice": view * 2.0,
        "squares": reduce_sum(view * view),
        "x": SOURCE + 1.0,
    }
    got = compute(outputs, {"x": X}, {}, EXECUTORS[executor]())
    np.testing.assert_array_equal(got["sum"], value.sum())
    np.testing.assert_array_equal(got["max"], value.max(axis=0))
    np.testing.assert_array_equal(got["each"], value.sum(axis=1))
    np.testing.assert_array_equal(got["twice"], 2 * value)
    np.testing.assert_array_equal(got["squares"], (value**2).sum())
    np.testing.assert_array_equal(got["x"], X + 1)
