"""Rules that need trainings or statistics: the gallery's pairs, their remedies, and where to be silent."""

import tempfile
from pathlib import Path

import pytest
from gallery.data import provide
from gallery.run import HERE, first_of_each

from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.build import prepare
from sampling import sampled

OURS = (
    "class_imbalance",
    "codes_as_numbers",
    "cost_not_finite",
    "cost_oscillates",
    "extreme_values",
    "learning_rate_not_positive",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "over_regularised",
    "overfitting",
    "part_shift",
    "rows_in_both_parts",
    "seed_dependent",
    "sorted_rows",
    "stops_too_early",
    "target_among_inputs",
    "targets_unrelated",
    "too_few_epochs",
    "too_little_capacity",
    "too_much_dropout",
)
SICK = [path for rule in OURS for path in sorted((HERE / rule).glob("*.sick.yaml"))]
TWINS = [path for rule in OURS for path in sorted((HERE / rule).glob("*.twin.yaml"))]
TRIED = ("learning_rate_too_high", "rows_in_both_parts", "too_few_epochs")
FIRST = first_of_each(SICK + TWINS)


def name(path):
    return f"{path.parent.name}/{path.stem}"


def evidence(path, folder, *overrides):
    text = path.read_text(encoding="utf-8")
    provide(text, folder)
    (folder / path.name).write_text(text, encoding="utf-8")
    return Evidence(prepare(folder / path.name, overrides, precision="float64"))


def test_every_rule_has_a_pair():
    for rule in OURS:
        sick, healthy = (
            {path.name.split(".")[0] for path in paths if path.parent.name == rule} for paths in (SICK, TWINS)
        )
        assert sick & healthy


@pytest.mark.parametrize("path", sampled(SICK, FIRST.__contains__), ids=name)
def test_the_sick_one_is_told_and_its_remedies_work(path, tmp_path, tried):
    findings = diagnose(evidence(path, tmp_path))
    first = findings[0]
    assert first.rule == path.parent.name
    for remedy in first.remedies[:2]:
        prepare(tmp_path / path.name, remedy.changes)
    for remedy in first.remedies[:2][tried]:
        if not remedy.changes:
            continue
        cured = evidence(path, tmp_path, *remedy.changes)
        assert cured.learns
        if remedy is first.remedies[0]:
            again = [finding.rule for finding in diagnose(cured) if finding.severity == "problem"]
            assert not again
    if first.severity == "problem" and first.rule not in ("targets_unrelated", "extreme_values"):
        assert any(remedy.changes for remedy in first.remedies)


@pytest.mark.parametrize("path", sampled(TWINS, FIRST.__contains__), ids=name)
def test_the_healthy_twin_is_left_alone(path, tmp_path):
    findings = diagnose(evidence(path, tmp_path))
    assert path.parent.name not in [finding.rule for finding in findings]
    assert not [finding for finding in findings if finding.severity == "problem"]


def found(rule, text, *overrides):
    """What one rule says about a config."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        provide(text, Path(folder))
        path.write_text(text, encoding="utf-8")
        subject = Evidence(prepare(path, overrides, precision="float64"))
        return list(RULES[rule]().check(subject))


MOONS = """
seed: 1
data: {train: moons.csv, target: label}
network: {hidden: [{units: 16, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 60, batch_size: 16}
"""


def test_rising_epochs_alone_prove_nothing():
    overrides = ("training.batch_size=1", "training.epochs=60")
    assert not found("cost_oscillates", MOONS, *overrides)
    assert found("cost_oscillates", MOONS, *overrides, "optimiser.learning_rate=1")


def test_a_rate_above_zero_is_positive():
    assert not found("learning_rate_not_positive", MOONS, "optimiser.learning_rate=1e-300")
    (finding,) = found("learning_rate_not_positive", MOONS, "optimiser.learning_rate=-0.1")
    assert finding.remedies[0].changes == ("optimiser.learning_rate=0.1",)


def test_rows_in_the_order_of_the_file_are_no_matter_where_that_is_random():
    assert not found("sorted_rows", MOONS, "training.shuffle=false")
    sorted_moons = MOONS.replace("moons", "moons_sorted")
    (finding,) = found("sorted_rows", sorted_moons, "training.shuffle=false")
    assert finding.value == pytest.approx(100, rel=0.01)  # runs of 200 instead of 2
    assert not found("sorted_rows", sorted_moons, "training.shuffle=false", "training.batch_size=full")


def test_shares_of_one_file_do_not_overlap():
    assert not found("rows_in_both_parts", MOONS, "data.validation=0.3", "data.test=0.2")
    assert not found("part_shift", MOONS, "data.validation=0.3")


def test_a_few_equal_rows_are_a_note():
    iris = MOONS.replace("moons.csv, target: label", "datasets/iris.csv, target: species, validation: 0.5")
    for finding in found("rows_in_both_parts", iris):
        assert finding.severity == "note"


def test_neighbours_that_disagree_are_a_relation_too():
    """A checkerboard of one row a field: neighbours always differ, and no column correlates."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{a},{b},{(a + b) % 2}" for a in range(12) for b in range(12)]
        (Path(folder) / "board.csv").write_text("a,b,label\n" + "\n".join(lines) + "\n")
        path = Path(folder) / "config.yaml"
        path.write_text(MOONS.replace("moons", "board").replace("epochs: 60", "epochs: 2"))
        subject = Evidence(prepare(path, precision="float64"))
        assert not list(RULES["targets_unrelated"]().check(subject))


@pytest.mark.full
def test_few_rows_of_a_class_are_too_few_to_speak_of():
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{at},{int(at == 50)}" for at in range(100)]
        (Path(folder) / "one.csv").write_text("a,label\n" + "\n".join(lines) + "\n")
        path = Path(folder) / "config.yaml"
        path.write_text(MOONS.replace("moons", "one").replace("epochs: 60", "epochs: 2"))
        subject = Evidence(prepare(path, precision="float64"))
        assert not list(RULES["class_imbalance"]().check(subject))


def test_a_stall_without_a_cause_names_what_leaves_it():
    plateau = """
seed: 0
data: {train: circles.csv, target: label}
network: {hidden: [{units: 64, activation: sigmoid}]}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 100, batch_size: 32}
"""
    (finding,) = found("stalled_at_baseline", plateau)
    assert finding.remedies
    for remedy in finding.remedies:
        assert not found("stalled_at_baseline", plateau, *remedy.changes)
