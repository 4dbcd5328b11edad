"""Which epoch is kept, by what, and that everything that is said of it is of it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, resume, train
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.errors import ConfigError, ModelFileError, RunFailed
from mlpcli.experiments.verify_resume import verify_resume
from mlpcli.problem.build import prepare
from mlpcli.runs.array_file import read_arrays, write_arrays
from mlpcli.runs.checkpoint import KIND, VERSION
from mlpcli.training.events import SeedDone, SeedsDone

CONFIG = """\
data: {train: rows.csv, target: kind, validation: checks.csv}
network: {hidden: [12]}
optimiser: {name: adam, learning_rate: 0.03, l1: 3e-3}
executor: numpy
training: {epochs: 25, batch_size: 16, print_every: 1, monitors: false}
"""
NUMBERS = ["data.target=a", "data.ignore=[kind]"]
LOWER = {"loss", "rmse", "mae"}
METRICS = {
    "loss": [],
    "accuracy": [],
    "balanced_accuracy": [],
    "auc": [],
    "f1": [],
    "rmse": NUMBERS,
    "mae": NUMBERS,
    "r2": NUMBERS,
}


@pytest.fixture
def config(tmp_path):
    """A config whose network soon learns noise: the epoch of the lowest validation loss is an early one."""
    rng = np.random.default_rng(5)
    for name, count in (("rows", 48), ("checks", 30)):
        inputs = rng.normal(size=(count, 4))
        kinds = np.where(inputs[:, 0] + inputs[:, 1] + rng.normal(0, 1.5, count) > 0, "yes", "no")
        with open(tmp_path / f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["a", "b", "c", "d", "kind"])
            writer.writerows([*row, kind] for row, kind in zip(inputs.tolist(), kinds))
    (tmp_path / "c.yaml").write_text(CONFIG)
    return tmp_path / "c.yaml"


def rows_of(run):
    """history.csv by epoch, as numbers without the seconds."""
    with open(run.path / "history.csv", newline="") as file:
        rows = [{k: float(v) for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    return {int(row["epoch"]): row for row in rows}


@pytest.mark.parametrize("metric", METRICS)
def test_the_first_epoch_with_the_best_value_is_kept(metric, config, tmp_path):
    run = train(config, [*METRICS[metric], f"training.stop.metric={metric}"], tmp_path)
    values = {epoch: row[f"validation_{metric}"] for epoch, row in rows_of(run).items()}
    best = (min if metric in LOWER else max)(values.values())
    assert run.kept_epoch == next(epoch for epoch, value in values.items() if value == best)
    target = "a" if METRICS[metric] else "kind"
    found = load(run).evaluate(str(tmp_path / "checks.csv")).as_json()["targets"][target]
    if metric in found:
        assert found[metric] == best
    assert resume(run.path).scores == run.scores


def test_the_penalty_has_no_part_in_it(config, tmp_path):
    """The validation loss is what evaluate calls log-loss; with the penalty another epoch would be kept."""
    run = train(config, ["optimiser.l1=0.03", "optimiser.learning_rate=0.06"], tmp_path)
    rows = rows_of(run)
    assert run.kept_epoch == min(rows, key=lambda epoch: rows[epoch]["validation_loss"])
    penalised = {e: row["validation_loss"] + row["cost"] - row["loss"] for e, row in rows.items()}
    assert min(penalised, key=penalised.__getitem__) > run.kept_epoch
    evaluation = load(run).evaluate(str(tmp_path / "checks.csv")).as_json()
    expected = evaluation["targets"]["kind"]["log_loss"]
    assert run.scores["validation_loss"] == pytest.approx(expected, rel=1e-12)


def test_what_is_said_at_the_end_is_of_the_kept_epoch(config, tmp_path):
    """Its row is in the history though the epoch was not printed; all places have the same numbers."""
    every = train(config, runs=tmp_path)
    result = mlp("train", config, "--json", "--runs", tmp_path / "seldom", "--set", "training.print_every=20")
    *_, end = map(json.loads, result.stdout.splitlines())
    (folder,) = (tmp_path / "seldom").iterdir()
    run = resume(folder)
    rows, kept = rows_of(run), every.kept_epoch
    assert list(rows) == sorted({kept, 20, 25})
    assert kept not in (20, 25)
    assert rows[kept] == rows_of(every)[kept]
    ended = json.loads((folder / "run.json").read_text())["ended"]
    assert (ended["kept_epoch"], ended["cost"], ended["loss"]) == (
        kept,
        rows[kept]["cost"],
        rows[kept]["loss"],
    )
    assert {name: ended["scores"][name] for name in ("validation_loss", "validation_accuracy")} == {
        name: rows[kept][name] for name in ("validation_loss", "validation_accuracy")
    }
    assert ended["scores"] == every.scores
    assert {name: end[name] for name in ended["scores"]} == ended["scores"]
    assert (end["kept_epoch"], end["cost"], end["loss"]) == (kept, ended["cost"], ended["loss"])
    shown = mlp("train", "--resume", folder, "--quiet").stdout
    assert f"validation loss {ended['scores']['validation_loss']:.6g}" in shown


def test_the_last_epoch_is_kept_where_it_is_asked_for(config, tmp_path):
    last = train(config, ["training.keep=last"], tmp_path)
    assert (last.kept_epoch, last.epochs) == (25, 25)
    assert rows_of(last) == rows_of(train(config, runs=tmp_path))
    weights = load(train(config, ["data.validation=null"], tmp_path)).file.parameters
    assert all(np.array_equal(array, weights[name]) for name, array in load(last).file.parameters.items())


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        (["data.validation=null", "training.stop.metric=loss"], "stop.metric", "there are none"),
        (["data.validation=null", "training.keep=best"], "keep", "there are none"),
        (["training.stop.metric=r2"], "stop.metric", "no score of this task, classification"),
        ([*NUMBERS, "training.stop.metric=auc"], "stop.metric", "no score of this task, regression"),
        (["data.target=[a, b]", "data.ignore=[kind]", "training.stop.metric=rmse"], "stop.metric", "units"),
        (["data.validation=one.csv", "training.stop.metric=auc"], "stop.metric", "none of them is 'no'"),
        ([*NUMBERS, "data.validation=one.csv", "training.stop.metric=r2"], "stop.metric", "'a' is the same"),
        (["training.stop.metric=kappa"], "stop.metric", "not allowed here"),
    ],
)
def test_what_cannot_be_followed_is_refused_before_the_training(
    changes, key, words, config, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text("a,b,c,d,kind\n0.1,1,2,3,yes\n0.1,4,5,6,yes\n0.1,7,8,9,yes\n")
    with pytest.raises(ConfigError, match=rf"--set training\.{key}=\w+, key training\.{key}\n(.|\n)*{words}"):
        train(config, changes, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "more", [["training.stop={metric: auc, patience: 9}"], ["training.keep=last"]], ids=str
)
def test_a_resumed_training_keeps_the_same(more, config):
    found = verify_resume(config, [*more, "training.print_every=7"])
    assert found.same, found


def test_another_metric_is_another_training(config, tmp_path):
    run = train(config, ["training.epochs=3"], tmp_path)
    for change in ("training.stop.metric=auc", "training.keep=last"):
        with pytest.raises(ConfigError, match=change.partition("=")[0]):
            resume(run.path, ["training.epochs=5", change])


def test_seeds_are_ranked_by_the_same_metric(config, tmp_path):
    seen = []
    train(config, ["repeat=4", "training.stop.metric=accuracy", "training.epochs=6"], tmp_path, seen.append)
    (done,) = [event for event in seen if isinstance(event, SeedsDone)]
    results = [event.result for event in seen if isinstance(event, SeedDone)]
    accuracy = {each.seed: each.scores["validation_accuracy"] for each in results}
    assert len(accuracy) == done.count == 4
    assert done.best == min(accuracy, key=lambda seed: (-accuracy[seed], seed))


def test_the_training_loss_is_that_of_gradcheck(config, tmp_path):
    """Of all rows after the last epoch, with dropout off: not the running cost."""
    changes = ["data.validation=null", "optimiser.l1=0", "network.hidden[0].dropout=0.2"]
    run = train(config, changes, tmp_path)
    trial = TrialRunner(prepare(config, changes)).run()  # what gradcheck says of the config's training
    assert trial.complete
    assert run.scores["training_loss"] == pytest.approx(trial.loss, rel=1e-12)
    assert run.history[-1]["training_loss"] == run.scores["training_loss"]
    assert run.cost == pytest.approx(trial.costs[-1], rel=1e-12)
    assert abs(run.cost - trial.loss) > 1e-3


def of_version_2(run):
    """Make the checkpoint of a run as mlp wrote it when it went by the validation cost."""
    path = run.path / "checkpoint.npz"
    header, arrays = read_arrays(path, KIND, VERSION)
    values = header["values"]
    values["kept"] = {"epoch": values["kept"]["epoch"], "cost": values["kept"]["record"]["cost"]}
    values["history"] = ["validation_cost" if n == "validation_loss" else n for n in values["history"]]
    write_arrays(path, {**header, "format_version": 2}, arrays)


def test_a_run_of_earlier_is_read_and_not_gone_on_with(config, tmp_path):
    run = train(config, ["training.epochs=3"], tmp_path)
    of_version_2(run)
    again = resume(run.path)
    assert (again.epochs, again.kept_epoch, again.history[0]["epoch"]) == (3, run.kept_epoch, 1)
    assert "validation_cost" in again.history[0]
    assert mlp("show", run.path).exit_code == 0
    with pytest.raises(ModelFileError, match=r"version 2, of an earlier mlp, .* by the validation cost"):
        resume(run.path, ["training.epochs=5"])
    assert "by the validation cost" in mlp("reproduce", run.path).stderr


def test_seeds_of_earlier_are_shown_as_what_they_are_and_trained_again(config, tmp_path):
    run = train(config, ["repeat=2", "training.epochs=2"], tmp_path)
    table = run.path / "repeat.csv"
    table.write_text(table.read_text().replace("validation_loss", "validation_cost", 1))
    assert "2 seeds done: validation cost least" in mlp("show", run.path).stdout
    for name in ("checkpoint.npz", "history.csv", "model.npz"):
        (run.path / name).unlink()
    with pytest.raises(
        ModelFileError, match=r"judged by the validation cost(.|\n)*Delete it: the seeds are then"
    ):
        resume(run.path)
    table.unlink()
    assert resume(run.path).scores == run.scores


@pytest.mark.parametrize(("rate", "known"), [(1, True), (3, False)])
def test_the_last_sound_epoch_of_a_lost_training_has_its_row(rate, known, config, tmp_path):
    """Lost in the first batch of an epoch, the cost shows that the weights after the one before were bad."""
    changes = [*NUMBERS, "data.validation=null", f"optimiser={{name: sgd, learning_rate: {rate}}}"]
    with pytest.raises(RunFailed):
        train(config, [*changes, "training.print_every=99"], tmp_path)
    (folder,) = tmp_path.glob("c-*")
    ended = json.loads((folder / "run.json").read_text())["ended"]
    assert 0 < ended["kept_epoch"] == ended["epochs"] - (1 if known else 2)
    with open(folder / "history.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert int(row["epoch"]) == ended["kept_epoch"]
    assert row["cost"] == (repr(ended["cost"]) if known else "")
    assert (ended["cost"] is None) is not known
    assert float(row["training_loss"]) == ended["scores"]["training_loss"]


@pytest.mark.parametrize(
    "change",
    ["optimiser.schedule={name: plateau, patience: 1, factor: 0.5}", "training.stop.patience=4"],
)
def test_the_trial_of_gradcheck_is_the_training(change, config, tmp_path):
    """Plateau and patience go by the validation loss there, too."""
    run = train(config, [change], tmp_path)
    trial = TrialRunner(prepare(config, [change])).run()
    assert trial.complete
    assert trial.costs.tolist() == pytest.approx([row["cost"] for row in run.history], rel=1e-12)
