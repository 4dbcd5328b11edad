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
optimiser: {name: sgd, learning_rate: 0.05, momentum: 0.9}
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


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that came to its end, and what it reported. Nothing is written into its folder."""
    folder, events = tmp_path_factory.mktemp("finished"), []
    return train(written(folder), [], folder / "runs", events.append), events


@pytest.fixture(scope="module")
def finished_at_another_rate(tmp_path_factory):
    """The folder of such a run by `mlp train` at another rate, and what it said."""
    folder = tmp_path_factory.mktemp("other")
    said = mlp("train", written(folder), "--set=optimiser.learning_rate=0.1", "--runs", folder / "runs")
    (run,) = (folder / "runs").iterdir()
    return run, said.stdout


@pytest.fixture(scope="module")
def left_after_one_fold(tmp_path_factory):
    """The folder of a run that was interrupted when one fold was done."""
    folder, told = tmp_path_factory.mktemp("broken"), []

    def after_one_fold():
        return any(isinstance(each, FoldDone) for each in told)

    with pytest.raises(KeyboardInterrupt):
        train(written(folder), [], folder / "runs", told.append, after_one_fold)
    (run,) = (folder / "runs").iterdir()
    return run


@pytest.fixture
def whole(finished, tmp_path):
    """A copy of the finished run's folder, to be changed."""
    return Path(shutil.copytree(finished[0].path, tmp_path / "whole"))


@pytest.fixture
def broken(left_after_one_fold, tmp_path):
    """A copy of the interrupted run's folder, to be changed or gone on with."""
    return Path(shutil.copytree(left_after_one_fold, tmp_path / "broken"))


def test_every_row_is_predicted_by_a_training_that_has_not_seen_it(finished, tmp_path):
    config, (run, events) = written(tmp_path), finished
    assert [type(each) for each in events[:2]] == [Planned, FoldDone]
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


def test_what_was_interrupted_goes_on_where_it_was(finished, broken):
    whole = finished[0].path
    run = resume(broken)
    assert all(same_weights(whole / f"fold-{n}", broken / f"fold-{n}") for n in (1, 2, 3))
    assert same_weights(whole, run.path)
    assert (whole / PREDICTIONS).read_bytes() == (broken / PREDICTIONS).read_bytes()


def test_they_are_shown_and_compared(finished, finished_at_another_rate):
    run, (other, said) = finished[0].path, finished_at_another_rate
    means = [np.mean([float(row["accuracy"]) for row in table(path / FOLDS)]) for path in (run, other)]
    for path, mean in zip((run, other), means):
        assert f"folds    accuracy {mean:.6g} ±" in mlp("show", path).stdout
    assert f"folds    accuracy {means[1]:.6g} ±" in said
    sides = json.loads(mlp("compare", run, other, "--json").stdout)["runs"]
    assert [side["scores"]["folds, mean accuracy"] for side in sides] == pytest.approx(means)
    assert [side["scores"]["folds"] for side in sides] == [3, 3]


def test_they_are_reproduced_or_what_differs_is_told(whole):
    found = reproduce(whole)
    assert found.same
    assert {FOLDS, PREDICTIONS} < {each.what for each in found.compared}
    rows = (whole / PREDICTIONS).read_text(encoding="utf-8")
    (whole / PREDICTIONS).write_text(rows.replace(",1,", ",2,", 1), encoding="utf-8")
    assert [each.what for each in reproduce(whole).compared if not each.same] == [PREDICTIONS]


def test_they_are_verified(tmp_path):
    verified = verify_resume(written(tmp_path))
    assert verified.same
    assert {FOLDS, PREDICTIONS} < {each.what for each in verified.compared}
    assert sum("among" in each for each in verified.breaks) >= 2


@pytest.mark.parametrize("text", ["fold\n1\n2\n", "fold,accuracy\n1,x\n2,1\n", "fold,accuracy\n1,0.5\n"])
def test_a_damaged_table_of_folds_is_refused(text, whole):
    (whole / FOLDS).write_text(text, encoding="utf-8")
    for command in (["show", whole], ["compare", whole, whole]):
        result = mlp(*command)
        assert result.exit_code == 2
        assert "It is damaged" in result.stderr


