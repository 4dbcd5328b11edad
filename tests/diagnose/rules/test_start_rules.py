"""What the first pass and the state after a training show: chains have one root, and its remedies work."""

import re
from pathlib import Path

import pytest
from gallery.data import provide
from gallery.run import exhibits, first_of_each

from mlpcli.diagnose.ranking import findings_of
from mlpcli.diagnose.rules import RULES
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.build import prepare
from sampling import sampled

ROOT = Path(__file__).parents[3]

NAMES = RULES.group("start")
MINE = exhibits(NAMES)
SICK = [exhibit for exhibit in MINE if exhibit.expected]
TRIED = ("identical_units", "inputs_too_small", "targets_unscaled", "zero_weights")
FIRST = first_of_each([exhibit.path for exhibit in MINE])


def is_first(exhibit):
    return exhibit.path in FIRST


def named(exhibit):
    return exhibit.name


def config(folder, text):
    provide(text, folder)
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def learns_with(path, changes):
    return Evidence(prepare(path, changes, precision="float64")).learns


def rules_of(findings):
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    "exhibit", sampled([each for each in MINE if not each.expected], is_first), ids=named
)
def test_twins_are_well(exhibit, tmp_path):
    assert exhibit.right(exhibit.findings(tmp_path))


@pytest.mark.parametrize("exhibit", sampled(SICK, is_first), ids=named)
def test_the_cause_comes_first_and_its_first_remedy_makes_it_learn(exhibit, tmp_path, tried):
    findings = exhibit.findings(tmp_path)
    assert exhibit.right(findings)
    first, path = findings[0], tmp_path / exhibit.path.name
    assert first.remedies
    assert first.remedies[0].changes
    for remedy in first.remedies[:1][tried]:
        assert learns_with(path, remedy.changes)
    for remedy in first.remedies:
        prepare(path, remedy.changes)


def test_every_rule_has_a_pair():
    for name in NAMES:
        kinds = {exhibit.path.name.split(".")[1] for exhibit in MINE if exhibit.path.parent.name == name}
        assert kinds == {"sick", "twin"}


CHAIN = """
seed: 0
data: {train: datasets/wine.csv, target: cultivar, scaling: none}
network: {hidden: [{units: 16, activation: tanh}, {units: 16, activation: tanh}]}
optimiser: {name: sgd, learning_rate: 0.05}
training: {epochs: 60, batch_size: 16}
"""


def test_raw_inputs_are_the_root_of_saturation_and_a_loss_at_the_baseline(tmp_path):
    findings = findings_of(config(tmp_path, CHAIN))
    assert rules_of(findings) == ["inputs_unscaled"]
    below = rules_of(findings[0].consequences)
    assert "saturated_layer" in below
    assert "stalled_at_baseline" in below


def test_large_inputs_that_are_learned_from_are_no_finding(tmp_path):
    text = """
seed: 0
data: {train: moons_times_ten.csv, target: label, scaling: none}
network: {hidden: [{units: 16, activation: relu}]}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 150, batch_size: 16}
"""
    assert "inputs_unscaled" not in rules_of(findings_of(config(tmp_path, text)))


def test_sparse_relus_are_not_dead(tmp_path):
    text = """
executor: numpy
seed: 0
data: {train: datasets/wine.csv, target: cultivar}
network: {hidden: [{units: 16, activation: relu}]}
optimiser: {name: sgd, learning_rate: 0.05}
training: {epochs: 60, batch_size: 16}
"""
    path = config(tmp_path, text)
    layer = Evidence(prepare(path, precision="float64")).trial_health[0]
    assert 0.25 < 1 - layer.live_share < 0.75
    assert not findings_of(path)


def test_inputs_and_targets_that_are_both_raw_are_told_together(tmp_path):
    text = """
seed: 0
data: {train: datasets/diabetes.csv, target: progression, scaling: none, target_scaling: none}
network: {hidden: [{units: 16, activation: relu}]}
optimiser: {name: sgd, learning_rate: 0.01}
training: {epochs: 60, batch_size: 16}
"""
    path = config(tmp_path, text)
    first, *_ = findings_of(path)
    assert first.rule == "inputs_unscaled"
    assert set(first.remedies[0].changes) == {"data.scaling=standard", "data.target_scaling=standard"}
    assert learns_with(path, first.remedies[0].changes)


@pytest.mark.parametrize("hidden", ["[]", "[{units: 8, activation: tanh}]"])
def test_zeros_in_the_output_layer_are_no_finding(hidden, tmp_path):
    text = f"""
executor: numpy
seed: 0
data: {{train: datasets/iris.csv, target: species}}
network:
  hidden: {hidden}
  output: {{initialisation: zeros}}
optimiser: {{name: sgd, learning_rate: 0.1}}
training: {{epochs: 40, batch_size: 16}}
"""
    assert not findings_of(config(tmp_path, text))


def test_the_shipped_xor_with_hard_sigmoids_is_a_linear_model():
    first, *others = findings_of(ROOT / "configs" / "xor-hard-sigmoid.yaml")
    assert first.rule == "effectively_linear"
    assert first.severity == "problem"
    assert "hard_sigmoid" in first.cause
    shares = re.findall(r"(hidden1|output) (\d+)%, then (\d+)%", first.cause)
    assert shares == [("hidden1", "0", "0"), ("output", "0", "0")]
    assert rules_of(first.consequences) == ["stalled_at_baseline"]
    assert not [other for other in others if other.severity == "problem"]


SHIPPED = ["iris", "wine", "breast-cancer", "digits", "xor-sigmoid", "xor-tanh", "xor-softmax-momentum"]
TABLES = ("wine", "breast-cancer", "digits")
"""`make test-all` alone takes all trials for these; tests/diagnose/test_report.py takes the usual ones."""


@pytest.mark.parametrize(
    "name", sampled([*SHIPPED, "xor-ultra-fast-sigmoid"], lambda name: name not in TABLES)
)
def test_no_problem_is_found_with_what_is_shipped(name):
    findings = findings_of(ROOT / "configs" / f"{name}.yaml")
    assert not [finding for finding in findings if finding.severity == "problem"]
    assert not set(rules_of(findings)) & set(NAMES)
