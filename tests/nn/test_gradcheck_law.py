"""Every activation × loss × initialisation that may be combined passes the gradient check in float64.

Each run checks every pair of an activation and a loss, half of the pairs with the activation hidden and half
with it at the output; `make test-all` checks all pairs in both places.
"""

import numpy as np
import pytest

from mlpcli.diagnose.gradient.compare import RELATIVE_TOLERANCE
from mlpcli.diagnose.gradient.parameter import check_gradients
from mlpcli.engine import compute, gradients
from mlpcli.execute import EXECUTORS
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Penalty
from nets import HIDDEN_ACTIVATIONS, LAYERS, network, rows
from sampling import covering, sampled

OUTPUT = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax", "poisson": "softplus"}
TARGET = {"binary_cross_entropy": "probability", "cross_entropy": "one-hot", "poisson": "count"}


COMPILED = ("cross_entropy", "huber")
"""Losses that every run checks in machine code too, one with a logit form and one without."""


def cases(activations, place):
    """Values for parametrize: activation, loss, executor.

    place: 0 or 1, which half of the pairs every run checks; softmax, which is never hidden, has all of them.
    In machine code each loss has an activation by turn, and every run takes COMPILED: the other executors do
    the same steps as NumPy, tests/execute/test_agreement.py.
    """
    order, losses = list(ACTIVATIONS), list(LOSSES)
    whole = [(name, loss, "numpy") for name in activations for loss in losses]
    others = [kind for kind in EXECUTORS if kind != "numpy"]
    some = [(name, losses[at % len(losses)]) for at, name in enumerate(activations)]
    compiled = [(*pair, kind) for pair in some for kind in others]

    def always(case):
        name, loss, executor = case
        if executor != "numpy":
            return loss in COMPILED and case in compiled[: len(losses)]
        return name == "softmax" or (order.index(name) + losses.index(loss)) % 2 == place

    return sampled(whole + compiled, always)


def assert_gradients(net, values, data, executor="numpy"):
    rng = np.random.default_rng(0)
    nodes = [p.node for p in net.trained]
    checks = check_gradients(net.cost, nodes, values | net.counters(), data, EXECUTORS[executor](), rng)
    assert [c.name for c in checks if not c.right] == [], checks
    assert sum(c.checked for c in checks) > 0
    return checks


@pytest.mark.parametrize(("name", "loss", "executor"), cases(HIDDEN_ACTIVATIONS, 0))
def test_hidden_activation_loss_initialisation(name, loss, executor):
    assert RELATIVE_TOLERANCE == 1e-6
    # By turns: the initialisation is a matter of values, nothing to the activation or the executor.
    turn = list(ACTIVATIONS).index(name) + list(LOSSES).index(loss)
    for init in [list(INITIALIZERS)[(turn + step) % len(INITIALIZERS)] for step in (0, 5)]:
        net, values = network([(name, 3)], (OUTPUT.get(loss, "linear"), 2), loss, init=init)
        assert_gradients(net, values, rows(net, 4, target=TARGET.get(loss, "number")), executor)


@pytest.mark.parametrize(("name", "loss", "executor"), cases(ACTIVATIONS, 1))
def test_any_activation_as_output_with_any_loss(name, loss, executor):
    net, values = network([("tanh", 3)], (name, 3), loss, penalty=Penalty(0.01, 0.02, True))
    assert_gradients(net, values, rows(net, 4, target=TARGET.get(loss, "number")), executor)


LAYERED = [
    (name, layer)
    for at, name in enumerate(HIDDEN_ACTIVATIONS)
    for layer in sorted(set(LAYERS) - {"plain"}, key=lambda each, at=at: (list(LAYERS).index(each) + at) % 3)
]


@pytest.mark.parametrize(("name", "layer"), sampled(LAYERED, covering(LAYERED).__contains__))
def test_hidden_activation_with_dropout_or_a_normalisation(name, layer):
    """With NumPy against differences."""
    net, values = network([(name, 3)], ("softmax", 3), "cross_entropy", layer=LAYERS[layer])
    assert_gradients(net, values, rows(net, 4, target="one-hot"))


LAYERED_ONCE = [
    next(case for case in LAYERED[at:] if case[1] == layer)
    for at, layer in enumerate(LAYERS)
    if layer != "plain"
]


@pytest.mark.parametrize(("name", "layer"), sampled(LAYERED, LAYERED_ONCE.__contains__))
def test_the_executors_have_the_same_gradients_of_dropout_and_normalisations(name, layer):
    """The other executors have the gradients that NumPy has, and the same step."""
    net, values = network([(name, 3)], ("softmax", 3), "cross_entropy", layer=LAYERS[layer])
    data = rows(net, 4, target="one-hot")
    outputs = {
        p.node.name: g for p, g in zip(net.trained, gradients(net.cost, [p.node for p in net.trained]))
    }
    outputs |= {f"next {node.name}": value for node, value in net.buffer_updates.items()}
    found = [compute(outputs, values | net.counters(), data, EXECUTORS[kind]()) for kind in EXECUTORS]
    assert len(found[0]) == len(net.trained) + len(net.buffer_updates)
    for key, expected in found[0].items():
        for other in found[1:]:
            np.testing.assert_allclose(other[key], expected, rtol=1e-10, atol=1e-14, err_msg=key)


@pytest.mark.parametrize("init", INITIALIZERS)
def test_biases_may_have_any_initialisation(init):
    net, values = network([("tanh", 3), ("relu", 3)], ("softmax", 3), "cross_entropy", bias_init=init)
    assert_gradients(net, values, rows(net, 4, target="one-hot"))


def test_most_entries_are_checked_not_skipped():
    net, values = network([("relu", 6), ("hard_tanh", 5)], ("softmax", 3), "cross_entropy")
    checks = assert_gradients(net, values, rows(net, 6, target="one-hot"))
    assert sum(c.on_kinks for c in checks) < 0.05 * sum(c.entries for c in checks)


def test_large_inputs_are_no_false_alarm():
    net, values = network([("tanh", 4)], ("softmax", 3), "cross_entropy")
    data = rows(net, 6, target="one-hot")
    data["inputs"] *= [1000.0, 1.0, 0.001]
    assert_gradients(net, values, data)
