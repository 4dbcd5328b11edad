"""Plans compute what the graph says, whatever is shared, folded, overwritten."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.engine import (
    compute,
    constant,
    exp,
    gradients,
    make_plan,
    parameter,
    placeholder,
    reduce_mean,
    reduce_sum,
    softplus,
    tanh,
    where,
)
from mlpcli.execute import EXECUTORS, NumpyExecutor
from mlpcli.execute.evaluate import evaluate
from mlpcli.graph.node import OPS, topological
from mlpcli.plan.simplify import drop_identities, fold_constants, share_equal_nodes


@st.composite
def graphs(draw):
    """A random graph of elementwise ops, sums, products and column moves over (batch, 4) nodes."""
    nodes = [placeholder("x", (None, 4)), parameter("w", (4,)) * 1.0 + placeholder("x2", (None, 4))]
    square = parameter("m", (4, 4))
    for _ in range(draw(st.integers(1, 12))):
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        kind = draw(st.integers(0, 9))
        nodes.append(
            [
                lambda a, b: a + b,
                lambda a, b: a * b,
                lambda a, b: a - b * 1.0,
                lambda a, b: tanh(a),
                lambda a, b: softplus(-a) * 0.5 * 3.0,
                lambda a, b: where(OPS["greater"](a, b), a, b),
                lambda a, b: a @ square,
                lambda a, b: a * (reduce_sum(b, [1], keep=True) * 0.1),
                lambda a, b: (
                    OPS["pad_columns"](OPS["columns"](a, start=1, stop=3), start=2, stop=4, width=4) + 0.0
                ),
                lambda a, b: tanh(a) + tanh(a),
            ][kind](a, b)
        )
    return reduce_mean(nodes[-1] * nodes[-1])


@pytest.mark.parametrize("executor", EXECUTORS)
@settings(max_examples=30, deadline=None)
@given(cost=graphs(), batch=st.sampled_from([1, 3]))
def test_a_plan_computes_what_the_graph_says(executor, cost, batch):
    rng = np.random.default_rng(0)
    values = {
        "x": rng.normal(size=(batch, 4)),
        "x2": rng.normal(size=(batch, 4)),
        "w": rng.normal(size=4),
        "m": rng.normal(size=(4, 4)) / 2,
    }
    sources = [n for n in topological([cost]) if n.name in values]
    wanted = {"cost": cost}
    wanted |= {f"d{n.name}": g for n, g in zip(sources, gradients(cost, sources, allow_disconnected=True))}
    used = {n.name for n in topological(wanted.values())}
    given_rows = {k: v for k, v in values.items() if k in ("x", "x2") and k in used}
    if not given_rows:
        batch = 1
    found = compute(
        wanted,
        {k: v for k, v in values.items() if k in ("w", "m") and k in used},
        {k: v for k, v in values.items() if k in ("x", "x2") and k in used},
        EXECUTORS[executor](),
    )
    for name, expected in evaluate(wanted, values, batch).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_updates_all_see_the_old_values(executor):
    a, b, c = (parameter(name, (3,)) for name in "abc")
    updates = {a: b + 0.0, b: a * 2.0, c: c + a * b}
    state = {name: np.array(v) for name, v in (("a", [1.0, 2, 3]), ("b", [10.0, 20, 30]), ("c", [0.0, 0, 0]))}
    function = EXECUTORS[executor]().compile(make_plan({"sum": reduce_sum(a + b)}, updates), state)
    function.run()
    assert state["a"].tolist() == [10, 20, 30]
    assert state["b"].tolist() == [2, 4, 6]
    assert state["c"].tolist() == [10, 40, 90]
    assert function.outputs["sum"] == 66
    function.run()
    assert state["a"].tolist() == [2, 4, 6]
    assert state["c"].tolist() == [30, 120, 270]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_output_that_is_a_state_is_its_old_value(executor):
    w = parameter("w", (2,))
    state = {"w": np.array([1.0, 2.0])}
    function = EXECUTORS[executor]().compile(
        make_plan({"before": w * 1.0, "twice": w * 2.0}, {w: w + 1.0}), state
    )
    function.run()
    assert function.outputs["twice"].tolist() == [2, 4]
    assert state["w"].tolist() == [2, 3]


def test_constants_fold_and_equal_nodes_are_shared():
    w = parameter("w", (3,))
    root = tanh(w) * (constant(2.0) * 3.0 - 5.0) + tanh(w) * exp(constant(0.0))
    (simple,) = share_equal_nodes(drop_identities(fold_constants([root])))
    names = [n.op.name for n in topological([simple])]
    assert names == ["parameter", "tanh", "add"]


def test_identities_keep_shape_and_meaning():
    w = parameter("w", (1,))
    wide = w * constant(np.ones((2, 3)))  # a spread, not an identity
    (kept,) = drop_identities([wide])
    assert kept.shape == (2, 3)
    twice = -(w + 0.0)
    twice = -twice
    assert [n.op.name for n in topological(drop_identities([twice * 1.0]))] == ["parameter"]


def test_work_buffers_share_memory():
    x = placeholder("x", (None, 100))
    node = x
    for _ in range(20):
        node = tanh(node @ parameter("m", (100, 100)) if node is x else tanh(node) + 1.0)
    plan = make_plan({"y": node}, batch=10)
    work = [b for b in plan.buffers if b.role == "work"]
    assert len(plan.storage) <= 2 < len(work)


def test_plans_are_refused_where_state_does_not_fit():
    w = parameter("w", (3,))
    with pytest.raises(ValueError, match="'w'"):
        NumpyExecutor().compile(make_plan({"y": reduce_sum(w)}), {"w": np.zeros(4)})


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_output_that_is_a_state_is_what_it_was_before_the_step(executor):
    a = parameter("a", ())
    outputs = {"a": a, "b": a * 1.0, "sum": reduce_sum(placeholder("x", (None, 2)) * a)}
    state = {"a": np.array(3.0)}
    function = EXECUTORS[executor]().compile(make_plan(outputs, {a: a * 2.0}, 4), state)
    function.inputs["x"][...] = 1.0
    for factor in (3.0, 6.0):
        function.run()
        assert [float(function.outputs[name]) for name in outputs] == [factor, factor, 8 * factor]
    assert state["a"] == 12
