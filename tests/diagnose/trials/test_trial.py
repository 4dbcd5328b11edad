"""Trials: short trainings that are the config's own, and variants of it."""

import numpy as np
import pytest
from gallery.data import provide

from mlpcli import train
from mlpcli.diagnose.config_keys import weaker_penalty, widened
from mlpcli.diagnose.trials.baseline import baseline_loss
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.problem.build import prepare, rebuild

CONFIG = """
seed: 3
executor: numpy
data: {train: moons.csv, target: label}
network: {hidden: [{units: 6, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.5, l2: 1e-3}
training: {epochs: 8, batch_size: 16}
"""


def problem(folder, *overrides, text=CONFIG):
    provide(text, folder)
    (folder / "config.yaml").write_text(text)
    return prepare(folder / "config.yaml", overrides, precision="float64")


def test_the_trial_is_the_training_itself(tmp_path):
    trial = TrialRunner(problem(tmp_path)).run()
    run = train(tmp_path / "config.yaml", ["training.print_every=1"], runs=tmp_path / "runs")
    # The training's rate is a constant of its graph, the trial's a variable: the last bits may differ.
    np.testing.assert_allclose(trial.costs, [record["cost"] for record in run.history], rtol=1e-10)
    assert trial.complete
    assert trial.steps == 8 * 25


def test_trials_begin_with_the_first_mask_and_averages(tmp_path):
    """The step that is tried beforehand, and the trial before, leave no trace."""
    text = CONFIG.replace("activation: tanh", "activation: tanh, normalisation: batch, dropout: 0.3")
    runner = TrialRunner(problem(tmp_path, text=text))
    first = runner.run()
    again = runner.run()
    np.testing.assert_array_equal(first.costs, again.costs)
    assert first.loss == again.loss
    for name, array in first.state.items():
        np.testing.assert_array_equal(again.state[name], array)
    run = train(tmp_path / "config.yaml", ["training.print_every=1"], runs=tmp_path / "runs")
    np.testing.assert_allclose(first.costs, [record["cost"] for record in run.history], rtol=1e-10)


def test_variants_of_a_normalised_network_have_its_averages(tmp_path):
    text = CONFIG.replace("activation: tanh", "activation: tanh, normalisation: batch, dropout: 0.3")
    subject = problem(tmp_path, text=text.replace("epochs: 8", "epochs: 1"))
    variants = Evidence(subject).variants
    without = ("network.hidden[0].dropout=0",)
    changes = (widened(subject), weaker_penalty(subject, 0.0), without, ("network.output.activation=tanh",))
    for each in changes:
        assert np.isfinite(variants.trial(each).loss)
    undropped = rebuild(subject, without)
    assert undropped.network.row is None
    np.testing.assert_array_equal(
        undropped.initial_values()["hidden1.weights"], subject.initial_values()["hidden1.weights"]
    )


def test_a_trial_of_frozen_layers_moves_nothing(tmp_path):
    text = CONFIG.replace("tanh}]", "tanh, trainable: false}], output: {trainable: false}")
    trial = TrialRunner(problem(tmp_path, text=text)).run()
    assert (trial.moved, trial.largest_first_update, trial.loss) == (0.0, 0.0, trial.start_loss)


def test_a_trial_leaves_nothing_behind(tmp_path):
    runner = TrialRunner(problem(tmp_path))
    before = runner.run()
    other = runner.run(rate=1.0, seed_offset=2, epochs=3, shuffle=False)
    after = runner.run()
    np.testing.assert_array_equal(before.costs, after.costs)
    assert before.loss == after.loss
    assert len(other.costs) == 3
    assert not other.complete


def test_watching_other_rows_changes_nothing(tmp_path):
    subject = problem(tmp_path)
    rows = {name: array[:50] for name, array in subject.training_rows.items()}
    runner = TrialRunner(subject)
    plain, watched = runner.run(), runner.run(watch=rows)
    np.testing.assert_array_equal(plain.costs, watched.costs)
    assert [epoch for epoch, _ in watched.watched] == list(range(1, 9))
    end, _ = runner.loss_on(rows, watched.state)
    assert watched.watched[-1][1] == pytest.approx(end, rel=1e-12)


