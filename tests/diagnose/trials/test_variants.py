"""Variants are the config with changes: what is tried is what is proposed, and trained once."""

import numpy as np
import pytest
from gallery.data import provide
from gallery.evidence import evidence
from gallery.run import exhibits, first_of_each

from mlpcli import train
from mlpcli.diagnose.config_keys import usual_weights, weaker_penalty, widened
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.repair.proposal import propose
from mlpcli.diagnose.trials.evidence import evidence_of
from mlpcli.diagnose.trials.runner import TrialRunner
from mlpcli.diagnose.trials.trials import key_of, last_of_each

CONFIG = """
seed: 3
executor: numpy
data: {train: moons.csv, target: label, scaling: none, validation: 0.2}
network: {hidden: [{units: 6, activation: sigmoid, initialisation: zeros}]}
optimiser: {name: sgd, learning_rate: 0.1, momentum: 0.5, l2: 1e-3}
training: {epochs: 8, batch_size: 16}
"""
CHANGES = {
    "scaling": lambda problem: ("data.scaling=standard",),
    "weights": usual_weights,
    "width": widened,
    "penalty": lambda problem: weaker_penalty(problem, 0.1),
    "classes": lambda problem: ("data.class_weights=balanced", "training.epochs=3"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_variant_is_the_config_with_these_changes(name, tmp_path):
    provide(CONFIG, tmp_path)
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    subject = evidence_of(tmp_path / "c.yaml")
    changes = CHANGES[name](subject.problem)
    other = evidence_of(tmp_path / "c.yaml", changes)
    variant = subject.variants.trial(changes)
    np.testing.assert_array_equal(variant.costs, other.trial.costs)
    assert (variant.loss, variant.baseline, variant.watched) == (
        other.trial.loss,
        other.trial.baseline,
        other.trial.watched,
    )
    for key, array in other.trial.state.items():
        np.testing.assert_array_equal(variant.state[key], array)


def test_another_rate_and_more_epochs_are_variants_too(monkeypatch):
    subject = evidence(CONFIG)
    faster, longer = subject.trials.at_rate(10.0), subject.trials.longer
    monkeypatch.setattr(TrialRunner, "run", None)
    assert subject.variants.trial(("optimiser.learning_rate=1",)) is faster
    assert subject.variants.trial(("training.epochs=80",)) is longer


def test_another_seed_is_a_variant_where_it_does_not_draw_the_split():
    whole = CONFIG.replace(", validation: 0.2", "")
    for text, known in ((whole, True), (CONFIG, False)):
        subject = evidence(text)
        other = subject.trials.other_seeds[1]
        assert (subject.variants.trial(("seed=5",)) is other) == known
    subject = evidence(whole)
    np.testing.assert_array_equal(subject.trials.with_seed(2).costs, evidence(whole, "seed=5").trial.costs)


def test_a_config_that_cannot_be_built_is_no_failure():
    outcome = evidence(CONFIG).variants.outcome(("network.hidden[9].units=1",))
    assert (outcome.trial, outcome.learns, outcome.left) == (None, False, 1.0)
    assert outcome.text.startswith("cannot be made: ")


def test_a_wider_network_does_not_start_from_a_model_of_another_width(tmp_path):
    provide(CONFIG, tmp_path)
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    run = train(tmp_path / "c.yaml", ["training.epochs=1"], tmp_path / "runs")
    subject = evidence_of(tmp_path / "c.yaml", [f"start_from={run.path}"])
    assert subject.variants.outcome(widened(subject.problem)).trial is not None


def test_the_last_change_of_a_key_counts():
    changes = ("a=1", "b=2", "a=3")
    assert last_of_each(changes) == ("b=2", "a=3")
    assert key_of(changes) == key_of(("a=3", "b=2"))


TRIED = (
    "inputs_unscaled",
    "targets_unscaled",
    "hidden_softmax",
    "overconfident_start",
    "weights_too_large",
    "over_regularised",
    "class_imbalance",
    "codes_as_numbers",
    "too_little_capacity",
)
"""Rules whose first remedy is what they tried."""
SICK = [each for each in exhibits(list(TRIED)) if each.expected and not each.long]
FIRST = first_of_each([each.path for each in SICK])


@pytest.mark.parametrize("exhibit", [each for each in SICK if each.path in FIRST], ids=lambda each: each.name)
def test_a_remedy_that_was_tried_is_not_trained_again(exhibit, tmp_path, monkeypatch):
    subject = evidence_of(exhibit.placed(tmp_path))
    found = diagnose(subject)
    first = next(each for each in found if each.rule == exhibit.expected)
    monkeypatch.setattr(TrialRunner, "run", None)
    told = propose(
        type(first)(first.rule, "warning", first.cause, key=first.key, remedies=first.remedies[:1]),
        subject,
        try_them=True,
    )
    assert told.proposals[0].effect is not None
    assert told.proposals[0].effect.learns or not subject.learns or first.severity != "problem"
