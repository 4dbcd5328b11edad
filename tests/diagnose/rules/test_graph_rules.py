"""Facts of the graph: the gallery's pairs, graphs that no config file makes, and where to be silent."""

from dataclasses import replace

import numpy as np
import pytest
from gallery.evidence import Untrained, evidence, found, name
from gallery.run import HERE, first_of_each

from mlpcli.config.schema import NetworkConfig
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.graph.node import constant
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, build_network
from mlpcli.ops.elementwise import greater, sign, stop_gradient, where
from mlpcli.ops.reduce import reduce_mean
from mlpcli.scoring.output_range import Range, is_straight, output_range, sums_to_one
from nets import activation as made
from own_tests import offered
from sampling import sampled

EXACT = (
    "not_a_probability",
    "output_cannot_vary",
    "output_range",
    "severed_parameter",
    "zero_derivative_path",
)
OURS = ("all_layers_frozen", "batch_of_one", "hidden_softmax", "linear_hidden_layers", *EXACT[:3])
SICK = [path for rule in OURS for path in sorted((HERE / rule).glob("*.sick.yaml"))]
TWINS = [path for rule in OURS for path in sorted((HERE / rule).glob("*.twin.yaml"))]
TRIED = ("all_layers_frozen", "linear_hidden_layers")
FIRST = first_of_each(SICK + TWINS)
MOONS = """
seed: 0
data: {train: moons.csv, target: label}
network: {hidden: [{units: 8, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 60, batch_size: 16}
"""
DIABETES = """
seed: 0
data: {train: datasets/diabetes.csv, target: progression}
network: {hidden: [{units: 8, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.01}
training: {epochs: 20}
"""


@pytest.mark.parametrize(
    "path",
    sampled([path for path in SICK if "two-faults" not in path.name], FIRST.__contains__),
    ids=name,
)
def test_the_sick_one_is_told_and_its_remedies_work(path, tried):
    text = path.read_text(encoding="utf-8")
    first = diagnose(evidence(text))[0]
    assert first.rule == path.parent.name
    assert first.remedies[0].changes
    for remedy in first.remedies:
        evidence(text, *remedy.changes)
    for remedy in first.remedies[tried]:
        cured = evidence(text, *remedy.changes)
        assert cured.learns
        if remedy is first.remedies[0]:
            assert not [each for each in diagnose(cured) if each.severity == "problem"]


@pytest.mark.parametrize("path", sampled(TWINS, FIRST.__contains__), ids=name)
def test_the_healthy_twin_is_left_alone(path):
    findings = diagnose(evidence(path.read_text(encoding="utf-8")))
    assert path.parent.name not in [finding.rule for finding in findings]
    assert not [finding for finding in findings if finding.severity == "problem"]


@pytest.mark.parametrize("path", [path for path in SICK if path.parent.name in EXACT], ids=name)
def test_facts_are_told_without_a_training(path):
    subject = evidence(path.read_text(encoding="utf-8"), kind=Untrained)
    findings = [each for rule in EXACT for each in RULES[rule]().check(subject)]
    assert findings[0].rule == path.parent.name


def with_loss(output):
    """The moons network with the squared error of output(network) as its loss."""
    problem = evidence(MOONS).problem
    net = problem.network
    prediction = output(net)
    loss = reduce_mean((prediction - net.target) ** 2)
    layers = (*net.layers[:-1], replace(net.layers[-1], output=prediction))
    built = replace(net.inference, layers=layers, loss=loss, cost=loss)
    return Evidence(replace(problem, network=replace(net, training=built, inference=built, inspection=built)))


def test_a_loss_built_before_the_last_layer_severs_it():
    subject = with_loss(lambda net: net.layers[0].output @ constant(np.ones((8, 1))))
    (finding,) = RULES["severed_parameter"]().check(subject)
    assert finding.where == "parameter output.weights, output.biases"
    assert "2 of 4 parameters" in finding.cause
    assert not list(RULES["zero_derivative_path"]().check(subject))


def test_a_penalty_is_no_path_of_the_loss():
    subject = with_loss(lambda net: net.inputs @ constant(np.ones((2, 1))))
    net = subject.problem.network
    cost = net.cost + sum((p.node**2 for p in net.parameters[1:2]), net.loss)
    penalised = replace(net, training=replace(net.training, cost=cost))
    (finding,) = RULES["severed_parameter"]().check(Evidence(replace(subject.problem, network=penalised)))
    assert "4 of 4 parameters" in finding.cause
    assert "nothing at all is trained" in finding.cause


