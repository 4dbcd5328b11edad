"""Laws over the whole table of activations, and values from their sources."""

import numpy as np
import pytest

from mlpcli.engine import ACTIVATIONS, compute, gradients, parameter, placeholder, reduce_sum
from mlpcli.execute import EXECUTORS
from own_tests import message, offered

ELEMENTWISE = [
    name
    for name in ACTIVATIONS
    if ACTIVATIONS[name].elementwise and name not in ("prelu", "maxout", "formula")
]


def value_and_slope(name, x, executor="numpy", dtype="float64", **settings):
    node = parameter("x", np.shape(x), dtype)
    y = ACTIVATIONS[name](**settings)(node)
    outputs = {"y": y, "slope": gradients(reduce_sum(y), [node], allow_disconnected=True)[0]}
    found = compute(outputs, {"x": np.asarray(x)}, executor=EXECUTORS[executor]())
    return found["y"], found["slope"]


# At x = -1.5, 0.25, 2, by 30-digit arithmetic: oracles/make_activation_values.py. What is not here has a test
# file of its own.
KNOWN = {
    "sigmoid": [0.18242552380635634, 0.5621765008857981, 0.88079707797788244],
    "hard_sigmoid": [0.2, 0.55, 0.9],
    "tanh": [-0.90514825364486644, 0.24491866240370913, 0.96402758007581688],
    "hard_tanh": [-1.0, 0.25, 1.0],
    "relu": [0.0, 0.25, 2.0],
    "leaky_relu": [-0.015, 0.25, 2.0],
    "linear": [-1.5, 0.25, 2.0],
    "softplus": [0.20141327798275241, 0.82593941987884356, 2.1269280110429725],
    "softsign": [-0.6, 0.2, 0.66666666666666667],
    "elu": [-0.77686983985157017, 0.25, 2.0],
    "selu": [-1.3658143533672527, 0.26267524683887012, 2.101401974710961],
    "gelu": [-0.1002108019032871, 0.14967658142073093, 1.9544997361036416],
    "silu": [-0.27363828570953451, 0.14054412522144953, 1.7615941559557649],
    "mish": [-0.29809974216680676, 0.16957240966381759, 1.9439589595339945],
    "ultra_fast_sigmoid": [0.17857142857142857, 0.58333333333333333, 0.875],
    **offered("nn/activations", ELEMENTWISE, "KNOWN"),
}


ENTRIES = 300


