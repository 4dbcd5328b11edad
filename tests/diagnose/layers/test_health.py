"""What layers do on given rows: the numbers behind question 2."""

import math

import numpy as np
import pytest

from mlpcli.diagnose.layers.health import gradient_ratio, layer_health, rms
from mlpcli.execute import EXECUTORS
from nets import HIDDEN_ACTIVATIONS, LAYERS, network, rows
from own_tests import offered


def health(net, values, data, updates=None):
    return layer_health(net, values, data, EXECUTORS["numpy"](), updates)[0]


def test_sizes_are_the_formulas():
    net, values = network([("tanh", 4)], ("linear", 1))
    data = rows(net, 20, target="number")
    first, last = health(net, values, data, {"hidden1.weights": 0.25})
    z = data["inputs"] @ values["hidden1.weights"] + values["hidden1.biases"]
    assert first.pre_activation_rms == pytest.approx(math.sqrt(np.mean(z**2)))
    assert first.activation_rms == pytest.approx(math.sqrt(np.mean(np.tanh(z) ** 2)))
    assert first.weight_rms == pytest.approx(math.sqrt(np.mean(values["hidden1.weights"] ** 2)))
    assert first.weight_scale == pytest.approx(first.weight_rms * math.sqrt(3))
    assert first.relative_gradient == pytest.approx(
        first.weight_gradient / np.linalg.norm(values["hidden1.weights"])
    )
    assert gradient_ratio([first, last]) == pytest.approx(first.relative_gradient / last.relative_gradient)
    assert (first.update, last.update) == (0.25, None)


def test_identical_units_are_equal_before_and_after_them():
    net, values = network([("tanh", 4)], ("linear", 2))
    data = rows(net, 10, target="number")
    assert health(net, values, data)[0].identical_units == 0
    values["hidden1.weights"][...] = values["hidden1.weights"][:, :1]
    values["hidden1.biases"][...] = 0.0
    assert health(net, values, data)[0].identical_units == 0  # the weights after them differ
    values["output.weights"][1:3] = values["output.weights"][0]
    assert health(net, values, data)[0].identical_units == 2
    values["hidden1.biases"][1] = 0.1
    assert health(net, values, data)[0].identical_units == 1


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "hard_sigmoid", "hard_tanh", "maxout", "prelu"])
def test_units_are_linear_while_no_row_crosses_a_bend(name):
    net, values = network([(name, 3)], ("linear", 1))
    data = rows(net, 30, target="number")
    values["hidden1.weights"][...] *= 0.01
    values["hidden1.biases"][...] = 0.5 if name != "maxout" else [5.0, 5.0, 5.0, 0.0, 0.0, 0.0]
    assert health(net, values, data)[0].linear_units == 3
    values["hidden1.weights"][...] *= 10000.0
    assert health(net, values, data)[0].linear_units == 0


@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_a_curve_is_not_straight(name):
    net, values = network([(name, 3)], ("linear", 1))
    found = health(net, values, rows(net, 30, target="number"))[0]
    straight = {"relu", "leaky_relu", "prelu", "hard_sigmoid", "hard_tanh", "maxout"}
    straight |= {*offered("nn/activations", [name], "STRAIGHT")}
    assert found.shape.straight == (name in straight)
    if name not in straight | {"linear"}:
        assert found.linear_units == 0


def test_flat_share_is_of_rows_and_units():
    net, values = network([("tanh", 4)], ("linear", 1))
    values["hidden1.weights"][...] = 0.0
    values["hidden1.biases"][...] = [5.0, 0.0, 0.0, 0.0]
    found = health(net, values, rows(net, 10, target="number"))[0]
    assert found.flat_share == 0.25
    assert found.saturated == 1


def test_rms_of_what_overflows_is_infinite():
    assert rms(np.array([1e200, 0.0])) == math.inf


def test_zeros_of_dropout_are_no_dead_units():
    plain, values = network([("relu", 6), ("tanh", 5)], ("softmax", 3), "cross_entropy")
    dropping, _ = network([("relu", 6), ("tanh", 5)], ("softmax", 3), "cross_entropy", layer={"dropout": 0.9})
    data = rows(dropping, 4, target="one-hot")
    assert health(dropping, values, data) == health(plain, values, data)


def test_batch_normalisation_is_that_of_the_rows_whatever_the_running_averages_are():
    """At initial weights they are 0 and 1: tanh of inputs of a thousand would seem saturated."""
    net, values = network([("tanh", 6)], ("softmax", 3), "cross_entropy", layer=LAYERS["batch"])
    data = rows(net, 60, target="one-hot")
    data["inputs"] *= 1000.0
    found = health(net, values, data)
    assert found[0].saturated == found[0].dead == 0
    values["hidden1.running_mean"][...] = 7.0
    assert health(net, values, data) == found


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["prelu", "maxout", "relu"])
def test_activations_with_parameters_and_pieces_keep_their_shape_beside_other_settings(name, layer):
    net, values = network([(name, 3)], ("linear", 1), layer={**LAYERS[layer], "trainable": layer != "plain"})
    first, last = health(net, values, rows(net, 30, target="number"))
    plain, its_values = network([(name, 3)], ("linear", 1))
    assert first.shape == health(plain, its_values, rows(plain, 30, target="number"))[0].shape
    assert (first.frozen, last.frozen) == (layer == "plain", False)


def test_a_layer_normalised_by_its_row_is_no_straight_line():
    for layer, straight in (("plain", 4), ("batch", 4), ("layer", 0)):
        net, values = network([("linear", 4)], ("linear", 1), layer=LAYERS[layer])
        assert health(net, values, rows(net, 30, target="number"))[0].linear_units == straight
