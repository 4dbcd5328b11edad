"""Weighted rows from the config to the scores: trained, validated, evaluated, diagnosed."""

import json

import numpy as np
import pytest
from cli.world import mlp

from mlpcli.api import load, train
from mlpcli.diagnose.report import gradcheck
from mlpcli.engine import compute, gradients
from mlpcli.execute import EXECUTORS
from mlpcli.graph.node import PLACEHOLDER, topological
from mlpcli.nn.network import build_network
from mlpcli.problem.build import prepare
from nets import network, rows

CONFIG = """
seed: 2
executor: numpy
data: {train: rows.csv, target: y, scaling: none, %s}
network: {hidden: [{units: 5, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.05}
training: {epochs: 12, batch_size: %s, print_every: 1}
"""


def write(folder, data="weight: w", batch="full", count=61, expand=False, keep_zeros=True):
    """Rows of weight 0, 1 and 2; expand: those of 2 are there twice, with weight 1."""
    rng = np.random.default_rng(1)
    lines = []
    for _ in range(count):
        a, b = rng.normal(size=2)
        w = int(rng.integers(0, 3))
        line = f"{a},{b},{'yes' if a + b + rng.normal() > 1 else 'no'}"
        if w or keep_zeros:
            lines += [f"{line},1"] * w if expand else [f"{line},{w}"]
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text("\n".join(["a,b,y,w", *lines]) + "\n")
    (folder / "c.yaml").write_text(CONFIG % (data, batch))
    return folder / "c.yaml"


def trained(config, *overrides):
    run = train(config, overrides, runs=config.parent / "runs")
    return run, load(run).file.parameters


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_weight_of_2_is_the_row_twice(tmp_path, executor):
    changes = [f"executor={executor}", "training.monitors=false"]
    weighted, weights = trained(write(tmp_path / "weighted"), *changes)
    twice, others = trained(write(tmp_path / "twice", "ignore: [w]", expand=True), *changes)
    for one, other in zip(weighted.history, twice.history, strict=True):
        assert one["cost"] == pytest.approx(other["cost"], rel=1e-12)
        assert one["training_accuracy"] == pytest.approx(other["training_accuracy"], rel=1e-12)
    for name, array in weights.items():
        np.testing.assert_allclose(array, others[name], rtol=1e-11, atol=1e-12, err_msg=name)


def test_a_weight_of_0_is_no_row(tmp_path):
    shares = ["data.validation=0.2", "data.class_weights=balanced"]
    some, weights = trained(write(tmp_path / "zeros", batch=16), *shares)
    less, others = trained(write(tmp_path / "less", batch=16, keep_zeros=False), *shares)
    assert [{**r, "seconds": 0} for r in some.history] == [{**r, "seconds": 0} for r in less.history]
    for name, array in weights.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)


def test_weights_of_1_train_as_none_do(tmp_path):
    config = write(tmp_path, "weight: w", batch=16, expand=True)
    weighted, weights = trained(config)
    alike, others = trained(config, "data.weight=null", "data.ignore=[w]")
    assert [r["cost"] for r in weighted.history] == pytest.approx(
        [r["cost"] for r in alike.history], rel=1e-12
    )
    for name, array in weights.items():
        np.testing.assert_allclose(array, others[name], rtol=1e-11, atol=1e-13, err_msg=name)


FEW = ["optimiser={name: sgd, learning_rate: 0.5}", "training.monitors=false"]
"""Little to be compiled."""


def test_executors_agree_with_a_smaller_last_batch(tmp_path):
    config = write(tmp_path, "weight: w, class_weights: {yes: 3}, validation: 0.2", batch=16)
    costs = []
    for executor in EXECUTORS:
        run, _ = trained(config, f"executor={executor}", *FEW)
        costs.append([(r["cost"], r["validation_loss"], r["validation_accuracy"]) for r in run.history])
    for other in costs[1:]:
        np.testing.assert_allclose(costs[0], other, rtol=1e-9)


def test_full_is_a_batch_of_all_rows(tmp_path):
    config = write(tmp_path, "ignore: [w]", count=23)
    runs = [trained(config, f"training.batch_size={size}")[1] for size in ("full", 23, 1000)]
    for name, array in runs[0].items():
        for other in runs[1:]:
            np.testing.assert_array_equal(array, other[name], err_msg=name)
    assert prepare(config).batch_rows == 23


