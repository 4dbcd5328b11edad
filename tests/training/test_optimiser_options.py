"""Schedules, clipping, `auto` and lbfgs from the config to the run folder."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mlpcli import train
from mlpcli.cli.text.network_and_data import describe_prepared
from mlpcli.diagnose.ranking import applicable
from mlpcli.diagnose.report import gradcheck
from mlpcli.diagnose.trials.evidence import evidence_of
from mlpcli.errors import ConfigError, RunFailed
from mlpcli.problem.build import prepare
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.runs.model_file import ModelFile

ROOT = Path(__file__).parents[2]
CONFIG = """\
data: {train: %s, target: species, validation: 0.2}
network: {hidden: [{units: 3, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.02}
training: {epochs: 12, print_every: 1}
executor: numpy
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "iris.yaml"
    path.write_text(CONFIG % (ROOT / "datasets/iris.csv"), encoding="utf-8")
    return path


def checkpoint(run):
    return Checkpoint.read(run.path / "checkpoint.npz").groups["state"]


def test_rate_and_clipping_are_in_the_history(config, tmp_path):
    settings = ["optimiser.schedule=cosine", "optimiser.warm_up=4", "optimiser.clip_norm=0.2"]
    run = train(config, settings, tmp_path)
    rates = [record["learning_rate"] for record in run.history]
    assert rates[:4] == sorted(rates[:4])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert max(rates) < 0.02
    assert rates[-1] < 0.001
    assert all(0 <= record["clipped"] <= 1 for record in run.history)
    assert run.history[0]["clipped"] == 1
    with open(run.path / "history.csv", newline="", encoding="utf-8") as file:
        assert [float(row["learning_rate"]) for row in csv.DictReader(file)] == rates
    assert checkpoint(run)["schedule/epoch"] == 12
    assert checkpoint(run)["schedule/batch"] == 0


def test_without_them_there_is_nothing_of_them(config, tmp_path):
    run = train(config, [], tmp_path)
    assert not {"learning_rate", "clipped"} & set(run.history[0])
    assert not [name for name in checkpoint(run) if name.startswith(("schedule", "rate"))]


def test_a_plateau_lowers_the_rate_by_the_validation_loss(config, tmp_path):
    many = ["training.epochs=60", "optimiser.learning_rate=0.1"]
    settings = ["optimiser.schedule={name: plateau, patience: 2, factor: 0.5, minimum: 0.1}", *many]
    run = train(config, settings, tmp_path)
    rates = [record["learning_rate"] for record in run.history]
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.01)
    best, waited, factor = np.inf, 0, 1.0
    for record in run.history:
        assert record["learning_rate"] == pytest.approx(0.1 * factor, rel=1e-12)
        waited = 0 if record["validation_loss"] < best else waited + 1
        best = min(best, record["validation_loss"])
        if waited == 2:
            factor, waited = max(factor / 2, 0.1), 0
    plain = train(config, many, tmp_path)
    first = next(at for at, rate in enumerate(rates) if rate < 0.1)
    assert [r["cost"] for r in run.history[:first]] == [r["cost"] for r in plain.history[:first]]


def test_auto_is_the_training_with_the_number_that_was_found(config, tmp_path):
    auto = train(config, ["optimiser.learning_rate=auto"], tmp_path)
    rate = ModelFile.read(auto.path / "model.npz").summary["learning_rate"]
    same = train(config, [f"optimiser.learning_rate={rate!r}"], tmp_path)
    assert [{**r, "seconds": 0} for r in auto.history] == [{**r, "seconds": 0} for r in same.history]
    for name, array in checkpoint(same).items():
        np.testing.assert_array_equal(checkpoint(auto)[name], array)
    with open(auto.path / "learning_rate.csv", newline="", encoding="utf-8") as file:
        curve = [(float(row["rate"]), float(row["loss"])) for row in csv.DictReader(file)]
    lowest = min(curve, key=lambda point: point[1])
    assert rate == float(f"{lowest[0] / 10:.2g}")
    assert not (same.path / "learning_rate.csv").exists()
    assert evidence_of(config, ["optimiser.learning_rate=auto"]).problem.optimizer.rate == rate


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_lbfgs_trains_on_all_rows_and_ends_by_itself(config, tmp_path, executor):
    settings = ["optimiser={name: lbfgs, l2: 0.01}", "training.epochs=400", f"executor={executor}"]
    run = train(config, settings, tmp_path)
    assert run.stopped in ("no entry of the gradient is above 1e-07", "the line search finds no lower cost")
    costs = [record["cost"] for record in run.history]
    assert len(costs) == run.epochs < 400
    assert costs == sorted(costs, reverse=True)
    assert checkpoint(run)["lbfgs/pairs"] > 0


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (["optimiser=lbfgs", "training.batch_size=16"], "training.batch_size"),
        (["optimiser={name: lbfgs, learning_rate: 0.1}"], "optimiser.learning_rate"),
        (["optimiser={name: lbfgs, curvature: 1e-5}"], "optimiser.curvature"),
        (["optimiser.warm_up=12"], "optimiser.warm_up"),
        (["optimiser.schedule=cosin"], "optimiser.schedule"),
        (["optimiser.schedule={name: cosine, final: 2}"], "optimiser.schedule.final"),
        (["optimiser.schedule={factor: 0.2}"], "optimiser.schedule"),
        (["optimiser.clip_norm=0"], "optimiser.clip_norm"),
        (["optimiser.clip_value=-1"], "optimiser.clip_value"),
        (["optimiser.learning_rate=fast"], "optimiser.learning_rate"),
        (["optimiser.schedule=step", "precision=float32", "training.epochs=20000000"], "precision"),
    ],
)
def test_what_does_not_fit_is_a_config_error_at_its_key(config, settings, key):
    with pytest.raises(ConfigError) as error:
        prepare(config, settings)
    [fault] = error.value.faults
    assert key in (fault.where.rpartition("key ")[2], fault.key)
    assert fault.remedy or "expected" in fault.what.lower()


