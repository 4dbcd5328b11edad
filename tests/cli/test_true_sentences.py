"""Sentences and refusals that a fresh look found to be false or missing, by real commands."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from cli.world import mlp, rows

from mlpcli import MlpError, load, resume, train
from mlpcli.errors import DataError, ModelFileError
from mlpcli.predict.model import Model
from mlpcli.runs.model_file import ModelFile
from mlpcli.wording import told_apart

CONFIG = """\
executor: numpy
seed: 3
data: {train: data.csv, target: kind, test: 0.25}
network: {hidden: [3]}
training: {epochs: 2}
"""


@pytest.fixture
def folder(tmp_path):
    lines = ["a,b,colour,kind", *(",".join(map(str, row)) for row in rows(60))]
    (tmp_path / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def trained(folder, *changes):
    return train(folder / "c.yaml", list(changes), runs=folder / "runs").path


def test_an_answer_that_is_not_finite_is_refused_by_its_row(folder):
    file = ModelFile.read(trained(folder) / "model.npz")
    file.parameters["hidden1.weights"][...] = 1e308
    file.write(folder / "huge.npz")
    result = mlp("predict", folder / "huge.npz", folder / "data.csv")
    assert result.exit_code == 2
    assert "data.csv line 5" in result.stderr  # in the rows before it both infinities have one sign
    assert "not a finite number" in result.stderr
    assert mlp("evaluate", folder / "huge.npz", folder / "data.csv").exit_code == 2


def test_rows_of_a_file_that_is_two_parts_are_counted_once(folder):
    run = trained(folder, f"data.test={folder / 'data.csv'}", "data.validation=0.25")
    shown = mlp("evaluate", run, folder / "data.csv", "--part", "validation").stdout
    assert "its validation rows; not scored: 45 training, 45 test" in " ".join(shown.split())
    shown = mlp("evaluate", run, folder / "data.csv", "--part", "all").stdout
    assert "45 training, 15 validation, 60 test; some are in several parts" in shown


def test_rows_in_no_part_are_counted(folder):
    run = trained(folder, "data.fold=2/3")
    assert "15 rows of data.test are in no part" in mlp("check", run / "config.yaml").stdout
    scores = json.loads(mlp("evaluate", run, folder / "data.csv", "--json").stdout)
    assert (scores["rows_in_no_part"], scores["file_rows"]) == (
        15,
        {"training": 30, "validation": 0, "test": 15},
    )
    assert "not scored: 30 training, 15 in no part" in mlp("evaluate", run, folder / "data.csv").stdout


def test_a_file_of_its_own_is_not_cleared_of_rows_that_were_trained_on(folder):
    (folder / "other.csv").write_bytes((folder / "data.csv").read_bytes() + b"\n")
    run = trained(folder, f"data.test={folder / 'other.csv'}")
    assert "equal rows may have been" in mlp("evaluate", run, folder / "other.csv").stdout


def test_predictions_do_not_replace_a_config(folder):
    run, before = trained(folder), (folder / "c.yaml").read_bytes()
    result = mlp("predict", run, folder / "data.csv", "-o", folder / "c.yaml")
    assert (result.exit_code, (folder / "c.yaml").read_bytes()) == (2, before)
    assert "It is a config" in result.stderr


def test_inputs_that_are_equal_are_named_with_their_level(folder):
    table = list(csv.reader((folder / "data.csv").read_text(encoding="utf-8").splitlines()))
    for at, row in enumerate(table[1:]):
        row += ["" if at % 5 == 0 else "xyz"[at % 3], "" if at % 5 == 0 else "uvw"[at % 7 % 3]]
    table[0] += ["p", "q"]
    (folder / "data.csv").write_text("".join(",".join(row) + "\n" for row in table), encoding="utf-8")
    shown = " ".join(mlp("gradcheck", folder / "c.yaml", "--fast").stdout.split())
    assert "q=(missing) = p=(missing)" in shown
    assert "data.ignore" not in shown


def test_names_with_a_line_break_keep_their_line(folder):
    text = (folder / "data.csv").read_text(encoding="utf-8").replace(",yes", ',"y\nes"')
    (folder / "data.csv").write_text(text, encoding="utf-8")
    shown = mlp("evaluate", trained(folder), folder / "data.csv").stdout
    assert "y\\nes " in shown
    assert "\nes" not in shown


def test_many_classes_are_told_by_the_worst(folder):
    lines = ["a,kind", *(f"{at},k{at % 60}" for at in range(240))]
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shown = mlp("evaluate", trained(folder), folder / "data.csv").stdout
    assert "the 10 classes with the lowest F1 of 60; --json has all" in shown
    assert len(shown.splitlines()) < 50


def test_a_failed_training_is_not_verified_and_names_no_place_that_is_gone(folder):
    text = CONFIG.replace("hidden: [3]", "hidden: [{units: 3, activation: {formula: 'log(x)'}}]")
    (folder / "c.yaml").write_text(text, encoding="utf-8")
    result = mlp("train", "--verify-resume", folder / "c.yaml")
    assert result.exit_code == 1
    assert "cannot be verified" in result.stderr
    assert "mlp-verify-" not in result.stderr


@pytest.mark.parametrize("wrong", [None, 5, b"run"])
def test_what_is_no_path_and_no_rows_is_an_error_of_ours(wrong, folder):
    for call in (load, resume, Model.load):
        with pytest.raises(ModelFileError, match=type(wrong).__name__):
            call(wrong)
    model = load(trained(folder))
    with pytest.raises(DataError, match="Expected rows"):
        model.predict(wrong)
    with pytest.raises(DataError, match="There is no part 'tests'"):
        model.evaluate(folder / "data.csv", part="tests")
    assert issubclass(DataError, MlpError)


def test_numbers_that_are_none_are_told_shortly():
    assert told_apart(np.nan, np.nan, 1.0986122886681098) == ("nan", "nan", "1.099")