@pytest.mark.parametrize(
    ("op", "cut"),
    [
        (lambda z: where(greater(z, 0.0), 1.0, 0.0), "greater"),
        (lambda z: (sign(z) + 1.0) * 0.5, "sign"),
        (lambda z: stop_gradient(z) * 2.0, "stop_gradient"),
    ],
)
def test_a_threshold_at_the_output_lets_no_gradient_through(op, cut):
    subject = with_loss(lambda net: op(net.layers[-1].pre_activation))
    (finding,) = RULES["zero_derivative_path"]().check(subject)
    assert finding.where == f"op {cut}"
    assert "4 of 4 parameters" in finding.cause
    assert not list(RULES["severed_parameter"]().check(subject))
    findings = diagnose(subject, kinds=("graph",), ask="before training")
    assert [each.rule for each in findings] == ["zero_derivative_path"]


@pytest.mark.parametrize(
    "op", [lambda z: z, lambda z: where(greater(z, 0.0), z, z * 0.1), lambda z: z - stop_gradient(z) * 0.5]
)
def test_one_open_path_is_enough(op):
    subject = with_loss(lambda net: op(net.layers[-1].pre_activation))
    for rule in ("severed_parameter", "zero_derivative_path", "output_cannot_vary"):
        assert not list(RULES[rule]().check(subject))


def test_a_prediction_that_does_not_see_the_inputs_cannot_vary():
    subject = with_loss(lambda net: net.target * 0.0 + net.parameters[-1].node)
    (finding,) = RULES["output_cannot_vary"]().check(subject)
    assert "not computed from the inputs" in finding.cause


def layer(activation, units=3):
    """An output layer of that activation."""
    head = Head(units, activation, LOSSES["squared_error"](), "squared_error")
    return build_network(NetworkConfig(), head, 2).layers[-1]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_range_of_an_activation(activation):
    expected = {
        "elu": (-1, np.inf),
        "gelu": (-0.169971, np.inf),
        "hard_sigmoid": (0, 1),
        "hard_tanh": (-1, 1),
        "mish": (-0.308843, np.inf),
        "relu": (0, np.inf),
        "selu": (-1.758099, np.inf),
        "sigmoid": (0, 1),
        "silu": (-0.278464, np.inf),
        "softmax": (0, 1),
        "softplus": (0, np.inf),
        "softsign": (-1, 1),
        "tanh": (-1, 1),
        "ultra_fast_sigmoid": (0.00247262, 0.99752738),
        **offered("nn/activations", [activation], "RANGE"),
    }.get(activation, (-np.inf, np.inf))
    said = output_range(layer(made(activation)))
    np.testing.assert_allclose((said.low, said.high), expected, atol=1e-6)
    assert is_straight(layer(made(activation))) == (activation == "linear")
    assert sums_to_one(layer(made(activation))) == (activation == "softmax")


def test_what_is_constant_and_what_is_straight():
    assert output_range(layer(ACTIVATIONS["softmax"](), 1)).constant
    assert not output_range(layer(ACTIVATIONS["softmax"](), 2)).constant
    assert is_straight(layer(ACTIVATIONS["leaky_relu"](leak=1.0)))
    assert not is_straight(layer(ACTIVATIONS["leaky_relu"](leak=0.99)))


def test_a_bound_that_is_approached_is_within_the_range():
    assert not Range(0.0, 1.0).beyond(np.array([0.0, 1.0, 1.0 + 1e-12])).any()
    assert Range(0.0, 1.0).beyond(np.array([-1e-6, 1.0 + 1e-6])).all()
    assert not Range(-np.inf, np.inf).beyond(np.array([-1e300, 1e300])).any()
    assert Range(0.0, 1.0).beyond(np.array([0.0, np.inf])).tolist() == [False, True]


def test_softmax_over_one_unit_inside_is_told_as_that():
    text = MOONS.replace("[{units: 8, activation: tanh}]", "[8, {units: 1, activation: softmax}]")
    short = ("training.epochs=10", "executor=numpy")
    first = diagnose(evidence(text, *short))[0]
    assert (first.rule, first.key) == ("output_cannot_vary", "network.hidden[1].activation")
    assert not found("hidden_softmax", text, *short)


