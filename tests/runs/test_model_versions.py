"""Models of every format version are read; what layers may have is in the file."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cli.world import mlp
from runs.test_model_file import exchanged, places, written

from mlpcli import load, train
from mlpcli.errors import ModelFileError
from mlpcli.execute import EXECUTORS
from mlpcli.runs.array_file import HEADER
from mlpcli.runs.model_file import ModelFile

IRIS = Path(__file__).parents[2] / "datasets" / "iris.csv"
OLD = Path(__file__).parent / "old_models"
BATCH = "{name: batch, epsilon: 0.01, momentum: 0.5}"
HIDDEN = (
    f"[{{units: 6, activation: prelu, normalisation: {BATCH}, dropout: 0.3}},"
    " {units: 4, activation: maxout, normalisation: layer, trainable: false}]"
)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("version", [1])
def test_an_old_model_predicts_what_it_did(version, executor):
    """Made by the last mlp of that version, by 30 epochs on iris; the predictions are its own."""
    model = load(OLD / f"version{version}.npz", executor)
    with open(OLD / f"version{version}.csv", newline="", encoding="utf-8") as file:
        _, *expected = csv.reader(file)
    found = model.predict(IRIS)
    every = slice(0, 150, 15)
    assert found.labels[every] == [row[0] for row in expected]
    np.testing.assert_allclose(
        found.values[every], [[float(cell) for cell in row[1:]] for row in expected], rtol=1e-12
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    text = f"""
data: {{train: {IRIS}, target: species, validation: 0.2}}
network: {{hidden: {HIDDEN}}}
executor: numpy
training: {{epochs: 8, batch_size: 17, print_every: 1}}
"""
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    return train(folder / "c.yaml", runs=folder)


def header_of(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(members[HEADER]), members


def test_a_normalised_model_holds_settings_and_averages(run):
    header, _ = header_of(run.path / "model.npz")
    assert header["format_version"] == 3
    first, second = header["network"]["hidden"]
    assert first["normalisation"] == {"name": "batch", "epsilon": 0.01, "momentum": 0.5}
    assert (first["dropout"], "trainable" in first) == (0.3, False)
    assert (second["normalisation"]["name"], second["trainable"]) == ("layer", False)
    model = ModelFile.read(run.path / "model.npz")
    assert np.all(model.parameters["hidden1.running_mean"] != 0)
    assert "dropout/steps" not in model.parameters
    shown = mlp("show", run.path).output
    assert "4 → 6 prelu (batch normalisation, dropout 0.3) → 4 maxout (layer normalisation, frozen)" in shown


def test_it_predicts_what_was_scored_while_training_row_by_row_the_same(run):
    """Neither dropout nor the other rows have a say in a prediction."""
    models = [load(run, name) for name in EXECUTORS]
    table = {"petal_width_cm": [0.2, 2.1], "petal_length_cm": [1.4, 5.6]}
    table |= {"sepal_width_cm": [3.5, 2.8], "sepal_length_cm": [5.1, 6.4]}
    both = [model.predict(table).values for model in models]
    np.testing.assert_allclose(both[-1], both[0], rtol=1e-12)
    for model, values in zip(models, both, strict=True):
        np.testing.assert_array_equal(model.predict(table).values, values)
        one = model.predict({name: cells[1:] for name, cells in table.items()}).values
        np.testing.assert_array_equal(one, values[1:])


def test_what_is_kept_is_what_had_the_lowest_validation_loss(run):
    from mlpcli.problem.build import prepare
    from mlpcli.training.part_evaluator import PartEvaluator

    prepared = prepare(run.path / "config.yaml")
    kept = ModelFile.read(run.path / "model.npz").parameters
    watched = PartEvaluator(prepared, "validation", prepared.dataset.validation, kept)
    costs = {record["epoch"]: record["validation_loss"] for record in run.history}
    assert watched.cost() == costs[run.kept_epoch] == min(costs.values())


@pytest.mark.parametrize("new", [None, -1, 2.0, "x", [], {}, True])
def test_any_other_value_in_it_is_refused_or_of_no_harm(run, tmp_path, new):
    header, members = header_of(run.path / "model.npz")
    path = tmp_path / "model.npz"
    hidden = {"network": {"hidden": header["network"]["hidden"]}}
    for place in places(hidden):
        if len(place) < 3:
            continue
        written(path, members, exchanged(header, place, new))
        try:
            model = ModelFile.read(path)
        except ModelFileError:
            continue
        values = load(path, "numpy").predict(IRIS).values
        assert values.shape == (150, 3)
        assert np.isfinite(values).all()
        assert model.network.hidden[0].dropout < 1
