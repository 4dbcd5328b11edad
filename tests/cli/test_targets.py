"""Several targets and several labels, from the file to the scores, by real commands."""

import csv
import io
import json
import math

import numpy as np
import pytest
from cli.world import mlp

from mlpcli.execute import EXECUTORS
from sampling import sampled


def command(*args):
    """Output and errors of a command, which has to go well."""
    result = mlp(*args)
    assert result.exit_code == 0, result.stderr
    return result.stdout, result.stderr


def rows(count=60):
    rng = np.random.default_rng(8)
    return [(round(a, 3), round(b, 3)) for a, b in rng.normal(size=(count, 2)).tolist()]


def write(folder, header, lines, data, more="", executor="numpy"):
    (folder / "x.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    (folder / "c.yaml").write_text(
        f"executor: {executor}\ndata: {{train: x.csv, {data}}}\nnetwork: {{hidden: [4]}}\n"
        f"training: {{epochs: 4, batch_size: 16}}\n{more}",
        encoding="utf-8",
    )
    return folder / "c.yaml"


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("executor", sampled(EXECUTORS, "numpy".__eq__))
def test_two_numbers_of_different_size(tmp_path, executor):
    """With one missing in three rows: these are left out."""
    cells = [(a, b, 1000 * (a + b) + 5, a - b) for a, b in rows()]
    lines = [f"{a},{b},{y},{'' if at < 3 else z}" for at, (a, b, y, z) in enumerate(cells)]
    config = write(tmp_path, "a,b,y,z", lines, "target: [y, z], validation: 0.2", executor=executor)
    output, _ = command("train", config, "--runs", tmp_path)
    assert "3 of 60 rows lack one of the targets y, z" in output
    assert "46 rows training, 11 rows validation" in output
    predicted, _ = command("predict", tmp_path / "c-1", tmp_path / "x.csv", "--executor", executor)
    found = table(predicted)
    assert [*found[0]] == ["y", "z"]
    assert len(found) == 60
    scores, errors = command("evaluate", tmp_path / "c-1", tmp_path / "x.csv", "--json", "--part", "all")
    assert "3 of 60 rows lack one of the targets" in errors
    scores = json.loads(scores)
    assert (scores["task"], scores["rows"]) == ("regression", 57)
    for at, name in ((2, "y"), (3, "z")):
        squares = [(float(found[row][name]) - cells[row][at]) ** 2 for row in range(3, 60)]
        assert scores["targets"][name]["rmse"] == pytest.approx(math.sqrt(math.fsum(squares) / 57))


@pytest.mark.parametrize("executor", sampled(EXECUTORS, "native".__eq__))
def test_labels_that_are_words(tmp_path, executor):
    """yes and no, True and False, 0 and 1, side by side."""
    cells = [("yes" if a > 0 else "no", str(b > 0), int(a + b > 0)) for a, b in rows()]
    lines = [f"{a},{b},{p},{q},{r}" for (a, b), (p, q, r) in zip(rows(), cells)]
    config = write(tmp_path, "a,b,p,q,r", lines, "target: [p, q, r]", executor=executor)
    output, _ = command("train", config, "--runs", tmp_path)
    assert "task multilabel, for each has two values" in output
    assert "no or yes" in output
    assert "False or True" in output
    found = table(command("predict", tmp_path / "c-1", tmp_path / "x.csv", "--executor", executor)[0])
    assert [*found[0]] == ["p_p=yes", "p_q=True", "p_r"]
    scores = json.loads(command("evaluate", tmp_path / "c-1", tmp_path / "x.csv", "--json")[0])
    for at, (name, column, yes) in enumerate(
        (("p", "p_p=yes", "yes"), ("q", "p_q=True", "True"), ("r", "p_r", 1))
    ):
        target = scores["targets"][name]
        right = [(float(row[column]) > 0.5) == (each[at] == yes) for row, each in zip(found, cells)]
        assert target["accuracy"] == pytest.approx(np.mean(right))
        assert str(yes) in target["classes"]
        assert target["classes"][str(yes)]["rows"] == sum(each[at] == yes for each in cells)
    (tmp_path / "bad.csv").write_text("a,b,p,q,r\n1,2,yes,True,1\n1,2,perhaps,True,0\n")
    result = mlp("evaluate", tmp_path / "c-1", tmp_path / "bad.csv")
    assert result.exit_code == 2
    assert "line 3, column 'p'" in result.stderr
    assert "'perhaps' is neither 'no' nor 'yes'" in result.stderr


