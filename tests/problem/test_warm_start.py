"""Weights of another run as the first ones, and layers that stay as they are."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, resume, train
from mlpcli.errors import ConfigError, DataError
from mlpcli.experiments.reproduce import reproduce
from mlpcli.problem.build import prepare
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.model_file import ModelFile

IRIS = Path(__file__).parents[2] / "datasets" / "iris.csv"
HIDDEN = "{units: 6, activation: tanh, normalisation: batch}, {units: 4, activation: prelu, dropout: 0.2}"
CONFIG = """
seed: 3
executor: numpy
data: {{train: {data}, target: {target}}}
{more}
network: {{hidden: [{hidden}]}}
training: {{epochs: {epochs}, batch_size: 16, monitors: false}}
"""


def write(path, hidden=HIDDEN, more="", target="species", data=IRIS, epochs=3):
    path.write_text(
        CONFIG.format(hidden=hidden, more=more, target=target, data=data, epochs=epochs), encoding="utf-8"
    )
    return path


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    return train(write(folder / "first.yaml"), runs=folder).path


@pytest.fixture(scope="module")
def other_start(tmp_path_factory):
    """A run like the first that ended earlier."""
    folder = tmp_path_factory.mktemp("other")
    return train(write(folder / "other.yaml", epochs=1), runs=folder).path


def arrays(run):
    return ModelFile.read(Path(run) / "model.npz").parameters


def frozen(hidden=HIDDEN):
    return hidden.replace("}", ", trainable: false}")


@pytest.mark.parametrize("place", ["", "model.npz"])
def test_all_layers_begin_where_the_other_run_ended(first, tmp_path, place):
    prepared = prepare(write(tmp_path / "c.yaml", more=f"start_from: {first / place}"))
    values = prepared.initial_values()
    assert values.keys() == arrays(first).keys()
    for name, array in arrays(first).items():
        np.testing.assert_array_equal(values[name], array)
    (note,) = prepared.start.notes
    assert "hidden1, hidden2, output: first weights from" in note
    assert "scaled by this data" in note


def test_frozen_layers_keep_their_bits_and_a_new_output_layer_learns(first, tmp_path):
    """Transfer: another target, with as many outputs as it needs."""
    data = tmp_path / "large.csv"
    lines = IRIS.read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines]
    rows = [",".join([*c[:4], "large" if float(c[0]) > 5.8 else "small"]) for c in cells[1:]]
    data.write_text("\n".join([",".join([*cells[0][:4], "size"]), *rows]), encoding="utf-8")
    config = write(tmp_path / "c.yaml", frozen(), f"start_from: {first}", "size", data, epochs=10)
    notes = prepare(config).start.notes
    assert any(note == "output: drawn anew, since it has 1 unit here, 3 there" for note in notes)
    run = train(config, runs=tmp_path)
    old, new = arrays(first), arrays(run)
    assert [n for n in new if n.startswith("hidden") and not np.array_equal(new[n], old[n])] == []
    assert run.history[-1]["cost"] < run.history[0]["cost"]
    state = Checkpoint.read(run.path / "checkpoint.npz").groups["state"]
    assert "gradients/output.weights" in state
    assert not [name for name in state if "/hidden" in name]
    with_drawn = prepare(config, ["start_from=null"]).initial_values()
    fresh = prepare(config).initial_values()
    np.testing.assert_array_equal(fresh["output.weights"], with_drawn["output.weights"])


def test_freezing_does_not_change_how_the_others_begin(tmp_path):
    plain, fixed = (
        prepare(write(tmp_path / "c.yaml", hidden)).initial_values() for hidden in (HIDDEN, frozen())
    )
    for name, array in plain.items():
        np.testing.assert_array_equal(fixed[name], array)


def test_a_penalty_leaves_frozen_layers_out(tmp_path):
    config = write(tmp_path / "c.yaml", frozen(), "optimiser: {name: sgd, l2: 0.5, penalise_biases: true}")
    prepared = prepare(config)
    values = prepared.initial_values()
    from mlpcli.engine import compute

    last = {name: array for name, array in values.items() if name.startswith("output.")}
    found = compute({"p": prepared.network.penalty}, last)["p"]  # which depends on nothing else
    expected = 0.5 * sum(np.sum(values[f"output.{name}"] ** 2) for name in ("weights", "biases"))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_with_every_layer_frozen_it_trains_and_says_so(tmp_path, executor):
    config = write(tmp_path / "c.yaml", frozen())
    more = ["--set", "network.output.trainable=false", "--set", f"executor={executor}"]
    result = mlp("train", config, "--runs", tmp_path, "--set", "training.monitors=true", *more)
    assert result.exit_code == 0
    assert "problem  before the first epoch: trainable is false for every layer" in result.output
    assert "all of them frozen" in result.output
    values = prepare(config).initial_values()
    for name, array in arrays(tmp_path / "c-1").items():
        np.testing.assert_array_equal(array, values[name])
    checked = mlp("gradcheck", config, *more[:2], "--fast")
    assert checked.exit_code == 1
    assert "all_layers_frozen" in checked.output
    assert "frozen, so that no gradient is needed: hidden1, hidden2, output" in checked.output


def test_layers_of_one_network_alone_are_told(first, tmp_path):
    more = f"start_from: {first}"
    longer = prepare(write(tmp_path / "a.yaml", HIDDEN + ", 5", more)).start.notes
    assert "hidden1, hidden2: first weights" in longer[0]
    assert longer[1:] == (
        "hidden3: drawn anew, since that model has no such layer",
        "output: drawn anew, since the layer before it is another one",
    )
    shorter = prepare(write(tmp_path / "b.yaml", HIDDEN.split("}, ")[0] + "}", more)).start.notes
    assert "hidden2 of that model: not used, this network has no such layer" in shorter
    other = prepare(write(tmp_path / "c.yaml", HIDDEN.replace("tanh", "relu"), more)).start.notes
    assert "hidden1: trained as tanh, and relu here" in other


@pytest.mark.parametrize(
    ("hidden", "more", "words"),
    [
        (HIDDEN.replace("6", "7"), "", ("hidden1", "(4, 7) here, (4, 6) there", "units: 6")),
        (HIDDEN.replace("4", "5"), "", ("hidden2", "(6, 5) here, (6, 4) there", "units: 4")),
        (HIDDEN.replace("prelu", "relu"), "", ("hidden2.leak is missing here, (4,) there", "prelu")),
        (HIDDEN.replace(", normalisation: batch", ""), "", ("hidden1.shift is missing", "batch")),
        ("", "", ("No layer is like one", "0 hidden layers here, 2 there")),
    ],
)
def test_what_does_not_fit_is_named_with_both_shapes_and_the_line(first, tmp_path, hidden, more, words):
    with pytest.raises(ConfigError) as caught:
        prepare(write(tmp_path / "c.yaml", hidden, f"start_from: {first}"), [more] if more else [])
    message = str(caught.value)
    assert "c.yaml line 5, key start_from" in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("place", ["nowhere", "empty", "broken.npz"])
def test_what_is_no_model_is_told_at_the_key(tmp_path, place):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.npz").write_bytes(b"PK")
    with pytest.raises(ConfigError) as caught:
        prepare(write(tmp_path / "c.yaml", more=f"start_from: {place}"))
    assert "c.yaml line 5, key start_from" in str(caught.value)
    assert caught.value.faults[0].remedy


def test_the_path_works_from_the_run_folder_too(first, tmp_path):
    import os

    relative = os.path.relpath(first, tmp_path)
    run = train(write(tmp_path / "c.yaml", more=f"start_from: {relative}"), runs=tmp_path / "runs")
    again = prepare(run.path / "config.yaml").initial_values()
    np.testing.assert_array_equal(again["hidden1.weights"], arrays(first)["hidden1.weights"])


def continued(first, tmp_path, epochs=6, looks=None):
    """A run that starts from another one of its own, broken off after so many looks; and that other one."""
    source = tmp_path / "source"
    if not source.exists():
        shutil.copytree(first, source)
    config = write(tmp_path / "c.yaml", more=f"start_from: {source}", epochs=epochs)
    counted = itertools.count()
    run = train(config, runs=tmp_path, interrupted=lambda: looks is not None and next(counted) >= looks)
    return run, source


def test_a_run_with_a_checkpoint_goes_on_without_what_it_started_from(first, tmp_path):
    whole, _ = continued(first, tmp_path)
    broken, source = continued(first, tmp_path, looks=8)
    assert broken.interrupted
    shutil.rmtree(source)
    said = mlp("train", "--resume", broken.path)
    assert said.exit_code == 2
    assert "If it lies elsewhere: --set start_from=PATH" in said.stderr
    on = resume(broken.path, ["start_from=null"])
    began = json.loads((on.path / "run.json").read_text(encoding="utf-8"))["made"]["start_from"]
    assert began == json.loads((whole.path / "run.json").read_text(encoding="utf-8"))["made"]["start_from"]
    assert on.epochs == whole.epochs
    for name, array in arrays(whole.path).items():
        np.testing.assert_array_equal(arrays(on.path)[name], array)


def test_a_rate_that_was_found_from_first_weights_needs_them(first, tmp_path):
    config = write(tmp_path / "c.yaml", more=f"start_from: {first}\noptimiser: {{learning_rate: auto}}")
    run = train(config, runs=tmp_path)
    assert resume(run.path, ["training.epochs=5"]).epochs == 5
    with pytest.raises(ConfigError, match="The learning rate was found from the first weights"):
        resume(run.path, ["training.epochs=7", "start_from=null"])


def test_without_one_the_first_weights_have_to_be_those_that_they_were(first, other_start, tmp_path):
    run, source = continued(first, tmp_path)
    for name in ("checkpoint.npz", "model.npz", "history.csv"):
        (run.path / name).unlink()
    with pytest.raises(DataError, match="start_from: the weights are not those"):
        resume(run.path, [f"start_from={other_start}"])
    assert resume(run.path, [f"start_from={source}"]).epochs == run.epochs


def test_reproducing_tells_of_other_first_weights(first, other_start, tmp_path):
    run, source = continued(first, tmp_path, epochs=2)
    assert reproduce(run.path).same
    (source / "model.npz").write_bytes((other_start / "model.npz").read_bytes())
    found = reproduce(run.path)
    assert not found.same
    assert any("start_from" in each for each in found.differences)
    shutil.rmtree(source)
    moved = reproduce(run.path, [f"start_from={other_start}"])
    assert any("start_from" in each for each in moved.differences)


def test_precision_is_that_of_the_new_run(first, tmp_path):
    config = write(tmp_path / "c.yaml", more=f"start_from: {first}\nprecision: float32")
    assert {array.dtype for array in prepare(config).initial_values().values()} == {np.dtype("float32")}
    run = train(config, runs=tmp_path)
    assert load(run).predict(IRIS).values.shape == (150, 3)
    assert ModelFile.read(run.path / "model.npz").parameters["hidden1.running_mean"].dtype == np.float32
