"""Monitors: what they say of made histories, and of trainings that are sick or only slow."""

import json
from pathlib import Path

import numpy as np
import pytest
from gallery.sentences import assert_lawful

from mlpcli import train
from mlpcli.diagnose.layers.weight_probe import WeightProbe
from mlpcli.diagnose.loss_curve import EpochStats
from mlpcli.diagnose.monitor import Monitor, MonitorContext
from mlpcli.diagnose.monitoring import Monitoring
from mlpcli.diagnose.monitors import MONITORS
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.problem.build import prepare

CONFIGS = Path(__file__).parents[2] / "configs"
LN2 = float(np.log(2))


def context(losses, ended=False, of=None, validation=None, config="xor-tanh", overrides=()):
    """A training of so many report epochs, 100 apart."""
    of = of or 100 * len(losses)
    prepared = prepare(CONFIGS / f"{config}.yaml", [f"training.epochs={of}", *overrides])
    validation = validation or [None] * len(losses)
    history = [
        EpochStats(100 * at, *pair) for at, pair in enumerate(zip(losses, validation, strict=True), start=1)
    ]
    problem = prepared
    return MonitorContext(problem, history, WeightProbe(problem, prepared.initial_values()), ended)


def said(name, losses, **more):
    """What a monitor says at the last of the report epochs, having seen all of them."""
    monitor, whole = MONITORS[name](), context(losses, **more)
    found = None
    for at in range(1, len(losses) + 1):
        found = monitor.check(
            whole._replace(history=whole.history[:at], ended=whole.ended and at == len(losses))
        )
    if found is not None:
        assert_lawful(found)
    return found


def found(config, tmp_path, *overrides):
    """(epoch, rule) of everything that a training tells."""
    run = train(CONFIGS / f"{config}.yaml", overrides, tmp_path)
    return [(noticed.epoch, noticed.finding.rule) for noticed in run.findings]


def test_every_file_of_the_folder_is_a_monitor():
    assert len(MONITORS) >= 5
    assert all(issubclass(monitor, Monitor) for monitor in MONITORS.values())


# The cost stands still


def test_a_loss_that_stays_at_the_baseline():
    finding = said("stalled_at_baseline", [0.75, *[0.7] * 7], of=1600)
    assert (finding.rule, finding.severity) == ("stalled_at_baseline", "warning")
    assert finding.value == 0.7
    assert finding.threshold == pytest.approx(0.98 * LN2)
    assert "0.6931" in finding.cause
    assert said("stalled_at_baseline", [0.75, *[0.7] * 7], ended=True).severity == "problem"
    assert "worse" in said("stalled_at_baseline", [8.0] * 8).cause


def test_a_loss_that_swings_does_not_stay():
    cause = said("stalled_at_baseline", [*[1.72, 1.0] * 8, 1.72], ended=True).cause
    assert "stays" not in cause
    assert "swings between 1 and 1.72, now 1.72" in cause
    # Now and again it is clearly below the baseline.
    assert said("stalled_at_baseline", [*[0.72, 0.5] * 8, 0.72], ended=True) is None
    assert said("seed_dependent", [0.4] * 17, ended=True) is not None
    assert said("seed_dependent", [*[0.4, 0.3] * 8, 0.4], ended=True) is None


@pytest.mark.parametrize("rate", [-1.0, 0.0])
def test_a_rate_that_is_not_above_0_is_not_too_high(rate):
    growing = {"losses": [0.7, 0.6, 1.5, 3.0], "overrides": [f"optimiser.learning_rate={rate}"]}
    assert said("learning_rate_too_high", **growing) is None


def test_a_loss_that_has_grown_from_0_is_no_error():
    finding = said("learning_rate_too_high", [0.7, 0.0, 1.5])
    assert finding.value == pytest.approx(1.5 / LN2)


@pytest.mark.parametrize(
    ("losses", "more"),
    [
        ([0.7] * 6, {"of": 2500}),  # has only just begun
        ([0.7] * 4, {"ended": True}),
        ([0.9, 0.8, 0.7, 0.698, 0.696, 0.694], {}),  # still falling
        ([0.72, 0.7, 0.6999, 0.6998, 0.699], {"ended": True}),  # the end of a plateau
        ([0.3] * 8, {}),  # learned what there was
        ([0.69, 0.65, 0.6, 0.5, 0.4], {"ended": True}),
    ],
)
def test_a_loss_that_is_no_stall(losses, more):
    assert said("stalled_at_baseline", losses, **more) is None


def test_a_loss_that_stays_between():
    finding = said("seed_dependent", [0.5, *[0.367] * 7])
    assert finding.severity == "warning"
    assert finding.value == pytest.approx(0.367 / LN2)
    for remedy in finding.remedies:
        assert prepare(CONFIGS / "xor-tanh.yaml", remedy.changes).network.size > 0
    assert said("seed_dependent", [0.5, *[0.01] * 7]) is None
    assert said("seed_dependent", [0.9, *[0.7] * 7]) is None  # the other monitor's
    assert said("seed_dependent", [0.5, *[0.367] * 7], config="iris") is None  # as data leave it


@pytest.mark.parametrize("seed", [0, 5, 71])
def test_a_stuck_network_is_told_so_before_the_end(seed, tmp_path):
    """Two tanh units: seed 0 stays at half of ln 2, the other two at ln 2."""
    [(epoch, rule)] = found("xor-tanh", tmp_path, f"seed={seed}")
    assert rule == ("seed_dependent" if seed == 0 else "stalled_at_baseline")
    assert 1000 <= epoch < 4000


