"""The loss of the best constant and the lowest loss there is, with weights and with smoothed labels."""

import math

import numpy as np
import pytest
from gallery.data import provide

from mlpcli import train
from mlpcli.diagnose.config_keys import widened
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.baseline import Yardstick, baseline_loss, mean_loss, minimum_loss, row_losses
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.diagnose.trials.trial import POOR
from mlpcli.problem.build import prepare, rebuild

RARE = """
executor: numpy
data: {train: rare.csv, target: label, class_weights: balanced}
network: {hidden: [{units: 4, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 3, batch_size: 50}
"""
WAVES = """
executor: numpy
data: {train: weighted.csv, target: y, weight: w, target_scaling: none}
network: {hidden: [4]}
training: {epochs: 3}
"""
MOONS = """
seed: 3
data: {train: moons.csv, target: label}
network: {hidden: [{units: 12, activation: tanh}]}
loss: {name: binary_cross_entropy, label_smoothing: 0.3}
optimiser: {name: adam, learning_rate: 0.03}
training: {epochs: 60, batch_size: 16}
"""
LEAST = -(0.85 * math.log(0.85) + 0.15 * math.log(0.15))


def problem(folder, text, *overrides):
    provide(text, folder)
    (folder / "config.yaml").write_text(text)
    return prepare(folder / "config.yaml", overrides, precision="float64")


def waves(folder, *overrides):
    rng = np.random.default_rng(0)
    lines = [f"{a},{b},{w}" for a, b, w in zip(*rng.normal(size=(2, 31)), rng.uniform(0.1, 4, 31))]
    (folder / "weighted.csv").write_text("a,y,w\n" + "\n".join(lines) + "\n")
    return problem(folder, WAVES, *overrides)


def best_by_search(subject, low, high, count=2001):
    """The lowest weighted mean loss of that many constants."""
    target = subject.training_rows["target"]
    constants = np.linspace(low, high, count)
    return min(
        mean_loss(row_losses(subject, np.full(target.shape, each), target), subject.training_rows)
        for each in constants
    )


def test_classes_that_count_alike_have_the_entropy_of_a_coin(tmp_path):
    subject = problem(tmp_path, RARE)
    assert baseline_loss(subject) == pytest.approx(math.log(2), rel=1e-12)
    assert minimum_loss(subject) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_of_weighted_numbers_it_is_at_their_weighted_mean_or_median(loss, tmp_path):
    subject = waves(tmp_path, f"loss={loss}")
    found = best_by_search(subject, -2, 2)
    assert baseline_loss(subject) == pytest.approx(found, rel=2e-4)
    assert baseline_loss(subject) <= found * (1 + 1e-12)


@pytest.mark.parametrize("more", [[], ["network.output=softmax", "loss.name=cross_entropy"]])
def test_of_smoothed_labels_it_is_at_the_smoothed_frequency(more, tmp_path):
    text = (
        RARE.replace(", class_weights: balanced", "")
        + "loss: {name: binary_cross_entropy, label_smoothing: 0.3}"
    )
    subject = problem(tmp_path, text, *more)
    rare = 0.7 * 0.02 + 0.15
    assert baseline_loss(subject) == pytest.approx(-(rare * math.log(rare) + (1 - rare) * math.log(1 - rare)))
    assert minimum_loss(subject) == pytest.approx(LEAST)
    if not more:
        assert baseline_loss(subject) <= best_by_search(subject, 1e-3, 0.999, 400) + 1e-12


def test_what_is_left_is_a_share_of_what_there_is_to_gain():
    assert Yardstick(0.8, 0.0).left(0.2) == pytest.approx(0.25)
    assert Yardstick(0.8, 0.4).left(0.5) == pytest.approx(0.25)
    assert Yardstick(0.8, -0.4).left(0.2) == pytest.approx(0.25)
    assert Yardstick(0.8, 0.9).left(0.2) == pytest.approx(0.25)


def test_smoothed_labels_that_are_learned_are_healthy(tmp_path):
    evidence = Evidence(problem(tmp_path, MOONS))
    assert evidence.trial.loss > POOR * evidence.trial.baseline  # though hardly anything is left to learn
    assert evidence.trial.left < 0.2
    assert evidence.learns
    assert not evidence.trial.fits_poorly
    assert not [f for f in diagnose(evidence) if f.severity != "note"]


def test_smoothed_labels_that_are_learned_are_not_said_to_be_stuck(tmp_path):
    text = """
seed: 1
executor: numpy
data: {train: xor.csv, target: label, scaling: none}
network: {hidden: [{units: 8, activation: tanh}]}
loss: {name: binary_cross_entropy, label_smoothing: 0.3}
optimiser: {name: adam, learning_rate: 0.05}
training: {epochs: 400, batch_size: full}
"""
    problem(tmp_path, text)
    run = train(tmp_path / "config.yaml", runs=tmp_path / "runs")
    assert run.history[-1]["cost"] == pytest.approx(LEAST, rel=1e-3)
    assert run.history[-1]["training_accuracy"] == 1.0
    assert not run.findings


def test_trials_weigh_rows_as_the_training_does(tmp_path):
    subject = problem(tmp_path, RARE)
    trial = TrialRunner(subject).run()
    run = train(tmp_path / "config.yaml", ["training.print_every=1"], runs=tmp_path / "runs")
    np.testing.assert_allclose(trial.costs, [record["cost"] for record in run.history], rtol=1e-10)
    wide = rebuild(subject, widened(subject))
    assert wide.network.weights is not None
    assert np.isfinite(TrialRunner(wide).run().loss)


def test_rare_classes_are_no_finding_where_they_are_weighted(tmp_path):
    subject = problem(tmp_path, RARE, "training.epochs=20", "training.batch_size=16")
    assert not list(RULES["class_imbalance"]().check(Evidence(subject)))
    (finding,) = RULES["class_imbalance"]().check(
        Evidence(
            problem(tmp_path, RARE, "data.class_weights=null", "training.epochs=20", "training.batch_size=16")
        )
    )
    assert finding.key == "data.class_weights"
    assert finding.remedies[0].changes == ("data.class_weights=balanced",)
