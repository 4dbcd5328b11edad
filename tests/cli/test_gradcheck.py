"""mlp gradcheck as a user meets it."""

import json
import math
from contextlib import contextmanager

import pytest
from cli.world import CONFIG, csv_text, mlp

from mlpcli.cli.text.gradcheck import BAR, bar


@pytest.fixture
def good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text(csv_text(count=80), encoding="utf-8")
    (tmp_path / "good.yaml").write_text(CONFIG.replace("epochs: 6", "epochs: 60"), encoding="utf-8")
    return tmp_path


STUCK = ["--set", "optimiser.learning_rate=0"]


def test_healthy_is_one_line_with_the_numbers(good):
    result = mlp("gradcheck", "good.yaml")
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert last.startswith("healthy")
    assert "the best constant has 0.69" in last
    for heading in ("1. Is the gradient right?", "2. Does the gradient arrive?", "3. So what?"):
        assert heading in result.stdout
    assert "problem" not in result.stdout


def test_a_problem_is_told_with_its_line_change_effect_and_page(good):
    (good / "bad.yaml").write_text(CONFIG.replace("0.05", "0"), encoding="utf-8")
    result = mlp("gradcheck", "bad.yaml")
    assert result.exit_code == 1
    text = result.stdout
    assert "bad.yaml line 9, key optimiser.learning_rate" in text
    assert "-    9  optimiser: {name: adam, learning_rate: 0}" in text
    assert "+    9  optimiser: {name: adam, learning_rate: " in text
    assert "docs/findings/learning_rate_not_positive.md" in text
    assert "1 problem found" in text


def test_json_is_one_object_with_the_same_verdict(good):
    for options, healthy in (([], True), (STUCK, False)):
        result = mlp("gradcheck", "good.yaml", "--json", *options)
        plain = json.loads(result.stdout)
        assert plain["healthy"] is healthy
        assert result.exit_code == (0 if healthy else 1)
        assert plain["training"]["learns"] is healthy
        assert len(plain["layers"]) == len(plain["layers_after_training"]) == 2


def test_repair_writes_a_config_and_exits_0(good):
    result = mlp("gradcheck", "good.yaml", "--repair", *STUCK)
    assert result.exit_code == 0
    assert "good.repaired.yaml" in result.stdout.splitlines()[-1]
    assert "held back" in result.stdout
    assert "seeds" in result.stderr
    assert mlp("gradcheck", "good.repaired.yaml").exit_code == 0
    plain = json.loads(mlp("gradcheck", "good.yaml", "--repair", "--json", *STUCK).stdout)
    assert plain["repair"]["done"] is True
    assert plain["repair"]["new"] is False


def test_fast_claims_no_more_than_it_saw(good):
    result = mlp("gradcheck", "good.yaml", "--fast")
    assert result.exit_code == 0
    assert "whether it learns was not tried" in result.stdout
    assert "healthy" not in result.stdout
    assert mlp("gradcheck", "good.yaml", "--fast", *STUCK).exit_code == 1


@pytest.mark.parametrize("other", ["--full", "--repair"])
def test_options_that_exclude_each_other(good, other):
    result = mlp("gradcheck", "good.yaml", "--fast", other)
    assert result.exit_code == 2
    assert other in result.stderr


def test_strict_counts_warnings(good):
    (good / "leak.yaml").write_text(
        "seed: 0\nexecutor: numpy\ndata: {train: leak.csv, target: y}\nnetwork: {hidden: [8]}\n"
        "optimiser: {name: adam, learning_rate: 0.01}\ntraining: {epochs: 60, batch_size: 8}\n",
        encoding="utf-8",
    )
    rows = [f"{math.sin(at)},{2 * math.cos(at) + 1},{math.cos(at)}" for at in range(60)]
    (good / "leak.csv").write_text("\n".join(["a,b,y", *rows]) + "\n", encoding="utf-8")
    assert mlp("gradcheck", "leak.yaml").exit_code == 0
    assert mlp("gradcheck", "leak.yaml", "--strict").exit_code == 1


