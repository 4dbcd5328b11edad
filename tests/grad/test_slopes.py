"""A formula that is finite has a slope that is: what a comparison does not take never spoils what it takes.

The right slopes are differences in 60 digits, by the decimal module: nothing of ours is in them.
"""

import decimal
import itertools
import math
import operator
import re
from decimal import Decimal
from functools import reduce

import numpy as np
import pytest

from mlpcli.engine import (
    ACTIVATIONS,
    LOSSES,
    compute,
    gradients,
    parameter,
    placeholder,
    reduce_max,
    reduce_sum,
    sqrt,
)
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import topological
from mlpcli.nn.formula import read_formula
from nets import LAYERS, network

INNER = [
    "sqrt({u})",
    "log({u})",
    "1 / {u}",
    "{u}**-2",
    "({u})**0.5",
    "({u})**1.5",
    "exp({u})",
    "expm1({u})",
    "log1p({u})",
    "sqrt({u}**2)",
    "abs({u})**0.5",
    "exp(-1 / {u}**2)",
    "{u} * log({u})",
    "tanh(log({u}))",
    "sigmoid(sqrt({u}))",
    "1 / (1 + {u}**4)",
    "2 / (3 + exp({u}))",
    "x * {u} * {u} / (1 + exp({u}))",
    "abs(log({u}))",
]
ARGUMENTS = ["x", "(-x)", "(x - 1)", "(200 * x)"]
OUTER = [
    "where(x > 0, {a}, 0.5 * x)",
    "where(x <= 1, x, {a})",
    "where(x > 0, where(x < 4, {a}, 2), x)",
    "max({a}, -1, x)",
    "min(0.5, {a})",
    "clip({a}, -2, 3)",
    "max(-0.3, min(1.1, {a}) + 2 * x)",
    "abs(clip({a}, -1, 1))",
    "{a}",
]
POINTS = [-1e30, -1000.0, -89.0, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 1.25, 4.0, 5.0, 89.0, 1000.0, 1e30]


REPORTED = [
    "where(x > 0, sqrt(x), 0)",
    "where(x > 0, sqrt(x), -sqrt(-x))",
    "where(x > 0, x, exp(x) - 1)",
    "sqrt(x**2)",
    "sqrt(abs(x))",
    "exp(-1 / x**2)",
]
EVERY = 4
"""Of all pairs of an inner and an outer form one in so many is tried: each form is among them. All pass."""


