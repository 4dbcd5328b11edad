"""`training.folds`: each fold is the training of the config with data.fold; what is told and left of it."""

import csv
import json
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, resume, train
from mlpcli.errors import ConfigError, DataError, ModelFileError, RunFailed
from mlpcli.experiments.reproduce import reproduce
from mlpcli.experiments.verify_resume import verify_resume
from mlpcli.problem.build import prepare
from mlpcli.runs.folder import FOLDS, PREDICTIONS
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import FoldDone, FoldsDone, Planned

ROOT = Path(__file__).parents[2]
CONFIG = """\
executor: numpy
data: {train: %s, target: %s}
network: {hidden: [{units: 4, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.02}
training: {epochs: 5, batch_size: 16, folds: 3}
"""


def written(tmp_path, name="iris", target="species"):
    path = tmp_path / f"{name}.yaml"
    path.write_text(CONFIG % (ROOT / f"datasets/{name}.csv", target), encoding="utf-8")
    return path


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def same_weights(one, other):
    first, second = (ModelFile.read(path / "model.npz").parameters for path in (one, other))
    return all(np.array_equal(array, second[name]) for name, array in first.items())


def test_every_row_is_predicted_by_a_training_that_has_not_seen_it(tmp_path):
    config, events = written(tmp_path), []
    run = train(config, [], tmp_path / "runs", events.append)
    folds = [each for each in events if isinstance(each, FoldDone)]
    (done,) = [each for each in events if isinstance(each, FoldsDone)]
    rows = table(run.path / PREDICTIONS)
    assert [int(row["line"]) for row in rows] == list(range(2, 152))
    accuracies = []
    for number in (1, 2, 3):
        alone = train(config, [f"data.fold={number}/3", "training.folds=null"], tmp_path / "alone")
        assert same_weights(alone.path, run.path / f"fold-{number}")
        (scores,) = alone.test.class_scores.values()
        accuracies.append(scores.accuracy)
        mine = [row for row in rows if int(row["fold"]) == number]
        assert len(mine) == 50
        assert np.mean([row["true"] == row["label"] for row in mine]) == pytest.approx(scores.accuracy)
        lines = [int(row["line"]) - 2 for row in mine]
        cells = [row.split(",") for row in (ROOT / "datasets/iris.csv").read_text().splitlines()[1:]]
        names = load(alone).file.preparation.names
        said = load(alone).predict({n: [cells[at][i] for at in lines] for i, n in enumerate(names)})
        assert said.labels == [row["label"] for row in mine]
        np.testing.assert_allclose(said.values[:, 0], [float(row[f"p_{said.names[0]}"]) for row in mine])
    assert [each.scores["accuracy"] for each in folds] == accuracies
    assert done.table["accuracy"] == pytest.approx((np.mean(accuracies), np.std(accuracies, ddof=1)))
    assert [float(row["accuracy"]) for row in table(run.path / FOLDS)] == accuracies
    assert same_weights(run.path, train(config, ["training.folds=null"], tmp_path / "alone").path)


def test_a_regression_with_validation_rows(tmp_path):
    run = train(written(tmp_path, "diabetes", "progression"), ["data.validation=0.2"], tmp_path / "runs")
    rows = table(run.path / PREDICTIONS)
    assert len(rows) == 442
    true = [float(row["true_progression"]) for row in rows]
    lines = (ROOT / "datasets/diabetes.csv").read_text().splitlines()
    at = lines[0].split(",").index("progression")
    assert true == pytest.approx([float(line.split(",")[at]) for line in lines[1:]])
    assert set(table(run.path / FOLDS)[0]) == {"fold", "rmse", "r2", "loss"}


def test_what_was_interrupted_goes_on_where_it_was(tmp_path):
    config = written(tmp_path)
    whole = train(config, [], tmp_path / "runs")
    told = []
    with pytest.raises(KeyboardInterrupt):
        train(
            config, [], tmp_path / "broken", told.append, lambda: any(isinstance(e, FoldDone) for e in told)
        )
    (folder,) = (tmp_path / "broken").iterdir()
    run = resume(folder)
    assert all(same_weights(whole.path / f"fold-{n}", folder / f"fold-{n}") for n in (1, 2, 3))
    assert same_weights(whole.path, run.path)
    assert (whole.path / PREDICTIONS).read_bytes() == (folder / PREDICTIONS).read_bytes()