@pytest.mark.parametrize("executor", EXECUTORS)
def test_rows_that_weigh_nothing_leave_no_gradient(executor):
    plain, state = network()
    given = rows(plain, count=6)
    config, head = plain_config(plain)
    net = build_network(config, head, 3, "float64", weighted=True)
    nodes = [p.node for p in net.parameters]

    def found(weights, chosen):
        outputs = {n.name: g for n, g in zip(nodes, gradients(net.cost, nodes))} | {"cost": net.cost}
        some = {name: array[chosen] for name, array in given.items()} | {"weights": np.array(weights)}
        return compute(outputs, state, some, EXECUTORS[executor]())

    part = found([1.2, 0.0, 0.6, 1.2, 0.0, 0.6], slice(None))
    less = found([1.2, 0.6, 1.2, 0.6], [0, 2, 3, 5])
    for name, value in part.items():
        np.testing.assert_allclose(6 * value, 4 * less[name], rtol=1e-12, atol=1e-15, err_msg=name)


def plain_config(net):
    from mlpcli.config.schema import HiddenConfig, NetworkConfig
    from mlpcli.nn.losses import LOSSES
    from mlpcli.nn.network import Head

    hidden = tuple(HiddenConfig(units=layer.units, activation=layer.activation) for layer in net.layers[:-1])
    last = net.layers[-1]
    return NetworkConfig(hidden), Head(last.units, last.activation, LOSSES[net.loss_name](), net.loss_name)


def test_without_weights_the_graph_has_none(tmp_path):
    net = prepare(write(tmp_path, "ignore: [w]")).network
    assert net.weights is None
    assert {node.name for node in topological([net.cost]) if node.op is PLACEHOLDER} == {"inputs", "target"}


def test_test_scores_are_those_of_evaluate(tmp_path):
    config = write(tmp_path, "weight: w, class_weights: balanced, test: test.csv")
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    (tmp_path / "test.csv").write_text("\n".join(lines[:31]) + "\n")
    run, _ = trained(config)
    model = load(run)
    again = model.evaluate(tmp_path / "test.csv")
    assert again.weighted == run.test.weighted
    assert again.weighted.startswith("by column 'w' and by class (no ")
    np.testing.assert_allclose(again.class_scores["y"].confusion, run.test.class_scores["y"].confusion)
    assert again.class_scores["y"].log_loss == pytest.approx(run.test.class_scores["y"].log_loss)
    plain = model.evaluate(tmp_path / "test.csv", weighted=False)
    assert plain.weighted == ""
    assert plain.rows == 30
    assert again.rows == sum(not line.endswith(",0") for line in lines[1:31])
    assert plain.class_scores["y"].confusion.dtype.kind == "i"


