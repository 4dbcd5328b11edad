"""Every activation, loss and optimiser goes from YAML through training and the model file to a prediction."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlpcli import load, train
from mlpcli.cli.text.network_and_data import describe_prepared
from mlpcli.data.prepare import Preparation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.problem.build import prepare
from nets import LOSS_SETTINGS, SETTINGS

IRIS = Path(__file__).parents[2] / "datasets" / "iris.csv"
FLOWERS = {
    "petal_width_cm": [0.2, 2.1, 1.3],
    "petal_length_cm": [1.4, 5.6, 4.1],
    "sepal_width_cm": [3.5, 2.8, 2.9],
    "sepal_length_cm": [5.1, 6.4, 5.7],
}


def write(folder, network, more=""):
    path = folder / "c.yaml"
    data, training = f"{{train: {IRIS}, target: species}}", "{epochs: 2, monitors: false}"
    text = f"data: {data}\nnetwork: {network}\ntraining: {training}\n{more}"
    path.write_text(text, encoding="utf-8")
    return path


IN_FOURS = [tuple(ACTIVATIONS)[at : at + 4] for at in range(0, len(ACTIVATIONS), 4)]
SGD = "optimiser: sgd\n"
NUMPY = ("executor=numpy",)
"""For what is nothing to the executor: nothing is compiled."""


def predicted(config, tmp_path, *changes):
    """A run, and what its model says of three flowers."""
    run = train(config, changes, runs=tmp_path / "runs")
    prediction = load(run).predict(FLOWERS)
    assert prediction.values.shape == (3, 3)
    assert prediction.labels is not None
    assert set(prediction.labels) <= {"setosa", "versicolor", "virginica"}
    return run, prediction


@pytest.mark.parametrize("names", IN_FOURS, ids=" ".join)
def test_activations(names, tmp_path):
    """A few at once, each a layer of one network; with all settings they come back from the model file."""
    given = [{"name": name, **SETTINGS.get(name, {})} for name in names]
    hidden = json.dumps([{"units": 3, "activation": each} for each in given])
    run, prediction = predicted(write(tmp_path, f"{{hidden: {hidden}}}", SGD), tmp_path, *NUMPY)
    np.testing.assert_allclose(prediction.values.sum(1), 1.0, rtol=1e-12)
    assert [each.activation for each in load(run).file.graph().layers[:-1]] == [
        ACTIVATIONS[name](**SETTINGS.get(name, {})) for name in names
    ]


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, tmp_path):
    chosen = json.dumps({"name": name, **LOSS_SETTINGS.get(name, {})})
    predicted(write(tmp_path, "{hidden: [3]}", f"loss: {chosen}\n{SGD}"), tmp_path, *NUMPY)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, tmp_path):
    predicted(write(tmp_path, "{hidden: [3]}", f"optimiser: {name}\n"), tmp_path, *NUMPY)


def test_settings_of_choices_are_kept(tmp_path):
    first, second = "{name: hard_sigmoid, slope: 1}", "{name: maxout, pieces: 4}"
    network = f"{{hidden: [{{units: 3, activation: {first}}}, {{units: 2, activation: {second}}}]}}"
    run = train(write(tmp_path, network, "loss: {name: huber, delta: 2}\n"), NUMPY, tmp_path / "runs")
    file = load(run).file
    assert [layer.activation for layer in file.graph().layers[:-1]] == [
        ACTIVATIONS["hard_sigmoid"](slope=1.0),
        ACTIVATIONS["maxout"](pieces=4),
    ]
    assert file.head.loss == LOSSES["huber"](delta=2.0)


def two_classes(tmp_path, data, output="tanh", loss="squared_error"):
    rng = np.random.default_rng(0)
    lines = [f"{a!r},{-1 if a > 0 else 1}" for a in rng.normal(size=60).tolist()]
    (tmp_path / "two.csv").write_text("\n".join(["a,label", *lines]) + "\n", encoding="utf-8")
    (tmp_path / "two.yaml").write_text(
        f"data: {{train: two.csv, target: label{data}}}\nnetwork: {{output: {output}}}\nloss: {loss}\n"
        "optimiser: {name: sgd, learning_rate: 0.3}\ntraining: {epochs: 20}\nexecutor: numpy\n",
        encoding="utf-8",
    )
    return tmp_path / "two.yaml"


@pytest.mark.parametrize("codes", ["[-1, 1]", "[0.5, -0.25]"])
def test_classes_are_predicted_from_numbers_of_their_own(codes, tmp_path):
    model = load(train(two_classes(tmp_path, f", classes: {codes}"), runs=tmp_path / "runs"))
    assert model.predict({"a": [-2.0, 2.0]}).labels == ["1", "-1"]
    assert model.evaluate(tmp_path / "two.csv").class_scores["label"].accuracy > 0.95
    prepared = prepare(two_classes(tmp_path, f", classes: {codes}"))
    target = prepared.rows(prepared.dataset.training)["target"]
    assert sorted(set(target.ravel())) == sorted(json.loads(codes))


def test_model_files_from_before_there_were_codes_are_read(tmp_path):
    plain = Preparation.from_json(to_json := prepare(two_classes(tmp_path, "")).dataset.preparation.to_json())
    assert "codes" not in to_json["target"]
    assert Preparation.from_json({**to_json, "target": {**to_json["target"], "codes": []}}) == plain


def test_one_class_and_scaled_counts_are_trained(tmp_path):
    config = two_classes(tmp_path, "", "sigmoid", "binary_cross_entropy")
    (tmp_path / "two.csv").write_text("a,label\n" + "1,yes\n2,yes\n3,yes\n" * 9, encoding="utf-8")
    found = load(train(config, runs=tmp_path / "runs")).predict({"a": [1.5]})
    assert (found.names, found.labels, found.values.shape) == (("yes",), ["yes"], (1, 1))
    assert found.values[0, 0] > 0.5
    coded = load(train(config, ["data.classes=[-1, 1]"], runs=tmp_path / "runs"))
    assert coded.predict({"a": [1.5]}).labels == ["yes"]
    assert coded.evaluate(tmp_path / "two.csv").class_scores["label"].accuracy == 1.0
    for changes in (["data.target=a", "loss=poisson"], ["data.task=regression", "data.target=a"]):
        assert np.isfinite(train(config, changes, runs=tmp_path / "runs").cost)


def test_what_a_loss_of_counts_takes_its_targets_for(tmp_path):
    config = tmp_path / "counts.yaml"
    rows = "".join(f"{at},{at % 4}\n" for at in range(24))
    (tmp_path / "counts.csv").write_text("a,n\n" + rows, encoding="utf-8")
    config.write_text(
        "data: {train: counts.csv, target: n}\nnetwork: {hidden: [2]}\nloss: poisson\n", encoding="utf-8"
    )
    prepared = prepare(config)
    assert prepared.dataset.task == "regression"
    np.testing.assert_array_equal(np.unique(prepared.dataset.training.targets), [0, 1, 2, 3])
    assert "as it is" in describe_prepared(prepared)
    scaled = prepare(config, ["data.target_scaling=standard"]).dataset
    assert scaled.training.targets.std() == pytest.approx(1)
    assert prepare(config, ["loss=huber"]).dataset.training.targets.std() == pytest.approx(1)
    assert prepare(config, ["data.class_weights=balanced"]).dataset.task == "classification"
    assert prepare(config, ["data.task=classification"]).dataset.task == "classification"
    assert prepare(config, ["loss=huber", "network.output=softmax"]).dataset.task == "classification"


def test_defaults_and_streams(tmp_path):
    prepared = prepare(write(tmp_path, "{hidden: [8]}"))
    assert [type(layer.activation).__name__ for layer in prepared.network.layers] == ["Relu", "Softmax"]
    first = prepared.initial_values()
    again = prepare(
        write(tmp_path, "{hidden: [8]}"), ["training.shuffle=false", "data.test=0.2"]
    ).initial_values()
    other = prepare(write(tmp_path, "{hidden: [8]}"), ["seed=1"]).initial_values()
    np.testing.assert_array_equal(first["hidden1.weights"], again["hidden1.weights"])
    assert (first["hidden1.weights"] != other["hidden1.weights"]).any()


def test_a_model_without_hidden_layers(tmp_path):
    """And of machine code, where there is any."""
    assert predicted(write(tmp_path, "{}"), tmp_path)[1].names == ("setosa", "versicolor", "virginica")
