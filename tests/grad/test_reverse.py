import gc
import weakref

import numpy as np
import pytest

from mlpcli.engine import (
    compute,
    gradients,
    greater,
    parameter,
    placeholder,
    reduce_mean,
    reduce_sum,
    stop_gradient,
    tanh,
    where,
)
from mlpcli.errors import DisconnectedError, ShapeError
from mlpcli.graph.node import topological
from nets import HIDDEN_ACTIVATIONS, network


def classifier():
    net, _ = network([(a, 4) for a in HIDDEN_ACTIVATIONS[:4]], ("softmax", 3), "cross_entropy")
    return net, [p.node for p in net.parameters]


def test_one_by_one_gives_the_same_nodes_as_at_once():
    net, nodes = classifier()
    at_once = gradients(net.cost, nodes)
    one_by_one = [gradients(net.cost, [node])[0] for node in nodes]
    assert all(a is b for a, b in zip(at_once, one_by_one))


def test_one_by_one_on_a_fresh_graph_makes_as_many_nodes():
    net, nodes = classifier()
    at_once = len(topological(gradients(net.cost, nodes)))
    net, nodes = classifier()
    one_by_one = len(topological([gradients(net.cost, [node])[0] for node in reversed(nodes)]))
    assert at_once == one_by_one


def test_the_work_of_one_gradient_does_not_include_the_others():
    net, nodes = classifier()
    last = gradients(net.cost, nodes[-2:])
    assert len(topological(last)) < len(topological(gradients(net.cost, nodes)))


def test_a_cost_without_the_parameter_is_named():
    x, w = placeholder("x", (None, 2)), parameter("w", (2, 1))
    prediction = placeholder("prediction", (None, 1))
    tanh(x @ w)  # built, and not used in the cost
    cost = reduce_mean((prediction - placeholder("target", (None, 1))) ** 2)
    with pytest.raises(DisconnectedError, match=r"'w'(.|\n)*'prediction'"):
        gradients(cost, [w])
    (zero,) = gradients(cost, [w], allow_disconnected=True)
    values = compute({"g": zero}, {}, {})
    np.testing.assert_array_equal(values["g"], np.zeros((2, 1)))


def test_a_path_that_passes_no_gradient_is_named():
    w = parameter("w", (3,))
    cost = reduce_sum(where(greater(w, 0.0), 1.0, 2.0)) + reduce_sum(stop_gradient(w))
    with pytest.raises(DisconnectedError, match="greater, stop_gradient"):
        gradients(cost, [w])


def test_a_cost_must_be_a_scalar():
    w = parameter("w", (3,))
    with pytest.raises(ShapeError, match="scalar"):
        gradients(w * 2.0, [w])


def test_second_derivatives():
    w = parameter("w", (3,))
    cost = reduce_sum(tanh(w) ** 2)
    (first,) = gradients(cost, [w])
    (second,) = gradients(reduce_sum(first), [w])
    at = np.array([-0.7, 0.1, 1.3])
    t = np.tanh(at)
    expected = 2 * (1 - t**2) * (1 - 3 * t**2)
    np.testing.assert_allclose(compute({"h": second}, {"w": at})["h"], expected, rtol=1e-12)


def test_a_gradient_with_respect_to_a_node_in_between():
    w = parameter("w", (2,))
    middle = w * 3.0
    (slope,) = gradients(reduce_sum(middle * middle), [middle])
    np.testing.assert_allclose(compute({"s": slope}, {"w": [1.0, 2.0]})["s"], [6.0, 12.0])


def test_very_deep_graphs_need_no_recursion():
    w = parameter("w", ())
    node = w
    for _ in range(3000):
        node = node + 1.0
    assert compute({"g": gradients(node, [w])[0]})["g"] == 1.0


def test_adjoints_are_freed_with_their_cost():
    w = parameter("w", (2,))
    cost = reduce_sum(w * w)
    gradients(cost, [w])
    gone = weakref.ref(cost)
    del cost
    gc.collect()
    assert gone() is None