def values_and_slopes(x, executor="numpy", dtype="float64"):
    """name -> (value, slope) of every elementwise activation, in one plan of one shape: it is compiled once.

    x: at most ENTRIES numbers; zeros fill the rest.
    """
    count, x = len(x), np.concatenate([x, np.zeros(ENTRIES - len(x))]).astype(dtype)
    node = parameter("x", (ENTRIES,), dtype)
    outputs = {}
    for name in ELEMENTWISE:
        y = ACTIVATIONS[name]()(node)
        outputs[name] = y
        outputs[f"slope of {name}"] = gradients(reduce_sum(y), [node], allow_disconnected=True)[0]
    found = compute(outputs, {"x": x}, executor=EXECUTORS[executor]())
    return {name: (found[name][:count], found[f"slope of {name}"][:count]) for name in ELEMENTWISE}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_values_from_the_source(executor):
    for name in ELEMENTWISE:
        assert name in KNOWN, message("nn/activations", name, "KNOWN, its values at -1.5, 0.25 and 2")
    for name, (found, _) in values_and_slopes([-1.5, 0.25, 2.0], executor).items():
        np.testing.assert_allclose(found, KNOWN[name], rtol=5e-15, atol=1e-16, err_msg=name)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_derivative_equals_central_difference(executor):
    x = np.linspace(-7.03, 7.07, 283)  # no multiple of it is a joint of a piecewise activation
    h = 1e-6
    above, below = values_and_slopes(x + h), values_and_slopes(x - h)
    for name, (_, slope) in values_and_slopes(x, executor).items():
        difference = (above[name][0] - below[name][0]) / (2 * h)
        np.testing.assert_allclose(slope, difference, rtol=1e-7, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_finite_for_every_finite_input(dtype, executor):
    big = np.finfo(dtype).max
    x = np.array([-big, -1e4, -800.0, -90.0, 0.0, 90.0, 800.0, 1e4, big], dtype)
    for name, (y, slope) in values_and_slopes(x, executor, dtype).items():
        assert np.isfinite(y[1:-1]).all(), name  # selu of the largest number itself is beyond it
        assert not np.isnan(y).any(), name
        assert np.isfinite(slope).all(), name


def test_nan_stays_nan():
    for name, (y, _) in values_and_slopes([np.nan]).items():
        assert np.isnan(y).all(), name


def test_sides_taken_at_the_kinks():
    assert value_and_slope("relu", [0.0])[1] == 0.0
    assert value_and_slope("leaky_relu", [0.0])[1] == 0.01
    np.testing.assert_array_equal(value_and_slope("hard_tanh", [-1.0, 1.0])[1], [0.0, 0.0])
    np.testing.assert_array_equal(value_and_slope("hard_sigmoid", [-2.5, 2.5])[1], [0.0, 0.0])
    x = parameter("x", (1, 4))
    (slope,) = gradients(reduce_sum(ACTIVATIONS["maxout"](pieces=2)(x)), [x])
    assert compute({"s": slope}, {"x": [[1.0, 5.0, 1.0, 2.0]]})["s"].tolist() == [[1.0, 1.0, 0.0, 0.0]]


def test_ultra_fast_sigmoid_at_its_joints():
    # u = |x|/2: the curve below 1.7, the line below 3, then flat; 0.375 is the slope of the curve at 0.
    y, slope = value_and_slope("ultra_fast_sigmoid", [0.0, 3.399999, 3.4, 5.999999, 6.0, -6.0, -3.4])
    curve, line = 1.5 * 1.6999995 / 2.6999995, 0.935409070603099
    end = 0.935409070603099 + 0.0458812946797165 * (2.9999995 - 1.7)
    flat = 0.99505475368673
    signed = np.array([0.0, curve, line, end, flat, -flat, -line])
    np.testing.assert_allclose(y, (signed + 1) / 2, rtol=1e-14)
    half_line = 0.0458812946797165 / 4
    steep = 1.5 / (1 + 1.6999995) ** 2 / 4
    np.testing.assert_allclose(slope, [0.375, steep, half_line, half_line, 0, 0, half_line], rtol=1e-12)


def test_other_settings_of_hard_sigmoid():
    keras = value_and_slope("hard_sigmoid", [1.5], slope=1 / 6)[0]
    textbook = value_and_slope("hard_sigmoid", [0.25], slope=1.0)[0]
    assert keras == pytest.approx(0.75)
    assert textbook == 0.75


@pytest.mark.parametrize("executor", EXECUTORS)
def test_softmax_rows_sum_to_one_even_for_huge_logits(executor):
    z = placeholder("z", (None, 3))
    rows = np.array([[1000.0, 999.0, -1000.0], [0.0, 0.0, 0.0], [-1e5, -1e5, -1e5]])
    p = compute({"p": ACTIVATIONS["softmax"]()(z)}, {}, {"z": rows}, EXECUTORS[executor]())["p"]
    np.testing.assert_allclose(p.sum(1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(p[0], [0.731058578630005, 0.268941421369995, 0.0], rtol=1e-14)


def test_prelu_is_trained_per_unit_or_shared():
    assert ACTIVATIONS["prelu"]().trained(4) == {"leak": ((4,), 0.25)}
    assert ACTIVATIONS["prelu"](shared=True, start=0.1).trained(4) == {"leak": ((1,), 0.1)}


def test_maxout_takes_the_largest_piece():
    x = parameter("x", (1, 6))
    y = ACTIVATIONS["maxout"](pieces=3)(x)
    assert ACTIVATIONS["maxout"](pieces=3).linear_outputs(2) == 6
    assert compute({"y": y}, {"x": [[1.0, 9.0, 5.0, 2.0, 3.0, 4.0]]})["y"].tolist() == [[5.0, 9.0]]