@pytest.mark.parametrize("every", [50, 200, 500])
@pytest.mark.parametrize("seed", [5, 21, 30, 60, 80])
def test_a_plateau_is_no_stall(seed, every, tmp_path):
    """These rest at ln 2 for up to 2500 epochs, and learn then."""
    assert found("xor-sigmoid", tmp_path, f"seed={seed}", f"training.print_every={every}") == []


# Units, steps, validation rows


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_units_that_are_all_dead(precision, tmp_path):
    bias = "network.hidden[0].bias_initialisation={name: constant, value: -8}"
    overrides = ["network.hidden[0].activation=relu", bias, f"precision={precision}", "executor=numpy"]
    run = train(CONFIGS / "iris.yaml", overrides, tmp_path)
    first = run.findings[0]
    assert (first.epoch, first.finding.rule, first.finding.severity) == (10, "dead_activation", "problem")
    assert (first.finding.where, first.finding.value) == ("layer hidden1", 1.0)
    assert "16 of 16 relu units" in first.finding.cause
    cured = train(CONFIGS / "iris.yaml", [*overrides, *first.finding.remedies[0].changes], tmp_path)
    assert all(noticed.finding.rule != "dead_activation" for noticed in cured.findings)


def test_units_that_say_the_same_for_lack_of_other_input_are_not_dead():
    problem = prepare(CONFIGS / "iris.yaml", ["network.hidden[0].activation=relu"])
    state = problem.initial_values(0)
    probe = WeightProbe(problem, state)
    state["hidden1.weights"][...] = 0
    probe.read()
    assert probe.constant == [0, 0]
    state["hidden1.weights"][...] = 1
    state["hidden1.biases"][...] = -100
    probe.read()
    assert probe.constant == [16, 0]


def test_the_change_of_the_weights():
    problem = prepare(CONFIGS / "xor-sigmoid.yaml")
    state = problem.initial_values(0)
    probe = WeightProbe(problem, state)
    probe.read()
    assert probe.change == 0
    for array in state.values():
        array *= 2
    probe.read()
    assert probe.change == pytest.approx(0.5)


def test_a_loss_that_runs_away():
    finding = said("learning_rate_too_high", [0.7, 0.6, 1.5])
    assert (finding.severity, finding.key) == ("problem", "optimiser.learning_rate")
    rates = [prepare(CONFIGS / "xor-tanh.yaml", r.changes).optimizer.learning_rate for r in finding.remedies]
    assert rates == sorted(rates, reverse=True)
    assert said("learning_rate_too_high", [9.0, 5.0, 1.5]) is None  # comes down from bad first weights
    assert said("learning_rate_too_high", [0.1, 0.05, 0.3]) is None  # a spike below the baseline


def test_a_rate_that_is_too_high_is_told(tmp_path):
    rules = [
        rule
        for _, rule in found("iris", tmp_path, "optimiser={name: sgd, learning_rate: 30}", "executor=numpy")
    ]
    assert "learning_rate_too_high" in rules


def test_overfitting():
    falling, rising = [0.6, 0.5, 0.4, 0.3, 0.2, 0.1], [0.6, 0.55, 0.6, 0.65, 0.7, 0.8]
    finding = said("overfitting", falling, validation=rising)
    assert (finding.severity, finding.value) == ("warning", pytest.approx(0.8 / 0.55 - 1))
    assert "since epoch 200" in finding.cause
    patient = ["training.stop.patience=3"]
    assert said("overfitting", falling, validation=rising, overrides=patient).severity == "note"
    assert said("overfitting", falling) is None
    assert said("overfitting", falling, validation=falling) is None
    assert said("overfitting", rising, validation=rising) is None  # the training loss rises as well
    assert said("overfitting", falling, validation=[0.1, 0.05, 0.06, 0.07, 0.08, 0.1]) is None  # still good


# Healthy trainings


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("config", ["iris", "wine", "breast-cancer"])
def test_healthy_trainings_are_told_nothing(config, seed, tmp_path):
    executor = "auto" if (config, seed) == ("iris", 0) else "numpy"
    assert found(config, tmp_path, f"seed={seed}", f"executor={executor}") == []


# Facts


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("config", ["iris", "digits", "xor-softmax-momentum", "xor-hard-sigmoid"])
def test_facts_take_no_training_and_healthy_configs_have_none(config, precision, monkeypatch):
    def never(*args, **more):
        raise AssertionError("a trial")

    monkeypatch.setattr(TrialRunner, "run", never)
    prepared = prepare(CONFIGS / f"{config}.yaml", [f"precision={precision}"])
    assert Monitoring(prepared, prepared.initial_values()).facts() == []


def test_facts_are_told_before_the_first_epoch_and_training_goes_on(tmp_path):
    run = train(CONFIGS / "iris.yaml", ["optimiser.learning_rate=0", "executor=numpy"], tmp_path)
    first = run.findings[0]
    assert (first.epoch, first.finding.rule) == (0, "learning_rate_not_positive")
    assert run.epochs == 100
    kept = json.loads((run.path / "findings.json").read_text(encoding="utf-8"))
    assert kept == [json.loads(json.dumps(noticed.as_json())) for noticed in run.findings]