def test_a_damaged_fold_is_told_with_what_to_delete(finished, broken):
    checkpoint = broken / "fold-1" / "checkpoint.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match=f"Delete {re.escape(str(broken))}/fold-1; mlp train --resume"):
        resume(broken)
    shutil.rmtree(broken / "fold-1")
    assert (resume(broken).path / PREDICTIONS).read_bytes() == (finished[0].path / PREDICTIONS).read_bytes()


@pytest.mark.parametrize("other", ["another fold", "another rate"])
def test_a_fold_of_another_training_is_refused(other, whole, finished_at_another_rate):
    source = whole / "fold-1" if other == "another fold" else finished_at_another_rate[0] / "fold-2"
    shutil.rmtree(whole / "fold-2")
    shutil.copytree(source, whole / "fold-2")
    for name in ("checkpoint.npz", "model.npz", "history.csv", FOLDS, PREDICTIONS):
        (whole / name).unlink()
    with pytest.raises(ConfigError, match="fold-2 is another training") as error:
        resume(whole)
    assert ("data.fold" if other == "another fold" else "optimiser.learning_rate") in str(error.value)


def test_folds_go_on_with_the_executor_they_began_with(finished, broken):
    for place in (broken, broken / "fold-1", broken / "fold-2"):  # as if there had been no native one
        text = (place / "config.yaml").read_text(encoding="utf-8")
        assert "executor: numpy" in text
        (place / "config.yaml").write_text(
            text.replace("executor: numpy", "executor: auto"), encoding="utf-8"
        )
    with pytest.raises(ModelFileError, match="Add --executor numpy"):
        resume(broken)
    run = resume(broken, ["executor=numpy"])
    assert (run.path / PREDICTIONS).read_bytes() == (finished[0].path / PREDICTIONS).read_bytes()


def test_folds_that_the_clock_ended_are_not_reproduced(tmp_path):
    changes = ["training.stop.max_time=100", "training.folds=2", "training.epochs=1"]
    run = train(written(tmp_path), changes, tmp_path / "runs")
    with pytest.raises(ModelFileError, match="The clock ended the folds"):
        reproduce(run.path)


def test_what_was_validated_is_not_trained_on(whole):
    with pytest.raises(ConfigError, match=r"training\.epochs: 5 → 9"):
        resume(whole, ["training.epochs=9"])


def test_a_table_that_is_gone_is_no_error(tmp_path):
    run = train(written(tmp_path), ["training.epochs=1", "training.folds=2"], tmp_path / "runs")
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
    config = written(tmp_path, "diabetes", "progression")
    said = mlp("train", config, *(f"--set={each}" for each in changes), "--runs", tmp_path / "runs").stdout
    assert re.findall(r"([123]) of 3: .*, the rate halved", said) == ["1", "2", "3"]


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
    changes = ["--set=optimiser.learning_rate=auto", "--set=training.folds=2"]
    said = mlp("train", config, *changes, "--runs", tmp_path / "runs").stdout
    (run,) = (tmp_path / "runs").iterdir()
    assert "found by a range test" in said
    assert all((place / "learning_rate.csv").exists() for place in (run, run / "fold-1", run / "fold-2"))


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


def test_groups_stay_in_one_fold(tmp_path):
    rng = np.random.default_rng(0)
    who = rng.permutation(np.repeat(np.arange(12), rng.integers(2, 7, 12)))
    lines = [f"{rng.normal():.3f},P{each},{'xy'[each % 2]}" for each in who]
    (tmp_path / "d.csv").write_text("\n".join(["a,who,y", *lines]) + "\n")
    text = CONFIG % ("d.csv, split: {group: who}", "y")
    (tmp_path / "d.yaml").write_text(text, encoding="utf-8")
    run = train(tmp_path / "d.yaml", runs=tmp_path / "runs")
    rows = table(run.path / PREDICTIONS)
    assert [int(row["line"]) for row in rows] == list(range(2, len(who) + 2))
    folds = {
        each: {row["fold"] for row, there in zip(rows, who, strict=True) if there == each} for each in who
    }
    assert all(len(found) == 1 for found in folds.values())
    assert len(set.union(*folds.values())) == 3
