"""Formulas: what they compute, what is refused, and that nothing but a SettingError ever comes of a text."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.engine import ACTIVATIONS, LOSSES, compute, gradients, parameter, placeholder, reduce_sum
from mlpcli.errors import SettingError
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import topological
from mlpcli.nn.formula import FUNCTIONS, functions, read_formula
from mlpcli.nn.formula_text import LONGEST, MOST_TOKENS

X = np.linspace(-3.03, 3.07, 62)  # no multiple of it is a kink of what follows
POSITIVE = "0.1 + x**2"
ALONE = {
    "abs": "abs(x)",
    "clip": "clip(2 * x, -1, 1.5)",
    "erf": "erf(x)",
    "exp": "exp(-x / 2)",
    "expm1": "expm1(x)",
    "log": f"log({POSITIVE})",
    "log1p": "log1p(x**2)",
    "max": "max(0.1 * x, x, -1)",
    "min": "min(x, 1, x**3)",
    "normal_cdf": "normal_cdf(-x)",
    "sign": "x * sign(x) + 2",
    "sqrt": f"sqrt({POSITIVE})",
    "where": "where(x >= 0.5, x**2, where(x < -1, 2 - x, x / 3))",
}
FORMULAS = [
    *ALONE.values(),
    *(f"0.5 * {name}(x - 0.25)" for name in functions() if name not in FUNCTIONS),
    "-x + +x * 2",
    f"1 / ({POSITIVE})",
    f"({POSITIVE}) ** -1.5",
    "x**3 / 7 - (x - 1)**1 + x**0",
    "2**x + e**-x",
    "tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))",
    "where(x > 0, 1, 0) + where(x <= 1, x, 1)",
    "1 / (1 + exp(-2 * x)) + log(1 + exp(x)) - log(sigmoid(x))",
]


def names(shape=(62,), dtype="float64"):
    return {"x": parameter("x", shape, dtype)}


def computed(formula, x=X, executor="numpy", dtype="float64"):
    """Value and slope; the formula alone, without what the choice checks."""
    node = parameter("x", np.shape(x), dtype)
    y = read_formula(formula, {"x": node})
    outputs = {"y": y, "slope": gradients(reduce_sum(y), [node])[0]}
    found = compute(outputs, {"x": np.asarray(x, dtype)}, executor=EXECUTORS[executor]())
    return found["y"], found["slope"]


def test_the_table_has_every_word():
    assert set(ALONE) == set(FUNCTIONS)


def test_values_and_slopes_of_all_words_on_all_executors():
    nodes = names()
    made = [read_formula(formula, nodes) for formula in FORMULAS]
    outputs = {f"y{i}": y for i, y in enumerate(made)}
    outputs |= {f"s{i}": gradients(reduce_sum(y), [nodes["x"]])[0] for i, y in enumerate(made)}
    found = {name: compute(outputs, {"x": X}, executor=EXECUTORS[name]()) for name in EXECUTORS}
    h = 1e-6
    above, below = (compute(outputs, {"x": X + d}) for d in (h, -h))
    for i, formula in enumerate(FORMULAS):
        difference = (above[f"y{i}"] - below[f"y{i}"]) / (2 * h)
        for executor in EXECUTORS:
            slope = found[executor][f"s{i}"]
            np.testing.assert_allclose(slope, difference, rtol=1e-6, atol=1e-8, err_msg=formula)
            for key in (f"y{i}", f"s{i}"):
                other = found["numpy"][key]
                np.testing.assert_allclose(
                    found[executor][key], other, rtol=1e-12, atol=1e-14, err_msg=formula
                )


SAME = {
    "(x + abs(x)) / 2": ("relu", {}),
    "max(0, x)": ("relu", {}),
    "where(x > 0, x, 0)": ("relu", {}),
    "((1 + 0.01) * x + (1 - 0.01) * abs(x)) / 2": ("leaky_relu", {}),
    "1 / (1 + exp(-x))": ("sigmoid", {}),
    "(1 + tanh(x / 2)) / 2": ("sigmoid", {}),
    "x * sigmoid(x)": ("silu", {}),
    "x / (1 + abs(x))": ("softsign", {}),
    "clip(x, -1, 1)": ("hard_tanh", {}),
    "clip(0.2 * x + 0.5, 0, 1)": ("hard_sigmoid", {}),
    "log(1 + exp(x))": ("softplus", {}),
    "-log(sigmoid(-x))": ("softplus", {}),
    "log1p(exp(x))": ("softplus", {}),
    "where(x > 0, x, 1.5 * expm1(min(x, 0)))": ("elu", {"alpha": 1.5}),
    "0.5 * x * (1 + erf(x / sqrt(2)))": ("gelu", {}),
    "x * tanh(log(1 + exp(x)))": ("mish", {}),
    "(exp(2 * x) - 1) / (exp(2 * x) + 1)": ("tanh", {}),
}


@pytest.mark.parametrize("formula", SAME)
def test_what_is_built_in_can_be_written(formula):
    name, more = SAME[formula]
    node = parameter("x", X.shape)
    y = ACTIVATIONS[name](**more)(node)
    expected = compute({"y": y, "slope": gradients(reduce_sum(y), [node])[0]}, {"x": X})
    value, slope = computed(formula)
    np.testing.assert_allclose(value, expected["y"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope, expected["slope"], rtol=1e-12, atol=1e-15)


def test_sides_taken_at_the_kinks():
    """abs' is 0 at 0, so that the textbook's form of ReLU has ½ there, and max(0, x) has 0."""
    slopes = {f: computed(f, [0.0])[1][0] for f in ("(x + abs(x)) / 2", "max(0, x)", "max(x, 0)")}
    assert list(slopes.values()) == [0.5, 0.0, 1.0]
    assert computed("((1 + 0.01) * x + (1 - 0.01) * abs(x)) / 2", [0.0])[1][0] == 0.505


@pytest.mark.parametrize("formula", ["1 / (1 + exp(-x))", "log(1 + exp(x))", "-log(1 / (1 + exp(x)))"])
def test_written_out_forms_do_not_overflow(formula):
    value, slope = computed(formula, [-1e4, -800.0, 0.0, 800.0, 1e4])
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


def test_it_is_of_the_precision_of_its_argument():
    for formula in FORMULAS:
        assert read_formula(formula, names(dtype="float32")).dtype == "float32"


def test_numbers_are_computed_when_it_is_read():
    assert computed("x * (2**0.5 * sqrt(2) / max(1, 2) - log(e) + where(1 > 0, 1, 0))", [3.0])[0][0] == (
        pytest.approx(3.0, rel=1e-15)
    )
    assert computed("x ** log(e**2)", [3.0])[0][0] == 9.0


def test_a_formula_may_be_written_over_lines():
    assert computed("\n  x\n  + 1\n", [1.0])[0][0] == 2.0


REFUSED = {
    "": "empty",
    "3": "x is not in the formula",
    "x^2": r"Column 2 .* '\^' is not allowed.\n.*x\*\*2",
    "x + sigmod(x)": "Column 5 .* 'sigmod' is not a known function.\n.*'sigmoid'",
    "x + y": "Column 5 .* 'y' is not known here",
    "tanh": r"tanh is a function.\n.*tanh\(…\)",
    "x(2)": r"x is not a function.\n.*x \* \(…\)",
    "tanh(x)(x)": "not a function",
    "x.real": r"Column 2 .* '\.' is not allowed",
    "x.__class__": r"'\.' is not allowed",
    "__import__('os')": '"\'" is not allowed',
    "max(x)": r"max is given 1 argument.\n.*max\(a, b, …\)",
    "tanh(x, x)": r"tanh is given 2 arguments.\n.*tanh\(x\)",
    "clip(x, x, 1)": "Column 9 .* has to be a number",
    "clip(x, 1, 0)": "lower bound is above",
    "max(*x, x)": "by their place",
    "softmax(x)": "not a function of one number",
    "prelu(x)": "not a function of one number",
    "formula(x)": "not a function of one number",
    "x > 0": r"no number.\n.*where",
    "where(x, 1, 0) * x": "not a comparison",
    "where(0 < x < 1, x, 1)": "more than two",
    "where(x == 0, x, 1)": "not allowed",
    "x if x else 1": "'if' is not allowed",
    "x and 1": "'and' is not allowed",
    "True * x": "'True' is not allowed",
    "2x": r"no operator.*\n.*2 \* x",
    "1j * x": "no operator",
    "x // 2": "operator is not allowed",
    "x ** x": "exponent is not a number",
    "x ** 65": "out of range",
    "x / 0": "Column 5 .* division by 0",
    "x / (2 - 2)": "division by 0",
    "log(0) * x": "not a finite number",
    "(-1) ** 0.5 * x": "not a finite number",
    "1e999 * x": "not a finite number",
    "9" * 500 + " * x": "not a finite number",
    "x, x": "comma",
    "(x": "not closed",
    "x)": "closes none",
    "x +": "has to follow",
    "x x": "missing here, or too much",
    "(" * 21 + "x" + ")" * 21: "nested more than 20",
    "+".join(["x"] * (MOST_TOKENS // 2 + 1)): "more than 300",
    "x" * 1001: "1,001 signs",
    "sign(x)": "No gradient",
    "where(x > 0, 1, 0)": "No gradient",
    5: "not int",
    None: "not NoneType",
}


@pytest.mark.parametrize("formula", REFUSED, ids=lambda formula: str(formula)[:30])
def test_what_is_refused_and_why(formula):
    with pytest.raises(SettingError, match=REFUSED[formula]) as caught:
        ACTIVATIONS["formula"](formula=formula)(placeholder("x", (None, 3)))
    assert caught.value.key == "formula"
    assert all(len(line) < 300 for line in str(caught.value).splitlines())


# --- fuzzing ---------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [*"+-*/(),<>=x.^ 0123456789eE_\n'\"[]{}:;@~\\", "**", "<=", "==", "//", "abs(", "max(", "where(", "clip(",
     "x > 0", "1e308", "-" * 50, "(" * 40, "lambda x:", "if", "not", "x.y", "__import__", "gelu(", "*x", "²"]
)  # fmt: skip


def harmless(text):
    """A SettingError, or a graph of bounded size."""
    try:
        result = ACTIVATIONS["formula"](formula=text)(placeholder("x", (None, 2)))
    except SettingError:
        return None
    return result


@settings(max_examples=70, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=60)))
def test_any_text_is_a_formula_or_a_fault(text):
    harmless(text)


@settings(max_examples=70, deadline=None)
@given(st.data())
def test_any_mutation_of_a_formula_is_a_formula_or_a_fault(data):
    text = data.draw(st.sampled_from(FORMULAS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(start, min(len(text), start + 8)))
        text = (
            text[:start]
            + data.draw(st.one_of(PIECES, st.just(""), st.just(text[start:stop] * 2)))
            + text[stop:]
        )
    harmless(text)


def test_the_largest_graphs_are_small():
    """The words that make most nodes, as often as a formula can hold them."""
    longest = 0
    for name in functions():
        if name in ALONE and name != "erf":
            continue
        calls = min(MOST_TOKENS // 5, LONGEST // (len(name) + 4))
        result = harmless("+".join([f"{name}(x)"] * calls))
        assert result is not None
        longest = max(longest, len(topological([result])))
    assert 300 < longest < 10 * MOST_TOKENS


@pytest.mark.parametrize("text", ["-" * 299 + "x", "2" + "**2" * 140, "(" * 20 + "x" + ")" * 20 + "-x" * 120])
def test_depth_ends_in_no_other_error(text):
    harmless(text)


# --- parameters and losses -------------------------------------------------------------------------------


def test_parameters_are_trained_arrays_one_per_unit_or_shared():
    leaky = {"formula": "max(0, x) + leak * min(0, x)", "parameters": {"leak": 0.25}}
    made = ACTIVATIONS["formula"](**leaky)
    assert made.trained(4) == {"leak": ((4,), 0.25)}
    assert ACTIVATIONS["formula"](**leaky, shared=True).trained(4) == {"leak": ((1,), 0.25)}
    x, leak, own = parameter("x", (3, 4)), parameter("leak", (4,)), ACTIVATIONS["prelu"]()
    given = {"x": np.linspace(-1, 1.1, 12).reshape(3, 4), "leak": np.array([0.25, 0.1, 0.0, -1.0])}
    results = []
    for each in (made, own):
        y = each(x, leak=leak)
        slopes = gradients(reduce_sum(y * y), [x, leak])
        results.append(compute({"y": y, "x": slopes[0], "leak": slopes[1]}, given))
    for key, value in results[1].items():
        np.testing.assert_allclose(results[0][key], value, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"x": 1.0}, "means something else"),
        ({"tanh": 1.0}, "means something else"),
        ({"pi": 1.0}, "means something else"),
        ({"weights": 1.0}, "means something else"),
        ({"self": 1.0}, "means something else"),
        ({"lambda": 1.0}, "means something else"),
        ({"a b": 1.0}, "letters"),
        ({"ä": 1.0}, "letters"),
        ({1: 1.0}, "letters"),
        ({"a": float("nan")}, "number"),
        ({"a": "1"}, "number"),
        ({"a": True}, "number"),
        ({"a": 1.0}, "a is not in the formula"),
        ({f"a{i}": 1.0 for i in range(17)}, "17 parameters"),
        ([["a", 1.0]], "not names with numbers"),
        (None, "not names with numbers"),
    ],
)
def test_parameters_that_are_refused(parameters, words):
    made = ACTIVATIONS["formula"](formula="x * 2", parameters=parameters)
    found = list(made.conflicts())
    assert len(found) == 1
    assert words in found[0][1]


def test_a_parameter_that_only_decides_gets_no_gradient():
    made = ACTIVATIONS["formula"](formula="where(x > edge, x, 0)", parameters={"edge": 0.0})
    assert "No gradient passes through the formula to edge" in next(made.conflicts())[1]


LOSS_FORMULAS = {
    "(prediction - target)**2": "squared_error",
    "abs(prediction - target)": "absolute_error",
    "where(abs(prediction - target) > 1, abs(prediction - target) - 0.5, (target - prediction)**2 / 2)": (
        "huber"
    ),
    "-(target * log(prediction) + (1 - target) * log(1 - prediction))": "binary_cross_entropy",
    "-target * log(prediction)": "cross_entropy",
}


@pytest.mark.parametrize("formula", LOSS_FORMULAS)
def test_losses_that_are_built_in_can_be_written(formula):
    p, t = parameter("p", (5, 2)), parameter("t", (5, 2))
    made = [LOSSES["formula"](formula=formula), LOSSES[LOSS_FORMULAS[formula]]()]
    rng = np.random.default_rng(0)
    given = {"p": rng.uniform(0.01, 0.99, (5, 2)), "t": rng.uniform(0, 3, (5, 2))}
    found = []
    for loss in made:
        value = loss(p, t)
        found.append(compute({"v": value, "g": gradients(value, [p])[0]}, given))
    np.testing.assert_allclose(found[0]["v"], found[1]["v"], rtol=1e-13)
    np.testing.assert_allclose(found[0]["g"], found[1]["g"], rtol=1e-13)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("prediction**2", "target is not in"),
        ("target**2", "prediction is not in"),
        ("target - sign(prediction)", "No gradient passes through the formula to prediction"),
        ("x - target", "'x' is not known"),
    ],
)
def test_losses_that_are_refused(formula, words):
    assert words in next(LOSSES["formula"](formula=formula).conflicts())[1]