def test_numbers_written_otherwise_are_the_same_labels(tmp_path):
    lines = [f"{a},{'yes' if a > 0 else 'no'},{int(b > 0)}" for a, b in rows()]
    write(tmp_path, "a,p,r", lines, "target: [p, r]")
    assert mlp("train", tmp_path / "c.yaml", "--runs", tmp_path).exit_code == 0
    lines = [f"{a},{'yes' if a > 0 else 'no'},{float(b > 0)}" for a, b in rows()]
    (tmp_path / "y.csv").write_text("\n".join(["a,p,r", *lines]) + "\n")
    scores = [
        json.loads(mlp("evaluate", tmp_path / "c-1", tmp_path / name, "--json").stdout)["targets"]
        for name in ("x.csv", "y.csv")
    ]
    assert scores[0] == scores[1]


def test_a_list_of_one(tmp_path):
    lines = [f"{a},{b},{'yes' if a > 0 else 'no'}" for a, b in rows()]
    config = write(tmp_path, "a,b,p", lines, "target: [p]")
    classes = mlp("train", config, "--runs", tmp_path)
    assert "task classification, 2 classes" in classes.stdout
    assert [*table(mlp("predict", tmp_path / "c-1", tmp_path / "x.csv").stdout)[0]] == ["p", "p_no", "p_yes"]
    label = mlp("train", config, "--runs", tmp_path, "--set", "data.task=multilabel")
    assert label.exit_code == 0, label.stderr
    assert [*table(mlp("predict", tmp_path / "c-2", tmp_path / "x.csv").stdout)[0]] == ["p_p=yes"]
    number = mlp("train", config, "--runs", tmp_path, "--set", "data.target=[a]", "--set", "data.ignore=[p]")
    assert number.exit_code == 0, number.stderr
    assert [*table(mlp("predict", tmp_path / "c-3", tmp_path / "x.csv").stdout)[0]] == ["a"]


def test_classes_beside_numbers_are_refused_with_the_line(tmp_path):
    lines = [f"{a},{b},{('red', 'blue', 'green')[at % 3]}" for at, (a, b) in enumerate(rows())]
    config = write(tmp_path, "a,b,colour", lines, "target: [b, colour]")
    result = mlp("train", config)
    assert result.exit_code == 2
    assert "c.yaml line 2, key data.target" in result.stderr
    assert "'colour' is text of 3 values, and numbers are in 'b'" in result.stderr
    assert "by configs of their own" in result.stderr


def test_findings_of_several_targets(tmp_path):
    """The gradient is right and the network learns; without scaling the large target is a finding."""
    lines = [f"{a},{b},{1000 * (a + b)},{a - b}" for a, b in rows()]
    more = "optimiser: {name: adam, learning_rate: 0.02}\n"
    config = write(tmp_path, "a,b,y,z", lines, "target: [y, z]", more)
    healthy = mlp("gradcheck", config, "--json", "--set", "training.epochs=60")
    assert healthy.exit_code == 0, healthy.stdout
    raw = mlp("gradcheck", config, "--json", "--set", "data.target_scaling=none")
    rules = {each["rule"] for each in json.loads(raw.stdout)["findings"]}
    assert "targets_unscaled" in rules
    labels = [f"{a},{b},{'yes' if a > 0 else 'no'},{b > 0}" for a, b in rows()]
    config = write(tmp_path, "a,b,p,q", labels, "target: [p, q]", more)
    healthy = mlp("gradcheck", config, "--json", "--set", "training.epochs=60")
    assert healthy.exit_code == 0, healthy.stdout
    shared = mlp("gradcheck", config, "--json", "--set", "network.output=softmax")
    assert {"output_range", "not_a_probability"} & {f["rule"] for f in json.loads(shared.stdout)["findings"]}