def family():
    """What was reported, and pairs of an inner form with an outer one, each argument by turns."""
    yield from REPORTED
    for at, (inner, outer) in list(enumerate(itertools.product(INNER, OUTER)))[::EVERY]:
        yield outer.format(a=inner.format(u=ARGUMENTS[(at + at // len(OUTER)) % len(ARGUMENTS)]))


def chosen(better):
    """max or min of Decimals: NaN where one is, as in arrays."""

    def choose(*values):
        lost = [value for value in values if value.is_nan()]
        return lost[0] if lost else reduce(lambda a, b: b if better(b, a) else a, values)

    return choose


WORDS = {
    "sqrt": Decimal.sqrt,
    "log": Decimal.ln,
    "exp": Decimal.exp,
    "abs": abs,
    "max": chosen(operator.gt),
    "min": chosen(operator.lt),
    "where": lambda condition, a, b: a if condition else b,
    "clip": lambda a, low, high: chosen(operator.lt)(chosen(operator.gt)(a, low), high),
    "expm1": lambda a: a.exp() - 1,
    "log1p": lambda a: (1 + a).ln(),
    "tanh": lambda a: 1 - 2 / ((2 * a).exp() + 1),
    "sigmoid": lambda a: 1 / (1 + (-a).exp()),
    "Decimal": Decimal,
}


def exact(formula):
    """The formula as a function of a Decimal."""
    numbers = re.sub(r"\b\d+(\.\d+)?\b", lambda found: f"Decimal('{found[0]}')", formula)
    return eval(f"lambda x: {numbers}", dict(WORDS))


def one_sided_slopes(function, x):
    """To the left and to the right: a float; infinite where the quotient grows without end; None for a jump,
    or where the formula is no number."""
    value, size = function(x), Decimal(max(1.0, abs(float(x))))
    found = []
    for side in (-1, 1):
        long, short = (
            (function(x + side * size * step) - value) / (side * size * step)
            for step in (Decimal("1e-24"), Decimal("1e-28"))
        )
        if not short.is_finite():
            found.append(None)
        elif abs(short - long) <= Decimal("1e-5") * (1 + abs(short)):
            found.append(float(short))
        else:  # a jump grows as 1/step does, anything continuous more slowly
            found.append(None if abs(short) > 5000 * abs(long) else math.inf)
    return found


@pytest.fixture(scope="module")
def right():
    """formula -> one (left, right) of slopes for each of POINTS."""
    with decimal.localcontext() as context:
        context.prec, context.Emax, context.Emin = 60, decimal.MAX_EMAX, decimal.MIN_EMIN
        context.traps = dict.fromkeys(context.traps, False)
        return {
            formula: [one_sided_slopes(exact(formula), Decimal(x)) for x in POINTS] for formula in family()
        }


def computed(formulas, dtype, executor):
    """Values and slopes at POINTS, in one graph."""
    x = placeholder("x", (None,), dtype)
    made = {formula: read_formula(formula, {"x": x}) for formula in formulas}
    outputs = dict(made)
    for formula, node in made.items():
        outputs[f"slope of {formula}"] = gradients(reduce_sum(node), [x])[0]
    found = compute(outputs, {}, {"x": np.array(POINTS, dtype)}, EXECUTORS[executor]())
    return {formula: (found[formula], found[f"slope of {formula}"]) for formula in formulas}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_finite_formula_has_the_right_slope(executor, dtype, right):
    # Machine code is what the words make of it, which they are tested for: a few do.
    formulas = list(right) if executor == "numpy" else list(right)[::16]
    judged = 0
    for formula, (values, slopes) in computed(formulas, dtype, executor).items():
        for x, value, slope, (left, after) in zip(POINTS, values, slopes, right[formula], strict=True):
            sides = [side for side in (left, after) if side is not None]
            if not np.isfinite(value) or not sides:
                continue
            where = f"{formula} at {x}: {slope}, not {left} to {after}"
            assert not np.isnan(slope), where
            if np.isinf(slope):
                assert math.inf in sides, where
                continue
            exact = [side for side in sides if math.isfinite(side)]
            if exact:
                slack = (1e-9 if dtype == "float64" else 2e-3) * (1.0 + max(map(abs, exact)))
                assert min(exact) - slack <= slope <= max(exact) + slack, where
                judged += 1
    assert judged > 5 * len(formulas)


INDETERMINATE = [("exp(log(x))", 1.0), ("sqrt(x)**2", 1.0), ("1 / (1 + 1 / x)", 1.0)]
"""Formulas whose slope at 0 is a product of 0 and infinity that has another limit than 0."""


def test_a_product_of_0_and_infinity_counts_as_0():
    # Said in docs/config.md; it is wrong for these, and right for all that is masked.
    x = placeholder("x", (None,))
    for formula, _limit in INDETERMINATE:
        slope = gradients(reduce_sum(read_formula(formula, {"x": x})), [x])[0]
        found = compute({"slope": slope}, {}, {"x": [0.0, 1.0]})["slope"]
        assert found[0] == 0.0
        assert found[1] != 0.0


@pytest.mark.parametrize("name", ["max", "sum"])
def test_a_root_of_a_norm_at_0(name):
    w = parameter("w", (3,))
    (slope,) = gradients(sqrt(reduce_sum(w * w) if name == "sum" else reduce_max(abs(w))), [w])
    np.testing.assert_array_equal(compute({"slope": slope}, {"w": np.zeros(3)})["slope"], 0.0)


LOSSES_OF = {"softmax": ["cross_entropy", "squared_error", "huber"], "softplus": ["poisson", "huber"]}


@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_built_in_is_differentiated_by_plain_products(layer):
    named = [name for name in ACTIVATIONS if name not in ("formula", "softmax")]
    outputs = {**LOSSES_OF, "sigmoid": ["binary_cross_entropy", "cross_entropy"], "linear": list(LOSSES)}
    outputs["linear"].remove("formula")
    for output, losses in outputs.items():
        for loss in losses:
            hidden = [(name, 2) for name in named] if loss == losses[0] else [("prelu", 2)]
            net, _ = network(hidden, (output, 2), loss, layer=LAYERS[layer])
            slopes = gradients(net.cost, [p.node for p in net.trained])
            used = {node.op.name for node in topological(slopes)}
            assert not used & {"multiply_no_nan", "xdivy"}, (output, loss)