def test_they_are_shown_compared_reproduced_and_verified(tmp_path):
    config = written(tmp_path)
    run = train(config, [], tmp_path / "runs")
    events = []
    other = train(config, ["seed=1"], tmp_path / "runs", events.append)
    assert [type(each) for each in events[:2]] == [Planned, FoldDone]
    shown = mlp("show", run.path).stdout
    scores = [float(row["accuracy"]) for row in table(run.path / FOLDS)]
    mean = f"folds    accuracy {np.mean(scores):.6g} ±"
    assert mean in shown
    assert mean in mlp("train", config, "--runs", tmp_path / "again").stdout
    sides = json.loads(mlp("compare", run.path, other.path, "--json").stdout)["runs"]
    assert sides[0]["scores"]["folds, mean accuracy"] == pytest.approx(np.mean(scores))
    assert sides[0]["scores"]["folds"] == 3
    found = reproduce(run.path)
    assert found.same
    assert {FOLDS, PREDICTIONS} < {each.what for each in found.compared}
    rows = (run.path / PREDICTIONS).read_text(encoding="utf-8")
    (run.path / PREDICTIONS).write_text(rows.replace(",1,", ",2,", 1), encoding="utf-8")
    assert [each.what for each in reproduce(run.path).compared if not each.same] == [PREDICTIONS]
    verified = verify_resume(config)
    assert verified.same
    assert {FOLDS, PREDICTIONS} < {each.what for each in verified.compared}
    assert sum("among" in each for each in verified.breaks) >= 2


@pytest.mark.parametrize("text", ["fold\n1\n2\n", "fold,accuracy\n1,x\n2,1\n", "fold,accuracy\n1,0.5\n"])
def test_a_damaged_table_of_folds_is_refused(text, tmp_path):
    run = train(written(tmp_path), ["training.epochs=1"], tmp_path / "runs")
    (run.path / FOLDS).write_text(text, encoding="utf-8")
    for command in (["show", run.path], ["compare", run.path, run.path]):
        result = mlp(*command)
        assert result.exit_code == 2
        assert "It is damaged" in result.stderr


def test_a_damaged_fold_is_told_with_what_to_delete(tmp_path):
    config, told = written(tmp_path), []
    whole = train(config, [], tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, [], tmp_path / "runs", told.append, lambda: any(isinstance(e, FoldDone) for e in told))
    (folder,) = (tmp_path / "runs").iterdir()
    checkpoint = folder / "fold-1" / "checkpoint.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match=f"Delete {re.escape(str(folder))}/fold-1; mlp train --resume"):
        resume(folder)
    shutil.rmtree(folder / "fold-1")
    assert (resume(folder).path / PREDICTIONS).read_bytes() == (whole.path / PREDICTIONS).read_bytes()


@pytest.mark.parametrize("other", ["another fold", "another rate"])
def test_a_fold_of_another_training_is_refused(other, tmp_path):
    run = train(written(tmp_path), [], tmp_path / "runs").path
    source = run / "fold-1"
    if other == "another rate":
        source = train(written(tmp_path), ["optimiser.learning_rate=0.1"], tmp_path / "other").path / "fold-2"
    shutil.rmtree(run / "fold-2")
    shutil.copytree(source, run / "fold-2")
    for name in ("checkpoint.npz", "model.npz", "history.csv", FOLDS, PREDICTIONS):
        (run / name).unlink()
    with pytest.raises(ConfigError, match="fold-2 is another training") as error:
        resume(run)
    assert ("data.fold" if other == "another fold" else "optimiser.learning_rate") in str(error.value)