def test_commands_say_what_they_do_with_weights(tmp_path):
    config = write(tmp_path, "weight: w")
    result = mlp("train", config, "--runs", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "rows are weighted by column 'w'" in result.stdout
    run = tmp_path / "c-1"
    said = mlp("evaluate", run, tmp_path / "rows.csv", "--json")
    assert (said.exit_code, json.loads(said.stdout)["weighted"]) == (0, "by column 'w'"), said.stderr
    assert "have weight 0 and are left out" in said.stderr
    assert "weighted" not in json.loads(
        mlp("evaluate", run, tmp_path / "rows.csv", "--json", "--unweighted").stdout
    )
    text = (tmp_path / "rows.csv").read_text().splitlines()
    (tmp_path / "bare.csv").write_text("\n".join(line.rpartition(",")[0] for line in text) + "\n")
    bare = mlp("evaluate", run, tmp_path / "bare.csv")
    assert "no column 'w' of weights; all rows count alike" in bare.stderr
    assert "weighted" not in bare.stdout
    with_column, without = (mlp("predict", run, tmp_path / name) for name in ("rows.csv", "bare.csv"))
    assert with_column.stdout == without.stdout
    assert "not used: w" in with_column.stderr
    (tmp_path / "bad.csv").write_text("\n".join([*text[:3], text[3].rpartition(",")[0] + ",-2"]) + "\n")
    bad = mlp("evaluate", run, tmp_path / "bad.csv")
    assert bad.exit_code == 2
    assert "line 4, column 'w'" in bad.stderr
    assert "negative (-2)" in bad.stderr


def test_faults_name_line_and_nearest_spelling(tmp_path):
    config = write(tmp_path, "weight: w")
    config.write_text(
        "data:\n  train: rows.csv\n  target: y\n  ignore: [w]\n  class_weights:\n    yes: 3\n    noo: 1\n"
    )
    result = mlp("train", config)
    assert result.exit_code == 2
    assert "line 7, key data.class_weights.noo" in result.stderr
    assert "Did you mean 'no'?" in result.stderr
    for given, said in (
        ("{yes: -1}", "-1 is out of range: expected a number of at least 0"),
        ("{yes: much}", "Expected a number of at least 0, got 'much'"),
        ("evenly", "'evenly' is not allowed here"),
        ("[1, 2]", "Expected balanced or a section with keys, got a list"),
    ):
        result = mlp("train", config, "--set", f"data.class_weights={given}")
        assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    result = mlp("train", config, "--set", "data.weight=y")
    assert "'y' is also in target" in result.stderr
    numbers = ("data.task=regression", "data.target=a", "data.class_weights=balanced")
    result = mlp("train", config, *(word for each in numbers for word in ("--set", each)))
    assert "Class weights are given, and the task is regression" in result.stderr


def test_files_from_before_there_were_weights_are_read(tmp_path):
    run, _ = trained(write(tmp_path, "weight: w"))
    model = load(run)
    assert model.file.weighting.column == "w"
    plain, _ = trained(tmp_path / "c.yaml", "data.weight=null", "data.ignore=[w]")
    assert not load(plain).file.weighting
    assert b"weighting" not in (plain.path / "model.npz").read_bytes()


def test_a_weighted_network_passes_the_gradient_check(tmp_path):
    config = write(tmp_path, "weight: w, class_weights: {yes: 5}", batch=16)
    report = gradcheck(config, depth="fast")
    assert report.gradient.right
    assert report.healthy


def test_smoothing_is_for_labels_and_says_so(tmp_path):
    config = write(tmp_path, "ignore: [w]")
    config.write_text(config.read_text() + "loss:\n  name: binary_cross_entropy\n  label_smoothing: 0.1\n")
    assert prepare(config).head.loss.label_smoothing == 0.1
    run, _ = trained(config, "data.validation=0.2")
    assert load(run).file.head.loss.label_smoothing == 0.1
    coded = mlp("train", config, "--set", "data.classes=[-1, 1]")
    assert "line 10, key loss.label_smoothing" in coded.stderr
    assert "data.classes gives other numbers" in coded.stderr
    assert mlp("train", config, "--set", "data.classes=[0, 1]", "--runs", tmp_path).exit_code == 0
    for change, said in (
        ("loss.name=squared_error", "'label_smoothing' is not a known key of squared_error"),
        ("loss.label_smoothing=1", "1 is out of range: expected a number of at least 0 and below 1"),
    ):
        assert said in mlp("train", config, "--set", change).stderr


def test_the_validation_loss_is_that_of_smoothed_labels(tmp_path):
    config = write(tmp_path, "ignore: [w]")
    smoothing = "loss={name: binary_cross_entropy, label_smoothing: 0.2}"
    run, _ = trained(config, smoothing, "data.validation=0.3", "training.epochs=1")
    prepared = prepare(config, [smoothing, "data.validation=0.3"])
    p = load(run).outputs(prepared_table(config))[0][:, 0]
    y = np.array(
        [line.split(",")[2] == "yes" for line in config.with_name("rows.csv").read_text().split()[1:]]
    )
    t = 0.8 * y + 0.1
    each = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    part = prepared.dataset.validation.inputs[:, 0]
    columns = [float(line.split(",")[0]) for line in config.with_name("rows.csv").read_text().split()[1:]]
    assert run.history[-1]["validation_loss"] == pytest.approx(each[np.isin(columns, part)].mean())


def prepared_table(config):
    from mlpcli.data.read import read_table

    return read_table(str(config.with_name("rows.csv")))[0]
