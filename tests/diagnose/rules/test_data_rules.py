"""Facts of the data, and losses for another kind of target: the gallery's pairs, and where to be silent."""

import numpy as np
import pytest
from gallery.data import MADE
from gallery.evidence import Untrained, evidence, found, name
from gallery.run import HERE, first_of_each

from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.rules import RULES
from sampling import sampled

OURS = ("constant_inputs", "constant_target", "loss_below_minimum", "loss_family")
EXACT = ("constant_inputs", "constant_target", "loss_below_minimum")
SICK = [path for rule in OURS for path in sorted((HERE / rule).glob("*.sick.yaml"))]
TWINS = [path for rule in OURS for path in sorted((HERE / rule).glob("*.twin.yaml"))]
TRIED = ("loss_below_minimum",)
FIRST = first_of_each(SICK + TWINS)
MOONS = """
seed: 0
data: {train: moons.csv, target: label}
network: {hidden: [{units: 8, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.01}
training: {epochs: 40, batch_size: 16}
"""
WAVES = MOONS.replace("moons.csv, target: label", "waves.csv, target: y")


@pytest.mark.parametrize("path", sampled(SICK, FIRST.__contains__), ids=name)
def test_the_sick_one_is_told_and_its_remedies_work(path, tried):
    text = path.read_text(encoding="utf-8")
    first = diagnose(evidence(text))[0]
    assert (first.rule, first.severity) == (path.parent.name, "problem")
    # No setting helps where there is nothing in the data.
    assert bool(first.remedies[0].changes) == (not first.rule.startswith("constant"))
    for remedy in first.remedies:
        evidence(text, *remedy.changes)
    for remedy in first.remedies[tried]:
        if remedy.changes:
            cured = evidence(text, *remedy.changes)
            assert cured.learns
            if remedy is first.remedies[0]:
                assert not [each for each in diagnose(cured) if each.severity == "problem"]


@pytest.mark.parametrize("path", sampled(TWINS, FIRST.__contains__), ids=name)
def test_the_healthy_twin_is_left_alone(path):
    findings = diagnose(evidence(path.read_text(encoding="utf-8")))
    assert not [finding for finding in findings if finding.severity in ("problem", "warning")]


@pytest.mark.parametrize("path", [path for path in SICK if path.parent.name in EXACT], ids=name)
def test_facts_are_told_without_a_training(path):
    subject = evidence(path.read_text(encoding="utf-8"), kind=Untrained)
    (finding,) = RULES[path.parent.name]().check(subject)
    assert finding.severity == "problem"


def columns(**more):
    """The moons in table.csv, with other columns beside them."""
    return MADE["moons"]() | more


TABLE = MOONS.replace("moons.csv", "table.csv")


def test_constant_and_doubled_columns_are_notes_with_their_names():
    moons = columns()
    table = columns(zero=np.zeros(400), again=moons["a"] * 2, far=moons["a"] ** 3)
    findings = found("constant_inputs", TABLE, table=table)
    assert [(each.severity, each.where) for each in findings] == [
        ("note", "input zero"),
        ("note", "input again"),  # after scaling it has the values of a
    ]
    assert findings[0].remedies[0].changes == ('data.ignore=["zero"]',)
    assert "again = a" in findings[1].cause
    cured = ("data.ignore=['zero', 'again']",)
    assert not found("constant_inputs", TABLE, *cured, table=table)
    assert len(found("constant_inputs", TABLE, "data.scaling=none", table=table)) == 1


def test_columns_that_are_read_in_vain_are_a_warning_only_when_most_are():
    many = {f"zero{number}": np.zeros(400) for number in range(3)}
    (finding,) = found("constant_inputs", TABLE, table=columns(**many))
    assert (finding.severity, finding.value) == ("warning", 3 / 5)
    del many["zero2"]
    assert found("constant_inputs", TABLE, table=columns(**many))[0].severity == "note"


def test_a_column_that_varies_late_varies():
    late = np.zeros(4000)
    late[-1] = 1
    moons = {key: np.tile(column, 10) for key, column in columns().items()}
    assert not found("constant_inputs", TABLE, table=moons | {"late": late})
    nearly = moons["a"].copy()
    nearly[-1] += 1
    assert not found("constant_inputs", TABLE, "data.scaling=none", table=moons | {"nearly": nearly})


