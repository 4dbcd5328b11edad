"""`mlp train`: what it prints, what it leaves, why it stops."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import shutil
import zipfile
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from cli.world import CONFIG, csv_text, mlp

from mlpcli.cli.views.json_view import JsonView
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import FoldsDone

REGRESSION = """\
data: {train: data.csv, target: b, ignore: [kind], validation: 0.25, test: 0.25}
network: {hidden: [{units: 3, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.05}
training: {epochs: 4, batch_size: 4}
executor: numpy
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory, with good.yaml, number.yaml and their data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "number.yaml").write_text(REGRESSION, encoding="utf-8")
    (tmp_path / "data.csv").write_text(csv_text(), encoding="utf-8")
    return tmp_path


def train(*args, code=0):
    result = mlp("train", *args)
    assert result.exit_code == code, result.output
    return result


def json_lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def sets(*options):
    return [word for option in options for word in ("--set", option)]


def history(run):
    """The rows of history.csv without the times."""
    with open(run / "history.csv", newline="", encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def state_bytes(run):
    """Parameters and optimiser slots of the checkpoint."""
    state = Checkpoint.read(run / "checkpoint.npz").groups["state"]
    return {name: array.tobytes() for name, array in state.items()}


# What it prints


def test_lines(folder):
    result = train("good.yaml")
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    lines = result.stdout.splitlines()
    assert lines[0] == "config   good.yaml"
    assert "network  5 → 4 tanh → 1 sigmoid: 29 parameters, float64" in lines
    assert "         target kind   classification  2 classes: no, yes" in lines
    start = lines.index("") + 1
    header, *rows = lines[start : lines.index("", start)]
    assert [row.split()[0] for row in rows] == ["2", "4", "6"]
    assert header.split() == "epoch running cost training loss training accuracy time".split()
    assert {len(row) for row in rows} == {len(header)}  # aligned
    kept = lines.index("kept: the weights of epoch 6")
    assert lines[kept - 1].startswith("stopped: all epochs done after epoch 6, ")
    run = os.path.join("runs", "good-1")
    assert lines[-2:] == [f"run: {run}", f"next: mlp predict {run} DATA   (or: mlp evaluate {run} DATA)"]


def test_the_last_epoch_is_printed_too(folder):
    events = json_lines(train("good.yaml", "--json", *sets("training.epochs=7", "training.print_every=3")))
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [3, 6, 7]


def test_without_print_every_some_twenty_lines(folder):
    events = json_lines(train("number.yaml", "--json", *sets("training.epochs=100")))
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == list(range(5, 101, 5))


def test_json(folder):
    result = train("number.yaml", "--json")
    first, *between, last = json_lines(result)
    assert result.stderr == ""
    assert first["event"] == "start"
    assert first["run"] == last["run"] == os.path.join("runs", "number-1")
    assert (first["parameters"], first["rows"]) == (19, 12)
    assert [event["event"] for event in between] == [*["epoch"] * 4, "finding"]
    assert between.pop()["rule"] == "too_few_epochs"  # four of them
    assert set(between[0]) == {
        "event",
        "epoch",
        "cost",
        "validation_loss",
        "validation_rmse",
        "validation_r2",
        "seconds",
    }
    assert (last["event"], last["stopped"], last["epochs"]) == ("end", "all epochs done", 4)
    assert last["cost"] == between[-1]["cost"]
    assert last["seconds"] >= 0
    assert set(last["test"]) >= {"rows"}


def test_quiet(folder):
    result = train("good.yaml", "--quiet")
    [line] = result.stdout.splitlines()
    assert line.startswith(os.path.join("runs", "good-1"))
    assert "all epochs done" in line
    assert result.stderr == ""


def test_the_penalty_is_in_the_cost_and_not_in_the_loss(folder):
    events = json_lines(train("good.yaml", "--json", *sets("optimiser.l2=0.1", "executor=numpy")))
    costs = [(event["loss"], event["cost"]) for event in events if event["event"] == "epoch"]
    assert costs
    assert all(loss < cost for loss, cost in costs)


# What it leaves


def test_a_run_folder_is_whole(folder):
    train("number.yaml", *sets("seed=3"))
    run = folder / "runs" / "number-1"
    assert sorted(os.listdir(run)) == [
        "checkpoint.npz",
        "config.yaml",
        "findings.json",
        "history.csv",
        "model.npz",
        "run.json",
    ]
    assert [row["epoch"] for row in history(run)] == ["1", "2", "3", "4"]
    found = json.loads((run / "findings.json").read_text())
    assert [(each["epoch"], each["rule"]) for each in found] == [(4, "too_few_epochs")]
    checkpoint = Checkpoint.read(run / "checkpoint.npz")
    state = checkpoint.groups["state"]
    assert checkpoint.values["epoch"] == 4
    assert state["hidden1.weights"].shape == (4, 3)
    assert ModelFile.read(run / "model.npz").summary["epochs"] == 4
    assert not (run / "model.npz").stat().st_mode & 0o111


def test_the_kept_config_trains_to_the_same_bytes_from_anywhere(folder, monkeypatch):
    train("good.yaml", *sets("training.epochs=4", "data.validation=data.csv"))
    run = folder / "runs" / "good-1"
    text = (run / "config.yaml").read_text(encoding="utf-8")
    assert "# Two flowers apart." in text
    assert "# one layer" in text
    assert "epochs: 4" in text
    assert str(folder) not in text
    elsewhere = folder / "else" / "where"
    elsewhere.mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    train(run / "config.yaml", "--runs", "mine")
    again = elsewhere / "mine" / "config-1"
    assert history(again) == history(run)
    ours, theirs = (ModelFile.read(each / "model.npz") for each in (again, run))
    assert {n: a.tobytes() for n, a in ours.parameters.items()} == {
        n: a.tobytes() for n, a in theirs.parameters.items()
    }
    assert ours.preparation == theirs.preparation


@pytest.mark.parametrize(("config", "precision"), [("good.yaml", "float64"), ("number.yaml", "float32")])
def test_the_same_config_and_seed_give_the_same_bytes(folder, config, precision):
    for _ in range(2):
        train(config, *sets(f"precision={precision}", "executor=native"))
    first, second = (folder / "runs" / f"{config[:-5]}-{number}" for number in (1, 2))
    assert (first / "model.npz").read_bytes() == (second / "model.npz").read_bytes()
    assert state_bytes(first) == state_bytes(second)
    assert history(first) == history(second)


def test_another_seed_gives_another_model(folder):
    train("good.yaml")
    train("good.yaml", *sets("seed=1"))
    one, two = (ModelFile.read(folder / "runs" / f"good-{n}" / "model.npz").parameters for n in (1, 2))
    assert not np.array_equal(one["hidden1.weights"], two["hidden1.weights"])


def test_printing_more_often_changes_no_number(folder):
    train("number.yaml", *sets("training.print_every=1"))
    train("number.yaml", *sets("training.print_every=4"))
    one, two = (folder / "runs" / f"number-{n}" for n in (1, 2))
    assert history(one)[-1:] == history(two)
    with zipfile.ZipFile(one / "model.npz") as a, zipfile.ZipFile(two / "model.npz") as b:
        assert a.read("output.weights.npy") == b.read("output.weights.npy")


def test_run_folders_are_numbered_and_never_used_again(folder):
    for _ in range(3):
        train("good.yaml", "--quiet")
    shutil.rmtree(folder / "runs" / "good-2")
    train("good.yaml", "--quiet")
    assert sorted(os.listdir("runs")) == ["good-1", "good-3", "good-4"]


def test_the_files_need_not_be_here(folder, monkeypatch):
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    train("../good.yaml", "--quiet")
    assert (folder / "below" / "runs" / "good-1" / "model.npz").is_file()


# Why it stops


def stopped(*options, config="number.yaml"):
    last = json_lines(train(config, "--json", *sets("training.epochs=300", *options)))[-1]
    return last["stopped"], last["epochs"], last["kept_epoch"]


def test_patience(folder):
    why, epochs, kept = stopped("training.stop.patience=5", "optimiser.learning_rate=0.5")
    assert why == "no improvement for 5 epochs"
    assert 5 <= epochs < 300
    assert kept == epochs - 5


def test_patience_with_min_delta_is_sooner_over(folder):
    why, epochs, _ = stopped("training.stop={patience: 5, min_delta: 1000}")
    assert (why, epochs) == ("no improvement for 5 epochs", 6)


def test_cost_below(folder):
    why, epochs, _ = stopped("training.stop.cost_below=1000")
    assert (why, epochs) == ("the validation loss is below 1000", 1)


def test_max_time(folder):
    why, epochs, _ = stopped("training.stop.max_time=1e-9")
    assert (why, epochs) == ("1e-09 seconds are over", 1)


def test_the_reason_is_said_to_people(folder):
    result = train("number.yaml", *sets("training.stop.patience=2", "optimiser.learning_rate=0.5"))
    assert "\nstopped: no improvement for 2 epochs after epoch " in result.stdout
    assert "\nkept: the weights of epoch " in result.stdout


def test_with_validation_the_best_weights_are_kept(folder):
    """The validation cost of the model file is the lowest of the history, to the bit."""
    events = json_lines(
        train(
            "number.yaml",
            "--json",
            *sets("training.epochs=60", "training.print_every=1", "optimiser.learning_rate=0.5"),
        )
    )
    costs = [event["validation_loss"] for event in events if event["event"] == "epoch"]
    kept = events[-1]["kept_epoch"]
    assert kept == 1 + int(np.argmin(costs))
    assert 0 < kept < 60  # or else the test shows nothing
    train("number.yaml", *sets(f"training.epochs={kept}", "optimiser.learning_rate=0.5"))
    best, last = (ModelFile.read(folder / "runs" / f"number-{n}" / "model.npz").parameters for n in (1, 2))
    assert {n: a.tobytes() for n, a in best.items()} == {n: a.tobytes() for n, a in last.items()}


def test_without_validation_the_last_weights_are_kept(folder):
    last = json_lines(train("good.yaml", "--json"))[-1]
    assert last["kept_epoch"] == 6


# When the cost is not finite


@pytest.mark.parametrize("options", [[], ["data.validation=null"]], ids=["validation", "no validation"])
def test_a_cost_that_is_not_finite(folder, options):
    with np.errstate(all="raise"):
        result = train(
            "number.yaml", *sets("optimiser.learning_rate=1e100", "training.epochs=50", *options), code=1
        )
    run = folder / "runs" / "number-1"
    finding = json.loads((run / "findings.json").read_text())[-1]
    assert (finding["rule"], finding["severity"]) == ("cost_not_finite", "problem")
    assert finding["where"].startswith("layer ") or finding["where"] == "the loss"
    assert finding["batch"] is None or finding["batch"] >= 1
    assert result.stderr.startswith(f"error: epoch {finding['epoch']}\n")
    for words in (finding["cause"], str(run.relative_to(folder)), "optimiser.learning_rate"):
        assert words in result.stderr
    assert finding["where"] in finding["cause"]
    assert finding["remedies"][0]["changes"] == ["optimiser.learning_rate=1e+99"]
    assert finding["cause"] not in result.stdout  # said once, by the error
    assert f"stopped: the cost is not finite after epoch {finding['epoch']}" in result.stdout
    assert "next:" not in result.stdout
    model = ModelFile.read(run / "model.npz")
    assert all(np.isfinite(array).all() for array in model.parameters.values())
    state = Checkpoint.read(run / "checkpoint.npz").groups["state"]
    assert all(np.isfinite(array).all() for array in state.values())
    assert mlp("predict", run, "data.csv").exit_code == 0
    assert mlp("show", run).exit_code == 0


def test_json_tells_of_a_failed_run_too(folder):
    result = train("number.yaml", "--json", *sets("optimiser.learning_rate=1e100"), code=1)
    events = json_lines(result)
    assert events[-1]["event"] == "end"
    assert events[-1]["stopped"] == "the cost is not finite"
    assert events[-1]["run"] == os.path.join("runs", "number-1")
    assert "Infinity" not in result.stdout
    assert "NaN" not in result.stdout


def test_a_finding_is_one_line(folder):
    """A rate of 0 is certain to learn nothing: said before the first epoch, and trained all the same."""
    lines = train("good.yaml", *sets("optimiser.learning_rate=0", "executor=numpy")).stdout.splitlines()
    [line] = [line for line in lines if line.startswith("problem  before the first epoch: ")]
    config = os.path.join("runs", "good-1", "config.yaml")
    assert line.endswith(f"; see mlp gradcheck {config}")
    assert lines.index(line) < next(
        at for at, line in enumerate(lines) if "epoch " in line and "cost" in line
    )
    assert any(line.startswith("stopped: all epochs done after epoch 6") for line in lines)


def test_a_finding_names_the_config_as_it_was_given(folder):
    (folder / "still.yaml").write_text(CONFIG.replace("0.05", "0") + "executor: numpy\n", encoding="utf-8")
    assert "; see mlp gradcheck still.yaml\n" in train("still.yaml").stdout


def test_findings_as_json(folder):
    events = json_lines(train("good.yaml", "--json", *sets("optimiser.learning_rate=0", "executor=numpy")))
    finding = events[1]
    assert (finding["event"], finding["epoch"], finding["severity"]) == ("finding", 0, "problem")
    kept = json.loads((folder / "runs" / "good-1" / "findings.json").read_text())
    assert kept == [{k: v for k, v in e.items() if k != "event"} for e in events if e["event"] == "finding"]


def test_monitors_can_be_switched_off(folder):
    options = sets("optimiser.learning_rate=0", "training.monitors=false", "executor=numpy")
    assert {event["event"] for event in json_lines(train("good.yaml", "--json", *options))} == {
        "start",
        "epoch",
        "end",
    }


def test_an_interrupt_saves_and_exits_130(folder, monkeypatch):
    """As test_processes has it with a signal, but at a batch that is known."""
    from contextlib import contextmanager

    asked = iter([False] * 10)

    @contextmanager
    def after_ten_batches():
        yield lambda: next(asked, True)

    monkeypatch.setattr("mlpcli.cli.interrupt.first_interrupt", after_ten_batches)
    last = json_lines(
        train("good.yaml", "--json", *sets("training.epochs=9000", "executor=numpy"), code=130)
    )[-1]
    assert last["stopped"] == "interrupted"
    assert 0 < last["epochs"] < 9
    assert mlp("predict", last["run"], "data.csv").exit_code == 0
    assert "interrupted" in mlp("show", last["run"]).stdout


def test_json_has_no_number_that_json_has_not():
    view = JsonView()
    with redirect_stdout(io.StringIO()) as out:
        view.folds(FoldsDone(({"r2": math.nan, "cost": 1.0}, {"r2": math.nan, "cost": 2.0}), Path("p.csv")))
    found = json.loads(out.getvalue(), parse_constant=pytest.fail)
    assert found["scores"]["r2"] == {"mean": None, "spread": None}
    assert found["scores"]["cost"]["mean"] == 1.5
