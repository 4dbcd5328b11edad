"""The shape of activations: slopes, bends and flat ends."""

import numpy as np
import pytest

from mlpcli.diagnose.layers.activation_shape import activation_shape, largest_per_unit
from mlpcli.execute import EXECUTORS
from mlpcli.nn.activations import ACTIVATIONS
from nets import HIDDEN_ACTIVATIONS, network


def shape_of(net, values):
    return activation_shape(net.layers[0], values, EXECUTORS["numpy"]())


@pytest.mark.parametrize(
    ("name", "bend"), [("hard_sigmoid", 2.5), ("hard_tanh", 1.0), ("relu", 0.0), ("tanh", 0.0)]
)
def test_where_an_activation_bends(name, bend):
    net, values = network([(name, 3)], ("linear", 1))
    assert shape_of(net, values).bend == pytest.approx(bend, abs=1e-3)


def test_bounded_activations_are_flat_at_both_ends():
    bounded = set()
    for name in HIDDEN_ACTIVATIONS:
        net, values = network([(name, 3)], ("linear", 1))
        if shape_of(net, values).bounded:
            bounded.add(name)
    assert {"hard_sigmoid", "hard_tanh", "sigmoid", "softsign", "tanh", "ultra_fast_sigmoid"} <= bounded
    assert not {"elu", "gelu", "leaky_relu", "linear", "relu", "softplus", "silu"} & bounded
    assert bounded < set(ACTIVATIONS)


@pytest.mark.parametrize(("name", "steepest"), [("tanh", 1.0), ("sigmoid", 0.25), ("hard_sigmoid", 0.2)])
def test_the_steepest_slope_of_an_activation(name, steepest):
    net, values = network([(name, 3)], ("linear", 1))
    assert shape_of(net, values).steepest == pytest.approx(steepest)


def test_pieces_that_are_flat():
    flat = set()
    for name in HIDDEN_ACTIVATIONS:
        net, values = network([(name, 3)], ("linear", 1))
        if shape_of(net, values).flat_pieces:
            flat.add(name)
    assert {"hard_sigmoid", "hard_tanh", "relu", "ultra_fast_sigmoid"} <= flat
    assert not {"elu", "gelu", "leaky_relu", "linear", "sigmoid", "softplus", "silu", "tanh"} & flat


def test_the_largest_of_the_pieces_of_a_unit_counts():
    values = np.array([[1.0, -2.0, -3.0, 0.5]])  # two pieces of two units
    np.testing.assert_array_equal(largest_per_unit(values, 2), [[3.0, 2.0]])
