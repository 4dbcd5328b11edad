import json
from pathlib import Path

import pytest

from mlpcli import train
from mlpcli.diagnose.repair.proposal import changed_lines, changed_text, propose
from mlpcli.diagnose.report import gradcheck
from mlpcli.diagnose.trials.evidence import evidence_of
from mlpcli.problem.build import read_config
from mlpcli.runs.finding import Finding, Remedy

CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = [
    "xor-sigmoid",
    "xor-softmax-momentum",
    "xor-tanh",
    "iris",
    "wine",
    "breast-cancer",
]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configs_are_healthy(name):
    short = ["executor=numpy"] if name in ("wine", "breast-cancer") else []  # not worth compiling
    report = gradcheck(CONFIGS / f"{name}.yaml", short)
    assert report.weights == "initial"
    assert report.gradient.right
    assert sum(check.checked for check in report.gradient.checks) > 0
    assert report.healthy
    assert report.training.learns


def test_zero_output_weights_cut_the_hidden_layer_off_at_first():
    report = gradcheck(CONFIGS / "xor-tanh.yaml")
    assert [layer.cut_off for layer in report.layers] == [True, False]
    assert report.delayed == ("hidden1",)  # after one step it does arrive
    assert report.cut_off == ()
    assert not report.later[0].cut_off
    assert report.healthy


def test_a_run_is_checked_with_its_trained_weights(tmp_path):
    run = train(CONFIGS / "xor-sigmoid.yaml", ["training.epochs=50"], tmp_path)
    report, initial = gradcheck(run.path), gradcheck(CONFIGS / "xor-sigmoid.yaml")
    assert report.weights == "trained"
    assert report.gradient.points == ("first weights", "weights after 20 steps", "trained weights")
    assert report.gradient.right
    assert report.cost != initial.cost
    # the trained cost is that of the run's last epoch, up to the updates within it
    assert report.cost == pytest.approx(run.cost, rel=0.05)


def test_float32_configs_are_checked_in_float64():
    report = gradcheck(CONFIGS / "iris.yaml", ["precision=float32"], "fast")
    assert report.gradient.right
    assert max(c.worst.relative_error for c in report.gradient.checks if c.worst) < 1e-5


DEAD = [
    "data.scaling=none",
    "network.hidden[0].activation=relu",
    "network.hidden[0].bias_initialisation={name: constant, value: -1e6}",
]


@pytest.mark.parametrize("depth", ["fast", "usual"])
def test_a_dead_layer_is_said(depth):
    report = gradcheck(CONFIGS / "wine.yaml", [*DEAD, "training.epochs=10", "executor=numpy"], depth)
    assert report.layers[0].dead == report.layers[0].units
    assert report.cut_off == ("hidden1",)
    assert not report.healthy
    assert (report.training is None) == (depth == "fast")


def test_loss_and_penalty_are_checked_apart_and_as_many_rows_as_asked_for():
    report = gradcheck(CONFIGS / "iris.yaml", ["optimiser.l2=0.01"], "fast", most_rows=7)
    assert {check.part for check in report.gradient.checks} == {"loss", "penalty"}
    assert report.checked_rows == 7
    assert report.gradient.right


def test_full_checks_every_entry_and_other_first_weights():
    wide = ["network.hidden[0].units=120", "executor=numpy"]
    usual = gradcheck(CONFIGS / "iris.yaml", wide, "fast")
    full = gradcheck(CONFIGS / "iris.yaml", [*wide, "training.epochs=5"], "full")
    checked = {check.name: check.checked for check in full.gradient.checks}
    assert checked["hidden1.weights"] == 480 > max(check.checked for check in usual.gradient.checks)
    assert 0 < full.training.seeds_learn <= full.training.seeds == 9
    assert full.healthy  # rules that were asked only because of --full make notes


def test_weights_that_run_away_do_not_make_the_gradient_wrong():
    report = gradcheck(
        CONFIGS / "iris.yaml",
        ["optimiser.name=sgd", "optimiser.learning_rate=1e6", "training.epochs=3", "executor=numpy"],
    )
    assert report.gradient.right
    assert not report.healthy


def test_everything_is_plain_json_even_of_a_cost_that_is_lost():
    lost = ["data.scaling=none", "optimiser.learning_rate=1e200", "executor=numpy"]
    report = gradcheck(CONFIGS / "wine.yaml", lost)
    text = json.dumps(report.as_json(), allow_nan=False)
    plain = json.loads(text)
    assert plain["healthy"] is False
    assert plain["findings"][0]["page"] == f"docs/findings/{plain['findings'][0]['rule']}.md"
    assert plain["layers"][0]["name"] == "hidden1"


CONFIG = """\
seed: 3
data: {train: data.csv, target: y}   # the rows
network:
  hidden:
    - {units: 3, activation: tanh}   # the first
    - 4
training: {epochs: 2}
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "data.csv").write_text("x,y\n1,2.5\n2,3.5\n4,5.5\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return read_config(tmp_path / "c.yaml")


def test_a_change_is_shown_as_the_lines_of_the_file(file):
    text = changed_text(file, ["network.hidden[0].activation=relu", "optimiser.learning_rate=0.1"])
    lines = [(line.sign, line.number, line.text) for line in changed_lines(file.text, text)]
    assert lines == [
        ("-", 5, "    - {units: 3, activation: tanh}   # the first"),
        ("+", 5, "    - {units: 3, activation: relu}   # the first"),
        ("+", 8, "optimiser: {learning_rate: 0.1}"),
    ]


def test_remedies_are_tried_and_those_that_help_come_first(file):
    finding = Finding(
        rule="stalled_at_baseline",
        severity="problem",
        cause="It does not.",
        key="training.epochs",
        remedies=(
            Remedy("nonsense", ("network.hidden[9].units=1",)),
            Remedy("much longer", ("training.epochs=3000", "optimiser.learning_rate=0.01")),
            Remedy("too short", ("training.epochs=1",)),
            Remedy("beyond what is tried", ("training.epochs=4000",)),
            Remedy("buy more data"),
        ),
    )
    found = propose(finding, evidence_of(file.path), try_them=True)
    assert found.line.endswith("c.yaml line 7, key training.epochs")
    longer, short, further, advice, nonsense = found.proposals
    assert not short.effect.learns
    assert nonsense.effect.error
    assert not nonsense.lines
    assert [each.in_vain for each in found.proposals] == [False, False, False, False, True]
    assert longer.effect.learns
    assert longer.effect.loss < 0.9 * longer.effect.baseline
    assert further.effect is None
    assert [line.number for line in further.lines] == [7, 7]
    assert (advice.effect, advice.lines) == (None, ())
    assert found.best is longer