def test_many_epochs_are_watched_at_some_moments_and_at_the_end(tmp_path):
    subject = problem(tmp_path, "training.epochs=50")
    watched = TrialRunner(subject).run(watch=subject.training_rows).watched
    assert len(watched) == 20
    assert watched[-1][0] == 50


def test_updates_and_movement_are_relative_to_the_first_weights(tmp_path):
    subject = problem(tmp_path, "training.batch_size=full", "training.epochs=1", "optimiser.momentum=0")
    trial = TrialRunner(subject).run()
    first = subject.initial_values()
    for name, update in trial.first_update.items():
        size = np.linalg.norm(first[name])
        change = np.linalg.norm(trial.state[name] - first[name])
        assert update == (pytest.approx(change / size) if size else np.inf)
    assert trial.largest_first_update == max(u for u in trial.first_update.values() if np.isfinite(u))
    change = np.sqrt(sum(np.sum((trial.state[name] - first[name]) ** 2) for name in first))
    assert trial.moved == pytest.approx(change / np.sqrt(sum(np.sum(a**2) for a in first.values())))


def test_what_is_not_finite_ends_a_trial(tmp_path):
    trial = TrialRunner(problem(tmp_path, "optimiser.learning_rate=1e6", "optimiser.l2=1")).run()
    assert not trial.finite
    assert len(trial.costs) < 8
    assert trial.falling == 0.0


def test_falling_compares_the_last_quarters(tmp_path):
    trial = TrialRunner(problem(tmp_path)).run()
    expected = 1 - trial.costs[6:].mean() / trial.costs[4:6].mean()
    assert trial.falling == pytest.approx(expected)
    assert trial.falling_an_epoch == pytest.approx(expected / 2)
    assert trial.late_cost == pytest.approx(trial.costs[6:].mean())
    short = TrialRunner(problem(tmp_path, "training.epochs=2")).run()
    assert short.falling == pytest.approx(1 - short.costs[1] / short.costs[0])


def test_other_rows_may_be_more_or_fewer(tmp_path):
    subject = problem(tmp_path)
    rows = {name: np.repeat(array, 2, axis=0) for name, array in subject.training_rows.items()}
    assert TrialRunner(subject, rows).run().steps == 8 * 50


def test_a_wider_network_and_one_without_penalty(tmp_path):
    subject = problem(tmp_path)
    wide = rebuild(subject, widened(subject))
    assert [layer.units for layer in wide.network.layers] == [24, 1]
    assert wide.initial_values()["hidden1.weights"].shape == (2, 24)
    assert wide.network.penalty is not None
    assert wide.dataset is subject.dataset
    free = rebuild(subject, weaker_penalty(subject, 0.0))
    assert free.network.penalty is None
    np.testing.assert_array_equal(
        free.initial_values(1)["hidden1.weights"], subject.initial_values(1)["hidden1.weights"]
    )
    straight = problem(tmp_path, "network.hidden=[]")
    assert [layer.units for layer in rebuild(straight, widened(straight)).network.layers] == [16, 1]


def test_rates_are_computed_once(tmp_path):
    evidence = Evidence(problem(tmp_path))
    assert evidence.trials.at_rate(10.0) is evidence.trials.at_rate(10.0)
    assert evidence.trials.at_rate(0.1).rate == pytest.approx(0.01)


def test_first_weights_that_are_lucky_are_not_learning(tmp_path):
    evidence = Evidence(problem(tmp_path, "optimiser.learning_rate=0", "network.hidden=[]", "seed=1"))
    assert evidence.trial.beats_baseline  # drawn so
    assert not evidence.learns


def test_the_baseline_is_entropy_or_variance(tmp_path):
    assert baseline_loss(problem(tmp_path)) == pytest.approx(np.log(2))
    waves = "data: {train: waves.csv, target: y}\nnetwork: {hidden: [4]}\n"
    assert baseline_loss(problem(tmp_path, text=waves)) == pytest.approx(1.0)
