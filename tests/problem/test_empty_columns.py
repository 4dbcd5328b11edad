"""A column without one value in the training part of a fold, a seed or a split is 0, and nothing is lost."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, train
from mlpcli.problem.build import prepare

ROWS = 20
CONFIG = """
seed: 1
executor: numpy
data: {{train: d.csv, target: y, {data}}}
network: {{hidden: [3]}}
optimiser: sgd
training: {{epochs: 2, monitors: false, {training}}}
{more}
"""


def write(folder, data="", training="", more="", where=(4,)):
    """Columns number and word have a value in the rows `where` alone."""
    lines = [
        f"{at % 7},{'7.5' if at in where else ''},{'red' if at in where else '?'},{at % 5},{'ab'[at % 2]}"
        for at in range(ROWS)
    ]
    (folder / "d.csv").write_text("\n".join(["x,number,word,z,y", *lines]) + "\n", encoding="utf-8")
    (folder / "c.yaml").write_text(CONFIG.format(data=data, training=training, more=more), encoding="utf-8")
    return folder / "c.yaml"


NOTE = "d.csv: not one value in the rows for training, so always 0: number, word."


@pytest.mark.parametrize(
    ("scaling", "missing"),
    [("standard", "{numeric: mean}"), ("none", "{numeric: median, categorical: most_frequent}")],
)
def test_a_fold_without_a_value_is_trained_like_the_others(tmp_path, scaling, missing):
    config = write(tmp_path, f"scaling: {scaling}, missing: {missing}", "folds: 4")
    run = train(config, runs=tmp_path)
    with open(run.path / "fold-predictions.csv", newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == ROWS
    folds = [prepare(run.path / f"fold-{fold}" / "config.yaml").dataset for fold in range(1, 5)]
    without = [data for data in folds if any(column.empty for column in data.preparation.columns)]
    assert len(without) == 1  # the fold that holds the one row back
    (data,) = without
    assert any(note.endswith(NOTE) for note in data.notes)
    assert data.test is not None
    for part in (data.training, data.test):
        np.testing.assert_array_equal(part.inputs[:, 1:3], 0)


def test_a_seed_without_a_value_is_trained_like_the_others(tmp_path):
    config = write(tmp_path, "test: 0.3", more="repeat: {seeds: 4}")
    without = [
        seed for seed in range(1, 5) if any(NOTE in n for n in prepare(config, f"seed={seed}").dataset.notes)
    ]
    assert 0 < len(without) < 4
    run = train(config, runs=tmp_path)
    assert len((run.path / "repeat.csv").read_text(encoding="utf-8").splitlines()) == 5


def test_a_column_without_a_value_in_the_file_is_told_and_used_by_no_one(tmp_path):
    config = write(tmp_path, where=())
    result = mlp("train", config, "--runs", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "have no values and are left out" in " ".join(result.output.split())
    assert load(tmp_path / "c-1").file.preparation.names == ("x", "z")
    model = load(tmp_path / "c-1")
    rows = {"x": [1.0, 1.0], "number": ["", "text"], "word": ["", "red"], "z": [2, 2]}
    first, second = model.predict(rows).values
    np.testing.assert_array_equal(first, second)
    assert not model.predict(rows).counts.unknown
    np.testing.assert_array_equal(model.predict({"x": [1.0], "z": [2]}).values, [first])


def test_missing_cells_that_are_errors_stay_errors(tmp_path):
    result = mlp("check", write(tmp_path, "missing: {numeric: error}", where=(0,), training="folds: 2"))
    assert result.exit_code == 2
    assert "The cell is missing" in result.stderr