def test_columns_of_categories_are_counted_by_their_inputs():
    text = TABLE.replace("target: label", "target: label, categorical: [kind]")
    table = columns(kind=np.where(np.arange(400) < 200, 3, 5))
    assert not found("constant_inputs", text, table=table)
    same = columns(kind=np.full(400, 3))
    (finding,) = found("constant_inputs", text, table=same)
    assert (finding.severity, finding.where) == ("note", "input kind")
    assert finding.remedies[0].changes == ('data.ignore=["kind"]',)


def test_a_target_that_only_rounding_moves_is_constant():
    text = TABLE.replace("target: label", "target: label, task: regression")
    label = 150 * (1 + 1e-14 * np.random.default_rng(0).integers(-2, 3, 400))
    assert len(set(label)) > 1
    (finding,) = found("constant_target", text, table=columns(label=label))
    assert finding.severity == "problem"
    hardly = 150 * (1 + 1e-9 * np.random.default_rng(0).integers(-2, 3, 400))
    assert not found("constant_target", text, table=columns(label=hardly))


def test_one_constant_target_of_several_is_a_warning():
    text = TABLE.replace("target: label", "target: [label, b]")
    for label, said in ((np.zeros(400), ["warning"]), (columns()["label"], [])):
        findings = found("constant_target", text, table=columns(label=label))
        assert [each.severity for each in findings] == said


def test_one_class_is_the_cause_of_all_that_looks_well():
    text = MOONS.replace("moons", "moons_of_one_class")
    softmax = ("network.output=softmax", "loss=cross_entropy")
    (finding,) = diagnose(evidence(text, *softmax, "executor=numpy"))
    assert finding.rule == "constant_target"
    assert [each.rule for each in finding.consequences] == ["output_cannot_vary"]


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        (("data.classes=[0, 1]",), None),
        (("data.classes=[1, 0]",), None),
        (("data.classes=[0.1, 0.9]",), None),
        (("data.classes=[1, 2]",), "50%"),
        (("data.classes=[-1, 1]",), "50%"),
        (("data.classes=[2, 3]",), "100%"),
        (("data.classes=[1, 2]", "loss=squared_error"), None),
        (("data.task=regression", "loss=binary_cross_entropy", "data.target_scaling=none"), None),
        (("data.task=regression", "loss=binary_cross_entropy", "data.target_scaling=minmax"), None),
        (("data.task=regression", "loss=binary_cross_entropy"), "50%"),
    ],
)
def test_targets_of_a_cross_entropy(changes, share):
    findings = found("loss_below_minimum", MOONS, *changes)
    assert bool(findings) == (share is not None)
    assert all(f"{share} of the targets" in each.cause for each in findings)


def test_two_numbers_under_a_cross_entropy_are_classes():
    text = TABLE.replace("target: label", "target: label, task: regression, target_scaling: none")
    table = columns(label=columns()["label"] + 1)
    changes = ("loss=binary_cross_entropy", "network.output=sigmoid")
    first = diagnose(evidence(text, *changes, table=table))[0]
    assert first.rule == "loss_below_minimum"
    assert first.remedies[0].changes == ("data.task=classification", "network.output.activation=sigmoid")
    cured = evidence(text, *changes, *first.remedies[0].changes, table=table)
    assert cured.learns
    assert not diagnose(cured)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_classes_that_are_learned_with_an_error_of_numbers_are_a_note(loss):
    (finding,) = found("loss_family", MOONS, f"loss={loss}", "executor=numpy")
    assert (finding.severity, finding.key) == ("note", "loss")
    assert "learns all the same" in finding.cause


def test_a_plateau_that_a_higher_rate_leaves_is_not_blamed_on_the_loss():
    slow = MOONS.replace("moons", "xor").replace("tanh", "sigmoid")
    optimiser = "optimiser={name: sgd, learning_rate: 0.1}"
    subject = evidence(slow, "loss=squared_error", optimiser, "executor=numpy")
    assert not subject.learns
    (finding,) = RULES["loss_family"]().check(subject)
    assert finding.severity == "note"


def test_shares_under_a_cross_entropy_are_a_note():
    changes = ("loss=binary_cross_entropy", "network.output=sigmoid", "data.target_scaling=minmax")
    findings = diagnose(evidence(WAVES, *changes))
    assert [(each.rule, each.severity) for each in findings] == [("loss_family", "note")]


def test_what_suits_its_target_is_not_told():
    assert not found("loss_family", MOONS)
    assert not found("loss_family", WAVES)
    assert not found("loss_below_minimum", WAVES)
    assert not found("loss_below_minimum", WAVES, "loss=poisson", "data.target_scaling=none")