def test_a_warm_up_as_long_as_the_training_is_told_in_numbers(config):
    with pytest.raises(ConfigError) as error:
        prepare(config, ["optimiser.warm_up=1.5", "training.epochs=1"])
    [fault] = error.value.faults
    assert "warm-up of 1.5 takes all of training.epochs, 1:" in fault.what


def test_full_is_what_lbfgs_means_and_rprop_wishes(config):
    assert prepare(config, ["optimiser=lbfgs"]).batch_rows == 120
    assert prepare(config, ["optimiser=lbfgs", "training.batch_size=full"]).batch_rows == 120
    assert prepare(config).batch_rows == 32
    assert "batch_size: full" in prepare(config, ["optimiser=rprop"]).hints[-1]
    assert not prepare(config, ["optimiser=rprop", "training.batch_size=full"]).hints


def test_a_trial_follows_the_schedule_and_its_first_step_counts_in_full(config):
    plain, warm = (
        evidence_of(config, ["training.epochs=6", *more]).trial
        for more in ([], ["optimiser.warm_up=3", "optimiser.schedule=cosine"])
    )
    for name, update in plain.first_update.items():
        assert warm.first_update[name] == pytest.approx(update, rel=1e-9)
    assert warm.costs[0] > plain.costs[0]
    assert warm.moved < plain.moved


@pytest.mark.parametrize(
    "settings",
    [
        ["optimiser={name: lbfgs, l2: 0.01}"],
        ["optimiser.learning_rate=auto", "optimiser.clip_norm=1"],
        ["optimiser.schedule={name: plateau, patience: 2}", "optimiser.clip_value=0.1"],
        ["optimiser={name: rprop, schedule: one_cycle, warm_up: 1}", "training.batch_size=full"],
    ],
)
def test_check_and_gradcheck_work_with_all_of_these(config, settings):
    settings = [*settings, "training.epochs=40"]
    assert describe_prepared(prepare(config, settings))
    report = gradcheck(config, settings)
    assert report.healthy
    assert report.training.learns


def test_gradcheck_of_a_run_takes_the_rate_that_was_found_for_it(config, tmp_path, monkeypatch):
    run = train(config, ["optimiser.learning_rate=auto"], tmp_path)

    def never(*arguments):
        raise AssertionError("a range test")

    monkeypatch.setattr("mlpcli.training.range_test.range_test", never)
    assert gradcheck(run.path).gradient.right
    with pytest.raises(AssertionError, match="a range test"):
        gradcheck(config, ["optimiser.learning_rate=auto"])


def test_what_an_optimiser_has_not_is_no_remedy(config):
    rate = Remedy("slower", ("optimiser.learning_rate=0.1",))
    batch, wider = (
        Remedy("", (change,)) for change in ("training.batch_size=8", "network.hidden[0].units=9")
    )
    finding = Finding(rule="stalled_at_baseline", severity="problem", cause="", remedies=(rate, batch, wider))
    for settings, kept in (["optimiser=lbfgs"], (wider,)), (["optimiser=rprop"], finding.remedies):
        problem = evidence_of(config, settings).problem
        assert applicable(finding, problem).remedies == kept


def test_a_cost_lost_by_lbfgs_is_told_without_a_rate(config, tmp_path):
    huge = "network.hidden[0].initialisation={name: constant, value: 1e308}"
    activation = "network.hidden[0].activation=linear"
    with pytest.raises(RunFailed) as error:
        train(config, ["optimiser=lbfgs", huge, activation], tmp_path)
    assert "cost is not finite from epoch 1" in error.value.faults[0].what
    [run] = tmp_path.glob("iris-*")
    [found] = [f for f in json.loads((run / "findings.json").read_text()) if f["rule"] == "cost_not_finite"]
    assert not found["remedies"]


def test_the_plateau_is_in_the_checkpoint(config, tmp_path):
    run = train(config, ["optimiser.schedule={name: plateau, patience: 3}"], tmp_path)
    counters = Checkpoint.read(run.path / "checkpoint.npz").values["counters"]
    assert set(counters["plateau"]) == {"best", "waited", "resting"}
    assert counters["plateau"]["best"] == min(record["validation_loss"] for record in run.history)
    assert checkpoint(run)["rate_factor"].shape == ()


def test_a_trial_of_lbfgs_ends_with_it(config):
    trial = evidence_of(config, ["optimiser={name: lbfgs, l2: 0.01}", "training.epochs=400"]).trial
    assert len(trial.costs) == 400
    assert trial.complete
    assert trial.costs[-1] == trial.costs[-100]
