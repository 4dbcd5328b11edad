"""Runs are reproduced and compared from what they record."""

import json
from pathlib import Path

import pytest
from cli.world import mlp

from mlpcli import resume, train
from mlpcli.errors import ModelFileError
from mlpcli.experiments.compare import compare
from mlpcli.experiments.reproduce import reproduce

IRIS = Path(__file__).parents[2] / "configs" / "iris.yaml"
NATIVE = ["training.epochs=6", "training.print_every=2"]
SHORT = [*NATIVE, "executor=numpy"]


def test_a_run_is_reproduced(tmp_path):
    run = train(IRIS, NATIVE, tmp_path / "runs")
    found = reproduce(run.path)
    assert found.same
    assert found.differences == ()
    result = mlp("reproduce", run.path)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "the same bits")
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_run_that_went_on_to_more_epochs_is_reproduced(tmp_path):
    """With so many it prints every other epoch; at first it printed each."""
    run = train(IRIS, [*SHORT, "training.print_every=null"], tmp_path)
    on = resume(run.path, ["training.epochs=40"])
    assert {1, 3, 5} < {record["epoch"] for record in on.history}
    assert reproduce(run.path).same


def test_what_is_not_as_it_was_is_said(tmp_path):
    (tmp_path / "mine.csv").write_bytes((IRIS.parents[1] / "datasets" / "iris.csv").read_bytes())
    run = train(IRIS, [*SHORT, f"data.train={tmp_path / 'mine.csv'}"], tmp_path / "runs")
    text = (tmp_path / "mine.csv").read_text()
    (tmp_path / "mine.csv").write_text(text.replace("5.1", "5.3", 1))
    summary = json.loads((run.path / "run.json").read_text())
    summary["made"]["libraries"]["numpy"] = "1.0"
    (run.path / "run.json").write_text(json.dumps(summary))
    result = mlp("reproduce", run.path, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert not found["same"]
    assert any("data.train: mine.csv" in each for each in found["differences"])
    assert any("numpy was 1.0" in each for each in found["differences"])
    assert "different" in mlp("reproduce", run.path).stdout


def test_a_run_that_is_not_over(tmp_path):
    run = train(IRIS, SHORT, tmp_path, interrupted=iter([False] + [True] * 99).__next__)
    assert run.interrupted
    with pytest.raises(ModelFileError, match="mlp train --resume"):
        reproduce(run.path)


def test_two_runs_are_compared(tmp_path):
    first = train(IRIS, SHORT, tmp_path)
    second = train(IRIS, [*SHORT, "seed=6", "optimiser={name: sgd, learning_rate: 0.1}"], tmp_path)
    found = compare(first.path, second.path)
    assert [each.key for each in found.config] == ["seed", "optimiser"]
    assert found.made == ()
    assert found.first.curve[6]["cost"] == first.history[-1]["cost"]
    assert found.second.scores["running cost, kept epoch"] == second.cost
    assert found.first.scores["test accuracy"] == first.test.class_scores["species"].accuracy
    result = mlp("compare", first.path, second.path)
    assert result.exit_code == 0
    for words in ("seed", "learning_rate: 0.1", "data, versions and executor: the same", "####"):
        assert words in result.stdout
    plain = json.loads(mlp("compare", first.path, second.path, "--json").stdout)
    assert plain["config"]["seed"] == ["5", "6"]
    same = mlp("compare", first.path, first.path).stdout
    assert "config: the same" in same
    assert "model: the same bits" in same
