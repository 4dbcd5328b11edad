"""What is called a probability is one: between 0 and 1, and of exclusive classes the shares of 1."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from cli.world import csv_text, mlp, rows

from mlpcli import load, train
from mlpcli.config.schema import NetworkConfig, OutputConfig
from mlpcli.data.targets import ClassTarget, MultilabelTarget, RegressionTarget
from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.execute.rows import RowFunction
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, build_network, initial_values
from mlpcli.scoring.metrics import class_probabilities
from mlpcli.scoring.probabilities import why_no_probabilities
from nets import activation as made

FORMULAS = ["1 / (1 + exp(-x))", "clip(x, 0, 1)", "x", "1.5 * sigmoid(x)"]
OUTPUTS = [*((name, made(name)) for name in sorted(set(ACTIVATIONS) - {"formula"}))]
OUTPUTS += [(text, ACTIVATIONS["formula"](formula=text)) for text in FORMULAS]
TARGETS = {
    "three classes": (ClassTarget("y", ("a", "b", "c")), 3),
    "two classes, one unit": (ClassTarget("y", ("a", "b")), 1),
    "two classes as -1 and 1": (ClassTarget("y", ("a", "b"), (-1.0, 1.0)), 1),
    "two classes as 0.1 and 0.9": (ClassTarget("y", ("a", "b"), (0.1, 0.9)), 1),
    "two labels": (MultilabelTarget(("u", "v")), 2),
}


@pytest.mark.parametrize(("target", "units"), TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("activation", [each for _, each in OUTPUTS], ids=[name for name, _ in OUTPUTS])
def test_outputs_are_called_probabilities_where_they_are(activation, target, units):
    """Against what the network says of many rows, of every size: none of them is on the rule's own grid."""
    head = Head(units, activation, LOSSES["squared_error"](), "squared_error")
    network = build_network(NetworkConfig((), OutputConfig(activation=activation)), head, 5)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2000, 5)) * 10.0 ** rng.uniform(-2, 6, size=(2000, 1))
    state = initial_values(network, rng)
    outputs = RowFunction(NumpyExecutor(), {"said": network.prediction}, state)({"inputs": inputs})["said"]
    if isinstance(target, ClassTarget):
        outputs = class_probabilities(outputs, target.coding)
    good = outputs.min() >= -1e-9 and outputs.max() <= 1 + 1e-9
    if isinstance(target, ClassTarget):
        good = good and np.allclose(outputs.sum(axis=1), 1, atol=1e-9)
    assert (why_no_probabilities(network.layers[-1], target) == "") == good


def test_numbers_are_neither():
    head = Head(1, made("linear"), LOSSES["squared_error"](), "squared_error")
    layer = build_network(NetworkConfig((), OutputConfig(activation=made("linear"))), head, 2).layers[-1]
    assert why_no_probabilities(layer, RegressionTarget(("y",), (0.0,), (1.0,))) == ""


CONFIG = """\
executor: numpy
data: {train: data.csv, target: colour, test: 0.25}
network: {hidden: [3], output: linear}
loss: squared_error
training: {epochs: 2}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scores")
    (folder / "data.csv").write_text(csv_text(count=60), encoding="utf-8")
    (folder / "new.csv").write_text(csv_text(count=40, seed=3), encoding="utf-8")
    (folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return train(folder / "c.yaml", runs=folder / "runs")


def test_scores_are_named_so_everywhere(run):
    new = run.path.parent.parent / "new.csv"
    columns = ("score_blue", "score_green", "score_red")
    model = load(run)
    answer = model.predict(new)
    assert (answer.columns, model.columns, answer.names) == (columns, columns, ("blue", "green", "red"))
    written = list(csv.reader(io.StringIO(mlp("predict", run.path, new).stdout)))
    assert written[0] == ["colour", *columns]
    np.testing.assert_array_equal(np.array([row[1:] for row in written[1:]], float), answer.values)


def test_the_log_loss_of_scores_says_what_it_did(run):
    new = run.path.parent.parent / "new.csv"
    values, true = load(run).predict(new).values, [row[2] for row in rows(40, 3)]
    own = [values[at][("blue", "green", "red").index(word)] for at, word in enumerate(true)]
    expected = -math.fsum(math.log(min(max(each, 1e-15), 1.0)) for each in own) / 40
    scores = load(run).evaluate(new)
    assert scores.class_scores["colour"].log_loss == pytest.approx(expected, rel=1e-12)
    assert scores.as_json()["no_probabilities"] == "linear gives all numbers"
    words = "of scores, not probabilities: linear gives all numbers (each clipped to numbers from 1e-15 to 1)"
    assert words in " ".join(mlp("evaluate", run.path, new).stdout.split())
    assert run.test.no_probabilities == scores.no_probabilities


def test_probabilities_are_not_explained(run):
    usual = train(run.path.parent.parent / "c.yaml", ["network.output=softmax"], runs=run.path.parent)
    assert "no_probabilities" not in usual.test.as_json()
    assert load(usual).columns == ("p_blue", "p_green", "p_red")


def test_predictions_of_folds_are_named_alike(run, tmp_path):
    folds = ["training.folds=2", "data.test=null"]
    run = train(run.path.parent.parent / "c.yaml", folds, runs=tmp_path)
    header = (run.path / "fold-predictions.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "line,fold,true,label,score_blue,score_green,score_red"
