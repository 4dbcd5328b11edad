"""A training that ends above the best constant, or while the loss still falls, says what to change."""

from pathlib import Path

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import train
from mlpcli.diagnose.layers.weight_probe import WeightProbe
from mlpcli.diagnose.loss_curve import EpochStats
from mlpcli.diagnose.monitor import MonitorContext
from mlpcli.diagnose.monitors import MONITORS
from mlpcli.problem.build import prepare

XOR = Path(__file__).parents[2] / "configs" / "xor-tanh.yaml"
LN2 = float(np.log(2))
NAMES = ("stalled_at_baseline", "too_few_epochs")


@pytest.fixture
def apart(tmp_path):
    """A config that names nothing but data: two classes apart in 30 rows."""
    rng = np.random.default_rng(1)
    classes = np.arange(30) % 2
    points = rng.normal(size=(30, 2)) + np.where(classes, 2, -2)[:, None]
    rows = [f"{a:.3f},{b:.3f},{'yes' if c else 'no'}" for (a, b), c in zip(points, classes, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *rows]) + "\n", encoding="utf-8")
    path = tmp_path / "apart.yaml"
    path.write_text("data: {train: t.csv, target: y}\nexecutor: numpy\n", encoding="utf-8")
    return path


def endings(run):
    return [each.finding for each in run.findings if each.finding.rule in NAMES]


def seed_above(path):
    """A seed whose first weights point the wrong way."""
    for seed in range(8):
        run = train(path, [f"seed={seed}"], path.parent)
        if run.cost > 1.02 * LN2:
            return seed, run
    raise AssertionError("none of them ends above ln 2")


def test_defaults_that_end_above_the_best_constant_say_what_to_change(apart):
    seed, run = seed_above(apart)
    (told,) = endings(run)
    assert (told.rule, told.severity) == ("too_few_epochs", "problem")
    assert f"ends at {run.cost:.4g}, above what the best constant has, 0.6931, and still falls" in told.cause
    assert len(told.remedies) == 2
    for remedy in told.remedies:
        (change,) = remedy.changes
        assert f"({change})" in told.cause
        better = train(apart, [f"seed={seed}", change, "training.batch_size=full"], apart.parent)
        assert better.cost < 0.5 * LN2
        assert not endings(better)


def test_one_epoch_that_ends_above_the_best_constant(apart):
    seed, _ = seed_above(apart)
    run = train(apart, [f"seed={seed}", "training.epochs=1"], apart.parent)
    (told,) = endings(run)
    assert (told.rule, told.severity) == ("stalled_at_baseline", "problem")
    assert told.remedies[0].changes == ("training.epochs=10",)
    assert "(training.epochs=10)" in told.cause


def test_a_training_that_is_interrupted_has_not_ended(apart):
    seed, _ = seed_above(apart)
    seen = []
    run = train(apart, [f"seed={seed}"], apart.parent, seen.append, lambda: len(seen) > 60)
    assert run.interrupted
    assert not endings(run)


def told(losses, weights, monkeypatch, ended=True, overrides=()):
    """By both monitors, of a training whose last weights have this loss where the best constant has ln 2."""
    monkeypatch.setattr(WeightProbe, "loss", lambda self: (weights, LN2))
    prepared = prepare(XOR, [f"training.epochs={100 * len(losses)}", *overrides])
    problem = prepared
    history = [EpochStats(100 * at, loss) for at, loss in enumerate(losses, 1)]
    context = MonitorContext(problem, history, WeightProbe(problem, prepared.initial_values()), ended)
    return [found for name in NAMES if (found := MONITORS[name]().check(context)) is not None]


def test_a_loss_that_swings_above_the_best_constant(monkeypatch):
    (found,) = told([1.08, 1.0, 1.72], 1.7, monkeypatch)
    assert (found.rule, found.severity) == ("stalled_at_baseline", "problem")
    assert "ends at 1.72" in found.cause
    assert "was 1 in epoch 200" in found.cause
    assert "stays" not in found.cause


def test_a_loss_that_falls_fast_to_the_end(monkeypatch):
    (found,) = told([0.69, 0.65, 0.6, 0.5, 0.4], 0.39, monkeypatch)
    assert (found.rule, found.severity) == ("too_few_epochs", "warning")
    assert "58% of what the best constant has" in found.cause
    assert found.value == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("losses", "weights"),
    [
        ([0.69, 0.65, 0.6, 0.5, 0.4], 0.1),  # the mean over the epoch is worse than the weights after it
        ([0.9, 0.8, 0.75], 0.6),
        ([0.69, 0.5, 0.41, 0.405, 0.4], 0.4),  # falls no more
        ([0.69, 0.5, 0.3, 0.2, 0.1], 0.1),  # falls, and has little left
        ([0.69, 0.65, 0.3, 0.5, 0.4], 0.4),  # swings
        ([0.7], 0.7),  # as good as the best constant
    ],
)
def test_endings_that_are_no_news(losses, weights, monkeypatch):
    assert told(losses, weights, monkeypatch) == []


def test_only_all_epochs_are_too_few(monkeypatch):
    falling = [0.69, 0.65, 0.6, 0.5, 0.4]
    assert told(falling, 0.4, monkeypatch, ended=False) == []
    assert told(falling, 0.4, monkeypatch, overrides=["training.epochs=600"]) == []


@pytest.mark.parametrize(
    ("network", "linear"),
    [("{}", True), ("{hidden: [2]}", False), ("{output: {activation: maxout}}", False)],
)
def test_a_network_without_a_hidden_layer_is_described_as_linear(network, linear, apart):
    result = mlp("check", apart, "--set", f"network={network}", "--set", "loss=squared_error")
    assert result.exit_code == 0, result.output
    assert ("no hidden layer: a linear model" in result.output) == linear
