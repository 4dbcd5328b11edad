"""`repeat`: each seed is the training that the config with that seed is; and what is kept."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mlpcli import resume, train
from mlpcli.errors import ConfigError, ModelFileError
from mlpcli.pipeline.events import SeedDone, SeedsDone
from mlpcli.pipeline.prepare import prepare
from mlpcli.pipeline.repeating import REPEAT
from mlpcli.runs.model_file import ModelFile

ROOT = Path(__file__).parents[2]
CONFIG = """\
seed: 3
data: {train: %s, target: species}     # beside
network: {hidden: [{units: 4, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.02}
training: {epochs: 6, batch_size: 16, print_every: 2}
"""
KINDS = {
    "plain": [],
    "numpy": ["executor=numpy"],
    "validation": ["data.validation=0.2", "data.test=0.2", "training.stop.patience=2"],
    "dropout": ["network.hidden[0].dropout=0.3", "network.hidden[0].normalisation=batch"],
    "plateau": ["optimiser.schedule={name: plateau, patience: 1}", "data.validation=0.2"],
    "lbfgs": ["optimiser=lbfgs", "training.batch_size=full"],
    "float32": ["precision=float32", "training.shuffle=false"],
}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "iris.yaml"
    path.write_text(CONFIG % (ROOT / "datasets/iris.csv"), encoding="utf-8")
    return path


def repeated(config, tmp_path, *more):
    events = []
    run = train(config, ["repeat=3", *more], tmp_path / "runs", events.append)
    results = {each.result.seed: each.result for each in events if isinstance(each, SeedDone)}
    (done,) = [each for each in events if isinstance(each, SeedsDone)]
    return run, results, done


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_the_training_of_the_config_with_that_seed(kind, config, tmp_path):
    run, results, done = repeated(config, tmp_path, *KINDS[kind])
    assert sorted(results) == [3, 4, 5]
    weights = {}
    for seed, result in results.items():
        alone = train(config, [*KINDS[kind], f"seed={seed}"], tmp_path / "alone")
        assert (result.epochs, result.cost, result.stopped) == (alone.epochs, alone.cost, alone.stopped)
        if result.validation_cost is not None:
            assert result.validation_cost == min(each["validation_cost"] for each in alone.history)
        if alone.test is not None:
            (scores,) = alone.test.class_scores.values()
            assert result.scores["test_accuracy"] == scores.accuracy
        weights[seed] = ModelFile.read(alone.path / "model.npz").parameters
    assert done.best == min(results, key=lambda seed: results[seed].followed)
    kept = ModelFile.read(run.path / "model.npz").parameters
    assert all(np.array_equal(array, weights[done.best][name]) for name, array in kept.items())
    assert prepare(run.path / "config.yaml").config.seed == done.best
    assert "# beside" in (run.path / "config.yaml").read_text(encoding="utf-8")


def test_the_table_and_the_share_that_comes_to_a_cost(config, tmp_path):
    run, results, _done = repeated(config, tmp_path)
    middle = sorted(each.cost for each in results.values())[1]
    _, again, counted = repeated(config, tmp_path, f"repeat.cost_below={middle!r}")
    assert all(each.reached is None for each in results.values())
    assert sum(each.reached for each in again.values()) == 1
    assert counted.cost_below == middle
    with open(run.path / REPEAT, newline="", encoding="utf-8") as file:
        rows = {int(row["seed"]): row for row in csv.DictReader(file)}
    assert {seed: float(row["cost"]) for seed, row in rows.items()} == {s: r.cost for s, r in results.items()}


def test_what_was_interrupted_goes_on_with_the_seeds_that_are_missing(config, tmp_path):
    whole, results, _ = repeated(config, tmp_path)
    told = []
    with pytest.raises(KeyboardInterrupt):
        train(config, ["repeat=3"], tmp_path / "broken", told.append, lambda: any(told))
    (folder,) = (tmp_path / "broken").iterdir()
    before = {each.result.seed for each in told if isinstance(each, SeedDone)}
    assert 1 <= len(before) < 3
    events = []
    run = resume(folder, report=events.append)
    anew = {each.result.seed: each.result for each in events if isinstance(each, SeedDone)}
    assert set(anew) == set(results) - before
    assert all(result == results[seed] for seed, result in anew.items())
    first, second = (ModelFile.read(each.path / "model.npz").parameters for each in (whole, run))
    assert all(np.array_equal(array, second[name]) for name, array in first.items())
    events.clear()
    resume(folder, report=events.append)
    assert not [each for each in events if isinstance(each, SeedDone)]
    (folder / REPEAT).write_text("seed,epochs\nmany,3\n", encoding="utf-8")
    (folder / "checkpoint.npz").unlink()
    with pytest.raises(ModelFileError, match=r"repeat\.csv"):
        resume(folder)


@pytest.mark.parametrize("wrong", ["repeat=1", "repeat={seeds: 0}", "repeat={cost_below: 1}", "repeat=many"])
def test_what_cannot_be_repeated(wrong, config):
    with pytest.raises(ConfigError):
        prepare(config, [wrong])
    with pytest.raises(ConfigError, match="at once"):
        prepare(config, ["repeat=2", "training.folds=2"])