def test_folds_go_on_with_the_executor_they_began_with(tmp_path):
    config, told = written(tmp_path), []
    whole = train(config, ["executor=numpy"], tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(
            config,
            ["executor=numpy"],
            tmp_path / "runs",
            told.append,
            lambda: any(isinstance(e, FoldDone) for e in told),
        )
    (folder,) = (tmp_path / "runs").iterdir()
    for place in (folder, folder / "fold-1", folder / "fold-2"):  # as if there had been no native one
        text = (place / "config.yaml").read_text(encoding="utf-8")
        (place / "config.yaml").write_text(
            text.replace("executor: numpy", "executor: auto"), encoding="utf-8"
        )
    with pytest.raises(ModelFileError, match="Add --executor numpy"):
        resume(folder)
    run = resume(folder, ["executor=numpy"])
    assert (run.path / PREDICTIONS).read_bytes() == (whole.path / PREDICTIONS).read_bytes()


def test_folds_that_the_clock_ended_are_not_reproduced(tmp_path):
    run = train(written(tmp_path), ["training.stop.max_time=100"], tmp_path / "runs")
    with pytest.raises(ModelFileError, match="The clock ended the folds"):
        reproduce(run.path)


def test_what_was_validated_is_not_trained_on(tmp_path):
    run = train(written(tmp_path), [], tmp_path / "runs")
    with pytest.raises(ConfigError, match=r"training\.epochs: 5 → 9"):
        resume(run.path, ["training.epochs=9"])


def test_a_table_that_is_gone_is_no_error(tmp_path):
    run = train(written(tmp_path), ["training.epochs=2"], tmp_path / "runs")
    (run.path / FOLDS).unlink()
    found = mlp("reproduce", run.path)
    assert found.exit_code == 1
    assert "there is none" in found.stdout


DIVERGING = ["executor=numpy", "network.hidden=[{units: 8, activation: relu}]"]


def test_a_fold_that_is_lost_is_told_with_its_number(tmp_path):
    rate = "optimiser={name: sgd, learning_rate: 1500}"
    with pytest.raises(RunFailed, match="fold 1 of 3, epoch 1") as error:
        train(written(tmp_path, "diabetes", "progression"), [*DIVERGING, rate], tmp_path / "runs")
    assert "train anew" in str(error.value)


def test_halvings_of_a_fold_are_told(tmp_path):
    changes = [*DIVERGING, "optimiser={name: sgd, learning_rate: 5}", "training.on_divergence=halve"]
    config, events = written(tmp_path, "diabetes", "progression"), []
    train(config, changes, tmp_path / "runs", events.append)
    folds = [each for each in events if isinstance(each, FoldDone)]
    assert all(each.halvings for each in folds)
    said = mlp("train", config, *(f"--set={each}" for each in changes), "--runs", tmp_path / "again").stdout
    assert said.count("the rate halved") == 3


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_folds_that_are_interrupted_end_with_words(option, tmp_path, monkeypatch):
    monkeypatch.setattr("mlpcli.cli.interrupt.first_interrupt", lambda: nullcontext(lambda: True))
    said = mlp("train", written(tmp_path), "--runs", tmp_path / "runs", option)
    assert said.exit_code == 130
    (run,) = (tmp_path / "runs").iterdir()
    if option == "--json":
        assert json.loads(said.stdout.splitlines()[-1]) == {
            "event": "end",
            "run": str(run),
            "stopped": "interrupted",
        }
    else:
        assert f"mlp train --resume {run}" in said.stdout


def test_the_curve_of_a_range_test_is_kept_beside_folds(tmp_path):
    config = written(tmp_path)
    said = mlp("train", config, "--set", "optimiser.learning_rate=auto", "--runs", tmp_path / "runs").stdout
    (run,) = (tmp_path / "runs").iterdir()
    assert "found by a range test" in said
    assert all((place / "learning_rate.csv").exists() for place in (run, run / "fold-1", run / "fold-3"))


@pytest.mark.parametrize("fold", ["0/3", "4/3", "1/1", "2", "a/b", "1/3/3", "-1/3"])
def test_what_is_no_fold(fold, tmp_path):
    with pytest.raises(ConfigError, match="is no fold"):
        prepare(written(tmp_path), [f"data.fold='{fold}'"])


def test_folds_that_were_begun_go_on_with_a_file_that_was_moved_and_no_other_change(tmp_path):
    rows = (ROOT / "datasets/iris.csv").read_bytes()
    (tmp_path / "own.csv").write_bytes(rows)
    config, told = written(tmp_path), []
    config.write_text(CONFIG % (tmp_path / "own.csv", "species"), encoding="utf-8")

    def after_one_fold():
        return any(isinstance(each, FoldDone) for each in told)

    with pytest.raises(KeyboardInterrupt):
        train(config, [], tmp_path / "broken", told.append, after_one_fold)
    (folder,) = (tmp_path / "broken").iterdir()
    with pytest.raises(ConfigError, match="only the places of data files"):
        resume(folder, ["training.print_every=2"])
    (tmp_path / "own.csv").rename(tmp_path / "moved.csv")
    (tmp_path / "own.csv").write_bytes(b"\n".join(rows.splitlines()[:90]) + b"\n")
    with pytest.raises(DataError, match="sha256 differs"):
        resume(folder)
    run = resume(folder, [f"data.train={tmp_path / 'moved.csv'}"])
    assert len(table(run.path / PREDICTIONS)) == 150
    assert len(table(run.path / FOLDS)) == 3


def test_targets_of_any_name_have_columns_of_their_own(tmp_path):
    lines = ["fold,line,a", *(f"{at % 7},{at % 5},{at}" for at in range(30))]
    (tmp_path / "own.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = tmp_path / "c.yaml"
    text = CONFIG % ("own.csv", "[fold, line]")
    config.write_text(text.replace("target:", "task: regression, target:"), encoding="utf-8")
    rows = table(train(config, [], tmp_path / "runs").path / PREDICTIONS)
    assert [int(row["line"]) for row in rows] == list(range(2, 32))
    assert [float(row["true_fold"]) for row in rows] == pytest.approx([at % 7 for at in range(30)])
    assert {"predicted_fold", "predicted_line"} < set(rows[0])


def test_more_folds_than_rows_are_told_at_the_key_before_anything_is_written(tmp_path):
    config = written(tmp_path)
    with pytest.raises(ConfigError, match="dealt into 1000 folds") as error:
        train(config, ["training.folds=1000"], tmp_path / "runs")
    assert "training.folds" in str(error.value)
    assert not (tmp_path / "runs").exists()
