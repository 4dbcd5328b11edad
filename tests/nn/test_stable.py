"""Logarithms of probabilities are computed from logits, whatever was written."""

import numpy as np
import pytest

from mlpcli.engine import ACTIVATIONS, LOSSES, compute, gradients, parameter, placeholder
from mlpcli.graph.node import topological
from mlpcli.nn.stable import use_logit_forms
from nets import network, rows

PAIRS = [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")]


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_no_clip_is_left_and_the_value_is_the_same(activation, loss):
    z, t = parameter("z", (4, 3)), parameter("t", (4, 3))
    written = LOSSES[loss]()(ACTIVATIONS[activation]()(z), t)
    stable = use_logit_forms(written)
    assert "clip" in {n.op.name for n in topological([written])}
    assert "clip" not in {n.op.name for n in topological([stable])}
    rng = np.random.default_rng(0)
    values = {"z": rng.normal(size=(4, 3)), "t": rng.dirichlet(np.ones(3), 4)}
    found = compute({"written": written, "stable": stable}, values)
    np.testing.assert_allclose(found["stable"], found["written"], rtol=1e-13)


@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_certain_and_wrong_is_finite_exact_and_has_a_gradient(activation, loss):
    z, t = parameter("z", (2, 2)), parameter("t", (2, 2))
    cost = use_logit_forms(LOSSES[loss]()(ACTIVATIONS[activation]()(z), t))
    values = {"z": np.array([[800.0, -800.0], [-800.0, 800.0]]), "t": np.array([[0.0, 1.0], [1.0, 0.0]])}
    found = compute({"cost": cost, "g": gradients(cost, [z])[0]}, values)
    assert found["cost"] == 1600.0
    p = np.array([[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(found["g"], (p - values["t"]) / 2, atol=1e-15)


def test_small_gradients_keep_their_precision():
    z, t = parameter("z", (1, 1)), parameter("t", (1, 1))
    cost = use_logit_forms(LOSSES["binary_cross_entropy"]()(ACTIVATIONS["sigmoid"]()(z), t))
    found = compute({"cost": cost, "g": gradients(cost, [z])[0]}, {"z": [[40.0]], "t": [[1.0]]})
    assert found["cost"] == pytest.approx(np.exp(-40.0), rel=1e-12)
    assert found["g"][0, 0] == pytest.approx(-np.exp(-40.0), rel=1e-12)


def test_a_pair_without_logit_form_is_clipped_and_finite():
    net, values = network([("relu", 3)], ("relu", 2), "cross_entropy")
    data = rows(net, 4, target="one-hot")
    data["inputs"][:] = -100.0
    found = compute({"cost": net.cost, "g": gradients(net.cost, [net.parameters[0].node])[0]}, values, data)
    assert all(np.isfinite(v).all() for v in found.values())
    assert found["cost"] == pytest.approx(-np.log(1e-7), rel=1e-6) or found["cost"] < -np.log(1e-7)


def test_other_logarithms_are_left_alone():
    x = placeholder("x", (None, 2))
    net = LOSSES["poisson"]()(x, placeholder("t", (None, 2)))
    assert use_logit_forms(net) is net
