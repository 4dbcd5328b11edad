"""Where rules meet the ends of the numbers, names that need quotes, and weights that no longer move."""

import json

import numpy as np
import pytest
from gallery.data import provide
from gallery.evidence import evidence, found
from gallery.run import exhibits

from mlpcli import train
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.repair.search import repair
from mlpcli.diagnose.report import gradcheck
from mlpcli.problem.build import prepare

MOONS = """\
data: {train: moons.csv, target: label}
network: {hidden: [{units: 4, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 20, batch_size: 16}
"""


@pytest.mark.parametrize("rate", ["5e-324", "1e-310", "1e-30", "1e16", "1e300", "1.7e308"])
def test_rates_at_the_ends_of_the_numbers_are_problems_with_a_remedy(rate):
    first = diagnose(evidence(MOONS, f"optimiser.learning_rate={rate}"))[0]
    assert first.severity == "problem"
    changes = [remedy.changes for remedy in first.remedies]
    assert all("learning_rate=0" in change or "rate" not in change for each in changes for change in each)
    assert any(evidence(MOONS, *each).learns for each in changes)


def test_a_cost_that_is_lost_is_not_healthy(tmp_path):
    exhibit = next(each for each in exhibits(["cost_not_finite"]) if each.expected)
    report = gradcheck(exhibit.placed(tmp_path))
    assert not report.healthy
    assert not report.training.learns
    assert report.findings[0].finding.rule == "cost_not_finite"
    assert report.findings[0].best.effect.learns


@pytest.mark.parametrize("names", [["plain"], ["tax: c"], ["it's", "a # b"], ["[x]", "{y: 1}"]])
def test_columns_are_left_out_by_names_that_need_quotes(names):
    """The leaking column has the last name; those that were ignored before stay so."""
    rng = np.random.default_rng(0)
    target = rng.normal(size=40)
    table = {name: rng.normal(size=40) for name in names[:-1]} | {
        names[-1]: target * 2 + 1,
        "u": rng.normal(size=40),
        "y": target,
    }
    text = "data: {train: table.csv, target: y, task: regression}\nnetwork: {hidden: [3]}\n"
    before = [f"data.ignore={json.dumps(names[:-1])}"] if names[:-1] else []
    (finding,) = found("target_among_inputs", text, *before, table=table)
    (change,) = finding.remedies[0].changes
    left = evidence(text, change, table=table).problem
    assert [name for column in left.dataset.preparation.columns for name in column.names] == ["u"]
    assert set(left.config.data.ignore) == set(names)


def test_weights_that_no_longer_move_are_told_although_the_network_beats_its_baseline():
    """The first long step throws the output where it is flat: better than a constant, and no better ever."""
    subject = evidence(
        MOONS,
        "optimiser.learning_rate=300",
        "loss=squared_error",
        "network.hidden[0].activation=sigmoid",
        "training.epochs=100",
        "seed=0",
    )
    assert subject.learns
    assert subject.trial.stands_still
    rules = {finding.rule: finding.severity for finding in diagnose(subject)}
    assert rules.get("learning_rate_too_high") == "warning"


def test_a_healthy_network_does_not_stand_still():
    subject = evidence(MOONS)
    assert subject.learns
    assert not subject.trial.stands_still


def test_a_run_is_looked_at_before_after_and_as_trained(tmp_path):
    provide(MOONS, tmp_path)
    (tmp_path / "c.yaml").write_text(
        "executor: numpy\n" + MOONS.replace("tanh", "relu").replace("0.1", "30"), encoding="utf-8"
    )
    run = train(tmp_path / "c.yaml", [], tmp_path / "runs")
    report = gradcheck(run.path)
    assert report.gradient.points == ("first weights", "weights after 20 steps", "trained weights")
    first = prepare(tmp_path / "c.yaml").initial_values()["hidden1.weights"]
    assert report.layers[0].weight_rms == pytest.approx(float(np.sqrt(np.mean(first**2))))
    assert len(report.trained) == len(report.later) == len(report.layers)
    assert all("before training" not in each.finding.cause for each in report.findings)


@pytest.mark.full
def test_of_two_faults_that_hide_each_other_one_is_told_and_both_are_repaired(tmp_path):
    (exhibit,) = [each for each in exhibits(["linear_hidden_layers"]) if "two-faults.sick" in each.name]
    config = exhibit.placed(tmp_path)
    first = diagnose(evidence(config.read_text(encoding="utf-8")))[0]
    assert (first.rule, first.severity) == ("linear_hidden_layers", "problem")
    assert [each.rule for each in first.consequences] == ["stalled_at_baseline"]
    made = repair(config)
    assert made.done
    assert {change.partition("=")[0].rpartition(".")[2] for change in made.changes} == {
        "activation",
        "learning_rate",
    }
