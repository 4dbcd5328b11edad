import numpy as np
import pytest

from mlpcli.config.schema import HiddenConfig, NetworkConfig, OutputConfig
from mlpcli.engine import compute, gradients
from mlpcli.errors import SettingError
from mlpcli.execute import EXECUTORS
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.memory import check_memory
from mlpcli.nn.network import build_network, choose_head
from mlpcli.optim.optimizers.lbfgs import Lbfgs
from nets import network, rows


def head(task, outputs, activation=None, units=None, loss=None):
    output = OutputConfig(units=units, activation=activation and ACTIVATIONS[activation]())
    chosen = choose_head(NetworkConfig((), output), loss and LOSSES[loss](), task, outputs)
    return type(chosen.activation).__name__, chosen.units, chosen.loss_name


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("classification", 2), ("Sigmoid", 1, "binary_cross_entropy")),
        (("classification", 5), ("Softmax", 5, "cross_entropy")),
        (("multilabel", 4), ("Sigmoid", 4, "binary_cross_entropy")),
        (("classification", 1), ("Sigmoid", 1, "binary_cross_entropy")),
        (("classification", 1, None, None, "cross_entropy"), ("Sigmoid", 1, "cross_entropy")),
        (("regression", 2), ("Linear", 2, "squared_error")),
        (("classification", 2, "softmax"), ("Softmax", 2, "cross_entropy")),
        (("classification", 2, "softmax", 1), ("Softmax", 1, "binary_cross_entropy")),
        (("classification", 2, "hard_sigmoid"), ("HardSigmoid", 1, "binary_cross_entropy")),
        (("classification", 2, None, 2), ("Softmax", 2, "cross_entropy")),
        (("classification", 2, None, None, "cross_entropy"), ("Softmax", 2, "cross_entropy")),
        (("classification", 3, "sigmoid"), ("Sigmoid", 3, "binary_cross_entropy")),
        (("classification", 2, None, None, "squared_error"), ("Sigmoid", 1, "squared_error")),
        (("regression", 1, "relu", None, "huber"), ("Relu", 1, "huber")),
    ],
)
def test_what_is_not_given_follows_from_the_task(asked, expected):
    assert head(*asked) == expected


@pytest.mark.parametrize(("task", "outputs", "units"), [("classification", 3, 1), ("regression", 1, 2)])
def test_units_that_fit_no_target_are_refused(task, outputs, units):
    with pytest.raises(SettingError) as caught:
        head(task, outputs, units=units)
    assert caught.value.key == "network.output.units"


def test_classes_with_numbers_of_their_own_take_one_unit():
    config, tanh = NetworkConfig(), NetworkConfig((), OutputConfig(activation=ACTIVATIONS["tanh"]()))
    for given, loss in ((config, "cross_entropy"), (config, None), (tanh, "squared_error")):
        assert choose_head(given, loss and LOSSES[loss](), "classification", 2, coded=True).units == 1
    two = NetworkConfig((), OutputConfig(units=2))
    with pytest.raises(SettingError) as caught:
        choose_head(two, None, "classification", 2, coded=True)
    assert caught.value.key == "network.output.units"


@pytest.mark.parametrize("executor", EXECUTORS)
def test_softmax_in_a_hidden_layer_sums_to_one_and_passes_a_gradient(executor):
    net, values = network([("tanh", 4), ("softmax", 3)], ("sigmoid", 1), "binary_cross_entropy")
    outputs = {"hidden": net.layers[1].output, "gradient": gradients(net.cost, [net.parameters[0].node])[0]}
    found = compute(outputs, values, rows(net), EXECUTORS[executor]())
    np.testing.assert_allclose(found["hidden"].sum(axis=1), 1.0, rtol=1e-14)
    assert np.all(found["gradient"] != 0)


def test_a_network_larger_than_memory_is_refused_with_its_size():
    config = NetworkConfig((HiddenConfig(units=4), HiddenConfig(units=10**12)))
    net = build_network(config, choose_head(config, None, "regression", 1), 2)
    with pytest.raises(SettingError, match="6,000,000,000,013 parameters") as caught:
        check_memory(net, config, 32)
    assert caught.value.key == "network.hidden[1].units"


def test_memory_that_the_optimiser_asks_for_is_told_of_the_optimiser():
    config = NetworkConfig((HiddenConfig(units=4),))
    net = build_network(config, choose_head(config, None, "regression", 1), 2)
    many = Lbfgs(history=10**12)
    with pytest.raises(SettingError, match="2,000,000,000,000 arrays of as many numbers") as caught:
        check_memory(net, config, 32, many.arrays, many.arrays_key)
    assert caught.value.key == "optimiser.history"
    check_memory(net, config, 32, Lbfgs().arrays, Lbfgs().arrays_key)


def test_parameters_have_names_roles_and_sizes():
    net, values = network([("prelu", 4), ("maxout", 3)], ("softmax", 2), "cross_entropy", width=5)
    assert [(p.node.name, p.role, p.node.shape) for p in net.parameters] == [
        ("hidden1.weights", "weights", (5, 4)),
        ("hidden1.biases", "biases", (4,)),
        ("hidden1.leak", "leak", (4,)),
        ("hidden2.weights", "weights", (4, 6)),
        ("hidden2.biases", "biases", (6,)),
        ("output.weights", "weights", (3, 2)),
        ("output.biases", "biases", (2,)),
    ]
    assert net.size == sum(v.size for v in values.values()) == 20 + 4 + 4 + 24 + 6 + 6 + 2


def test_the_cost_is_loss_plus_penalty():
    from mlpcli.engine import compute
    from mlpcli.nn.network import Penalty
    from nets import rows

    net, values = network([("prelu", 3)], ("linear", 1), penalty=Penalty(l1=0.1, l2=0.01))
    data = rows(net)
    found = compute({"cost": net.cost, "loss": net.loss, "penalty": net.penalty}, values, data)
    weights = [v for k, v in values.items() if k.endswith("weights")]
    expected = sum(0.1 * np.abs(w).sum() + 0.01 * (w**2).sum() for w in weights)
    assert found["penalty"] == pytest.approx(expected)
    assert found["cost"] == pytest.approx(found["loss"] + expected)
    with_biases, _ = network([("prelu", 3)], ("linear", 1), penalty=Penalty(l2=0.01, penalise_biases=True))
    biases = [v for k, v in values.items() if not k.endswith("leak")]
    expected = sum(0.01 * (w**2).sum() for w in biases)
    given = {k: v for k, v in values.items() if not k.endswith("leak")}
    assert compute({"p": with_biases.penalty}, given)["p"] == pytest.approx(expected)
