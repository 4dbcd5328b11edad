"""A class that training never saw: its rows count as wrong, the loss is of the others, and both are said."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from cli.world import mlp, rows

from mlpcli import MlpError, load, train
from mlpcli.scoring.metrics import class_scores

CONFIG = """\
executor: numpy
data: {train: data.csv, target: colour, validation: other.csv, test: other.csv}
network: {hidden: [3]}
training: {epochs: 3, print_every: 1}
"""


def write(path, *more):
    lines = [f"{a},{b},{colour}" for a, b, colour, _ in rows(24, len(more))]
    path.write_text("\n".join(["a,b,colour", *lines, *more]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unseen")
    (folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    write(folder / "data.csv")
    write(folder / "other.csv", "1,2,black", "0,1,white", "3,-1,black", "0,0,black")
    (folder / "known.csv").write_text(
        "\n".join((folder / "other.csv").read_text(encoding="utf-8").splitlines()[:25]) + "\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="module")
def run(folder):
    return train(folder / "c.yaml", runs=folder / "runs")


def test_training_goes_on_and_its_loss_is_that_of_the_known_rows(folder, run):
    parts = [f"data.{key}={folder / 'known.csv'}" for key in ("validation", "test")]
    known = train(folder / "c.yaml", parts, runs=folder / "runs")
    for record, same in zip(run.history, known.history, strict=True):
        assert record["validation_loss"] == same["validation_loss"]
        assert record["validation_accuracy"] == pytest.approx(same["validation_accuracy"] * 24 / 28)
    assert run.kept_epoch == known.kept_epoch
    mine, theirs = run.test.class_scores["colour"], known.test.class_scores["colour"]
    assert mine.log_loss == theirs.log_loss
    assert mine.accuracy == pytest.approx(theirs.accuracy * 24 / 28)
    assert (run.test.rows, known.test.rows) == (28, 24)


def test_evaluate_counts_by_hand(folder, run):
    """Against the predictions themselves: precision goes down by rows of an unknown class, too."""
    answer = load(run).predict(folder / "other.csv")
    true = [row.rpartition(",")[2] for row in (folder / "other.csv").read_text().split()[1:]]
    result = mlp("evaluate", "--json", run.path, folder / "other.csv")
    scores = json.loads(result.stdout)
    assert (scores["rows"], scores["unseen_classes"]) == (28, ["black", "white"])
    colour = scores["targets"]["colour"]
    assert colour["accuracy"] == sum(t == said for t, said in zip(true, answer.labels, strict=True)) / 28
    losses = [
        -math.log(values[answer.names.index(t)])
        for t, values in zip(true, answer.values, strict=True)
        if t in answer.names
    ]
    assert len(losses) == 24
    assert colour["log_loss"] == pytest.approx(math.fsum(losses) / 24, rel=1e-12)
    for name in answer.names:
        hits = sum(t == said == name for t, said in zip(true, answer.labels, strict=True))
        called = answer.labels.count(name)
        assert colour["classes"][name]["precision"] == (hits / called if called else 0)
    assert colour["classes"]["black"] == {"precision": 0, "recall": 0, "f1": 0, "rows": 3}
    assert sum(colour["confusion"]["black"].values()) == 3


def test_it_is_said(folder, run):
    what = "4 of 28 rows are of classes that training never saw ('black', 'white'): they count as wrong"
    result = mlp("evaluate", run.path, folder / "other.csv")
    assert what in result.stderr
    assert "without 4 rows of a class that training never saw, counted as wrong" in result.stdout
    for part in ("validation", "test"):
        assert f"other.csv, {part} part: {what}" in mlp("check", folder / "c.yaml").stdout


def test_weights_count_for_unseen_rows_too():
    probabilities = np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]])
    scores = class_scores(probabilities, np.array([0, 2, 1]), np.array([1.0, 3.0, 4.0]))
    assert scores.accuracy == 5 / 8
    assert scores.log_loss == pytest.approx(-math.log(0.75), rel=1e-15)
    assert scores.confusion.tolist() == [[1, 0], [0, 4], [3, 0]]
    assert scores.per_class() == [(0.25, 1.0, 0.4, 1), (1.0, 1.0, 1.0, 1), (0.0, 0.0, 0.0, 1)]


@pytest.mark.parametrize("weights", ["data.weight=b", "data.class_weights=balanced"])
def test_weighted_trainings(folder, tmp_path, weights):
    for name in ("data", "other"):
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        cells = [line.split(",") for line in lines[1:]]
        text = "\n".join([lines[0], *(f"{a},{abs(float(b)) + 1},{c}" for a, b, c in cells)])
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    run = train(tmp_path / "c.yaml", [weights], runs=tmp_path)
    scores = load(run).evaluate(tmp_path / "other.csv")
    mine, theirs = scores.class_scores["colour"], run.test.class_scores["colour"]
    assert (mine.accuracy, mine.log_loss) == pytest.approx((theirs.accuracy, theirs.log_loss), rel=1e-12)
    np.testing.assert_allclose(mine.confusion, theirs.confusion, rtol=1e-12)
    assert scores.rows == 28


def test_a_file_without_a_known_class_is_refused(folder, run, tmp_path):
    (tmp_path / "new.csv").write_text("a,b,colour\n1,2,black\n", encoding="utf-8")
    for fails in (
        lambda: load(run).evaluate(tmp_path / "new.csv"),
        lambda: train(folder / "c.yaml", [f"data.test={tmp_path / 'new.csv'}"], runs=tmp_path),
    ):
        with pytest.raises(MlpError, match="no class in it that training saw: 'black'"):
            fails()
