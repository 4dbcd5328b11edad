"""What trials may cost, counted."""

import pytest
from gallery.evidence import evidence

from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.trials.budget import Budget, OutOfBudget, step_seconds, training_seconds
from mlpcli.diagnose.trials.evidence import Evidence

MOONS = """
seed: 0
executor: numpy
data: {train: moons.csv, target: label}
network: {hidden: [{units: 3, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 1e-7}
training: {epochs: 10, batch_size: 40}
"""


def test_the_own_training_is_made_and_others_as_long_as_there_is_room():
    problem = evidence(MOONS).problem
    one = training_seconds(problem)
    assert one == pytest.approx(10 * 10 * step_seconds(problem))
    subject = Evidence(problem, Budget(2.5 * one))
    assert subject.trial.steps == 100
    assert subject.trials.at_rate(10.0).steps == 100
    assert subject.trials.at_rate(10.0) is subject.trials.at_rate(10.0)
    with pytest.raises(OutOfBudget):
        subject.trials.at_rate(100.0)
    with pytest.raises(OutOfBudget):
        _ = subject.trials.other_seeds
    assert 0 <= subject.budget.seconds < one


@pytest.mark.parametrize("trials", [0.5, 1.5, 3.5, 100.0])
def test_findings_follow_from_the_count_alone_and_rules_that_were_left_out_are_named(trials):
    problem = evidence(MOONS).problem
    runs = []
    for _ in range(2):
        subject = Evidence(problem, Budget(trials * training_seconds(problem)))
        findings = diagnose(subject)
        assert subject.budget.seconds >= min(0.0, (trials - 1.0) * training_seconds(problem)) - 1e-12
        runs.append(([(each.rule, each.cause) for each in findings], subject.budget.skipped))
    assert runs[0] == runs[1]
    found, skipped = runs[0]
    assert ("learning_rate_too_low" in [rule for rule, _ in found]) != ("learning_rate_too_low" in skipped)
    assert bool(skipped) == (trials < 100)


def test_short_trials_are_not_worth_compiling():
    short, long = (
        evidence(
            MOONS.replace("executor: numpy\n", "executor: native\n"), f"training.epochs={epochs}"
        ).problem
        for epochs in (10, 100_000)
    )
    budget = Budget(10.0)
    assert budget.cheapest(short).executor.name == "numpy"
    assert budget.cheapest(long).executor.name == "native"
    assert Budget().cheapest(short) is short
    assert budget.compiling(long) > 0
    budget.compiled(long)
    assert budget.compiling(long) == 0