def test_ctrl_c_ends_the_repair_and_says_what_was_tried(good, monkeypatch):
    @contextmanager
    def pressed():
        yield lambda: True

    monkeypatch.setattr("mlpcli.cli.interrupt.first_interrupt", pressed)
    result = mlp("gradcheck", "good.yaml", "--repair", *STUCK)
    assert result.exit_code == 130
    assert "interrupted: no repair was found so far, 0 changes tried" in result.stdout
    plain = json.loads(mlp("gradcheck", "good.yaml", "--repair", "--json", *STUCK).stdout)
    assert plain["repair"]["interrupted"] is True
    assert not list(good.glob("*.repaired*"))


@pytest.mark.parametrize(
    ("value", "length"),
    [(1.0, BAR), (0.1, BAR - 2), (1e-6, BAR - 12), (1e-40, 1), (0.0, 0)],
)
def test_a_bar_is_the_logarithm(value, length):
    assert bar(value, 1.0) == "#" * length


def test_a_bar_of_no_number():
    assert bar(math.nan, 1.0) == bar(math.inf, 1.0) == "?"


XOR = """\
seed: 0
executor: numpy
data: {train: xor.csv, target: y, scaling: none}
network:
  hidden: [{units: 2, activation: relu, initialisation: {name: constant, value: 1}}]
  output: {activation: sigmoid, initialisation: zeros}
optimiser: {name: sgd, learning_rate: 0.1}
training: {epochs: 20, batch_size: 4}
"""


@pytest.fixture
def xor(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xor.csv").write_text("a,b,y\n0,0,no\n0,1,yes\n1,0,yes\n1,1,no\n", encoding="utf-8")
    (tmp_path / "xor.yaml").write_text(XOR, encoding="utf-8")
    return tmp_path


def test_kinks_and_rounding_of_0_are_said(xor):
    """The row 0,0 puts every hidden bias on the kink; with weights of 0 after them no gradient arrives."""
    text = mlp("gradcheck", "xor.yaml", "--fast").stdout
    assert "on kinks at the first weights, with no derivative to compare: hidden1.biases" in text
    assert "2/2" in text
    (line,) = [line for line in text.splitlines() if line.startswith("hidden1.weights")]
    assert line.split()[-2:] == ["~0", "~0"]
    assert "~0: both derivatives are 0 but for rounding" in text
    checks = json.loads(mlp("gradcheck", "xor.yaml", "--fast", "--json").stdout)["gradient"]["checks"]
    assert all(check["worst"]["relative_error"] < 1e-5 for check in checks if check["worst"])


@pytest.mark.parametrize("columns", [40, 80])
def test_all_that_is_said_fits_the_terminal(xor, columns, monkeypatch):
    monkeypatch.setattr("mlpcli.cli.text.table.terminal_columns", lambda: columns)
    for options in (["--set", "optimiser.learning_rate=1e-9"], ["--set", "network.hidden=[4,4,4]", "--fast"]):
        text = mlp("gradcheck", "xor.yaml", *options).stdout
        # Lines of the config stay as they are, and the verdict is one line.
        lines = [line for line in text.splitlines()[:-1] if not line.strip().startswith(("+", "-"))]
        words = [word for line in lines for word in line.split()]
        assert max(map(len, lines)) <= max(columns, 10 + max(map(len, words)))


def test_what_is_left_out_for_lack_of_time_is_said(xor, monkeypatch):
    """The budget counts work: no clock is asked."""
    whole = mlp("gradcheck", "xor.yaml", "--set", "optimiser.learning_rate=1e-9", "--full").stdout
    assert "left out" not in whole
    monkeypatch.setattr("mlpcli.diagnose.trials.budget.LEAST_SECONDS", 0.0)
    result = mlp("gradcheck", "xor.yaml", "--set", "optimiser.learning_rate=1e-9")
    assert "left out  not looked for: " in result.stdout
    assert "healthy" not in result.stdout
    plain = json.loads(mlp("gradcheck", "xor.yaml", "--json", "--set", "optimiser.learning_rate=1e-9").stdout)
    assert "learning_rate_too_low" in plain["skipped"]
    assert plain["training"]["epochs"] == 20