@pytest.mark.parametrize("output", ["sigmoid", "hard_sigmoid", "ultra_fast_sigmoid", "softmax"])
def test_probabilities_are_probabilities(output):
    assert not found("not_a_probability", MOONS, f"network.output={output}")
    assert not found("output_range", MOONS, f"network.output={output}")


@pytest.mark.parametrize(
    ("output", "loss", "said"),
    [
        pytest.param("linear", "binary_cross_entropy", "all numbers", marks=pytest.mark.full),
        pytest.param("tanh", "binary_cross_entropy", "-1 to 1", marks=pytest.mark.full),
        ("sigmoid", "cross_entropy", "2 units under sigmoid"),
        ("{activation: sigmoid, units: 1}", "cross_entropy", "one unit under sigmoid"),
        ("softplus", "cross_entropy", "numbers from 0 on"),
    ],
)
def test_what_is_no_probability(output, loss, said):
    (finding,) = found("not_a_probability", MOONS, f"network.output={output}", f"loss={loss}")
    assert said in finding.cause


def test_a_cut_output_that_learns_by_luck_is_a_warning():
    quick = "optimiser={name: adam, learning_rate: 0.01}"
    luck = ("network.output=linear", "loss=binary_cross_entropy", quick)
    (finding,) = found("not_a_probability", MOONS, *luck)
    assert finding.severity == "warning"


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        (("network.output=linear",), None),
        (("network.output=sigmoid", "data.target_scaling=minmax"), None),
        (("network.output=tanh", "data.target_scaling=minmax"), None),
        (("network.output=relu", "data.target_scaling=none"), None),
        (("network.output=tanh",), "warning"),
        (("network.output=relu",), "problem"),
        (("network.output=sigmoid", "data.target_scaling=none"), "problem"),
    ],
)
def test_targets_and_the_range_of_the_output(changes, severity):
    findings = found("output_range", DIABETES, *changes, "executor=numpy")
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


def test_a_range_that_hardly_misses_is_not_worth_a_word():
    near = ("network.output=ultra_fast_sigmoid", "loss=squared_error")
    assert not found("output_range", MOONS, *near)
    (finding,) = found("output_range", MOONS, *near, "data.classes=[1, 2]")
    assert "100% of them cannot be reached" in finding.cause  # 1 is beyond 0.9975 as well
    assert finding.value == pytest.approx(2.0, rel=0.02)


@pytest.mark.full
def test_softmax_cannot_say_two_labels_at_once():
    inputs = np.random.default_rng(0).normal(size=(200, 2))
    labels = {"p": (inputs[:, 0] > 0).astype(int), "q": (inputs[:, 1] > 0).astype(int)}
    table = {"a": inputs[:, 0], "b": inputs[:, 1], **labels}
    text = MOONS.replace("moons.csv, target: label", "table.csv, target: [p, q]")
    softmax = ("network.output=softmax",)
    (finding,) = list(RULES["output_range"]().check(evidence(text, *softmax, table=table)))
    assert finding.value == pytest.approx(np.mean(labels["p"] == labels["q"]))
    assert not list(RULES["output_range"]().check(evidence(text, table=table)))
    table["q"] = 1 - table["p"]
    assert not list(RULES["output_range"]().check(evidence(text, *softmax, table=table)))


def test_linear_layers_by_what_they_cost():
    linear = MOONS.replace("tanh", "linear")
    quick = "optimiser={name: adam, learning_rate: 0.01}"
    (finding,) = found("linear_hidden_layers", linear, quick, "training.epochs=100")
    assert finding.severity == "warning"
    (finding,) = found("linear_hidden_layers", DIABETES.replace("tanh", "linear"), "executor=numpy")
    assert finding.severity == "note"
    beside = "network.hidden=[{units: 8, activation: tanh}, {units: 4, activation: linear}]"
    (finding,) = found("linear_hidden_layers", MOONS, beside, "executor=numpy")
    assert (finding.severity, finding.key) == ("note", "network.hidden[1].activation")


def test_a_hidden_softmax_that_does_no_harm_is_a_note():
    text = (HERE / "hidden_softmax/wine.sick.yaml").read_text(encoding="utf-8")
    one_layer = "network.hidden=[{units: 16, activation: softmax}]"
    (finding,) = found("hidden_softmax", text, one_layer, "executor=numpy")
    assert (finding.severity, finding.value) == ("note", 1 / 16)
