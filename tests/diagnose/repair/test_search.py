"""--repair: what is written was trained, and learns."""

import json
import os
from pathlib import Path

import pytest
from gallery.run import exhibits, first_of_each, gains

from mlpcli import train
from mlpcli.diagnose.repair.search import repair
from mlpcli.errors import OutputError
from mlpcli.problem.build import prepare
from sampling import sampled

ROOT = Path(__file__).parents[3]
REPAIRED = ("inputs_unscaled", "zero_weights", "dead_activation", "learning_rate_not_positive")
SOME = [
    each
    for rule in REPAIRED
    for each in [each for each in exhibits([rule]) if each.expected and not each.long][:2]
]
FIRST = first_of_each([each.path for each in SOME])
"""`python tests/gallery/run.py --repair` has all."""


@pytest.mark.parametrize(
    "exhibit",
    sampled(SOME, lambda each: each.path in FIRST and each.path.parent.name == REPAIRED[0]),
    ids=lambda each: each.name,
)
def test_what_is_written_learns_with_seeds_that_were_not_tried(exhibit, tmp_path):
    config = exhibit.placed(tmp_path)
    before = config.read_bytes()
    made = repair(config)
    assert config.read_bytes() == before
    assert made.done
    assert Path(made.written) == tmp_path / f"{config.stem}.repaired.yaml"
    assert all(each.good for each in made.after.seeds)
    assert not all(each.good for each in made.before.seeds)
    assert min(gains(Path(made.written))) >= 0.05
    assert prepare(made.written).config == prepare(config, made.changes).config
    json.dumps(made.as_json(), allow_nan=False)


CONFIG = """\
# Which flower?
seed: 2
executor: numpy
data:
  train: data/iris.csv      # beside this file
  target: species
  scaling: none             # as it was
network:
  hidden: [{units: 8, activation: sigmoid}]   # one layer
optimiser: {name: sgd, learning_rate: -0.5}
training: {epochs: 40, batch_size: 16}
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "data").mkdir()
    rows = (ROOT / "datasets" / "iris.csv").read_bytes()
    (tmp_path / "data" / "iris.csv").write_bytes(rows)
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "c.yaml"


TWO_FAULTS = """\
# Which wine?
data:
  train: datasets/wine.csv      # beside this file
  target: cultivar
  scaling: none                 # the first fault
network:
  hidden: [{units: 16, activation: tanh}]   # one layer
optimiser: {name: sgd, learning_rate: -0.05}   # the second
training: {epochs: 30, batch_size: 16}
"""


def test_independent_faults_are_found_one_after_another(tmp_path):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    (tmp_path / "two.yaml").write_text(TWO_FAULTS, encoding="utf-8")
    made = repair(tmp_path / "two.yaml")
    assert made.done
    assert {change.partition("=")[0] for change in made.changes} == {
        "data.scaling",
        "optimiser.learning_rate",
    }
    lines = Path(made.written).read_text(encoding="utf-8").splitlines()
    differing = [at for at, pair in enumerate(zip(lines, TWO_FAULTS.splitlines()), 1) if pair[0] != pair[1]]
    assert differing == sorted({line.number for line in made.lines}) == [5, 8]
    assert lines[4].endswith("# the first fault")
    assert lines[7].endswith("# the second")


def test_a_healthy_config_is_let_alone(config):
    made = repair(ROOT / "configs" / "iris.yaml", ["executor=numpy"])
    assert (made.needless, made.done, made.written, made.changes, made.after) == (True, True, "", (), None)
    assert len({each.seed for each in made.before.seeds}) == 3


def test_what_is_there_is_not_overwritten(config):
    overrides = ["data.scaling=standard"]
    made = repair(config, overrides)
    assert (Path(made.written).name, made.new) == ("c.repaired.yaml", True)
    assert any("scaling" in line.text for line in made.lines)  # what --set gave differs as well
    again = repair(config, overrides)
    assert (again.written, again.new) == (made.written, False)
    Path(made.written).write_text("precious", encoding="utf-8")
    third = repair(config, overrides)
    assert (Path(third.written).name, third.new) == ("c.repaired-2.yaml", True)
    assert Path(made.written).read_text(encoding="utf-8") == "precious"


def test_a_run_is_repaired_by_its_config(config, tmp_path):
    run = train(config, ["training.epochs=1", "data.scaling=standard"], tmp_path / "runs")
    made = repair(run.path, ["training.epochs=40"])
    assert Path(made.written) == run.path / "config.repaired.yaml"
    assert prepare(made.written).dataset.training.rows == 150


def test_what_cannot_be_repaired_is_said_and_nothing_is_written(tmp_path):
    exhibit = next(each for each in exhibits(["targets_unrelated"]) if each.expected)
    config = exhibit.placed(tmp_path)
    made = repair(config)
    assert (made.done, made.written, made.after, made.changes) == (False, "", None, ())
    assert not list(tmp_path.glob("*.repaired*"))


def test_an_interrupt_keeps_what_was_reached(config):
    tried = []
    made = repair(config, ["data.scaling=standard"], report=tried.append, interrupted=lambda: len(tried) >= 1)
    assert made.interrupted
    assert list(made.tried) == tried
    assert len(tried) == 1
    assert bool(made.written) == tried[0].result.good


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_trained(config, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    tried = []
    with pytest.raises(OutputError, match=r"c\.repaired\.yaml"):
        repair(config, report=tried.append)
    assert tried == []
