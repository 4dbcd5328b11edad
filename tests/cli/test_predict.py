"""`mlp predict` and `mlp evaluate`: what they write, of which rows, and what they say beside it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from cli.world import csv_text, make_world, mlp, rows

from mlpcli.api import load
from mlpcli.data.read import read_table
from shared_data import shared_file

NAMES = "a,b,colour,kind"
NUMPY = "executor: numpy\n"
"""Begins the configs; the run of make_world is by machine code."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    make_world(folder)
    for name, data in CONFIGS.items():
        (folder / f"{name}.yaml").write_text(
            f"{NUMPY}data: {{train: data.csv, {data}}}\nnetwork: {{hidden: [3]}}\ntraining: {{epochs: 3}}\n",
            encoding="utf-8",
        )
        assert mlp("train", folder / f"{name}.yaml", "--runs", folder).exit_code == 0
    return folder


CONFIGS = {
    "number": "target: b, ignore: [kind]",
    "two": "target: [a, b], ignore: [kind]",
    "colours": "target: colour",
}


@pytest.fixture(autouse=True)
def here(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def predict(*args, **more):
    result = mlp("predict", *args, **more)
    assert result.exit_code == 0, result.stderr
    return result


def evaluate(*args):
    result = mlp("evaluate", *args)
    assert result.exit_code == 0, result.stderr
    return result


def scores_of(run, data, *args):
    """By target, whatever the run knows of the file."""
    return json.loads(evaluate("--json", run, data, *args).stdout)["targets"]


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# Rows in


def test_columns_are_matched_by_name_in_any_order(world, tmp_path):
    expected = predict(world / "run", world / "data.csv")
    path = written(tmp_path / "x.csv", csv_text("colour,kind,b,a"))
    assert predict(world / "run", path).stdout == expected.stdout


def test_the_target_may_be_absent(world, tmp_path):
    path = written(tmp_path / "x.csv", csv_text("a,b,colour"))
    result = predict(world / "run", path)
    assert result.stdout == predict(world / "run", world / "data.csv").stdout
    assert "not used" not in result.stderr


def test_extra_columns_are_ignored_aloud(world, tmp_path):
    lines = csv_text().splitlines()
    text = "\n".join([f"id,{lines[0]},note", *(f"7,{line},x" for line in lines[1:])]) + "\n"
    result = predict(world / "run", written(tmp_path / "x.csv", text))
    assert result.stdout == predict(world / "run", world / "data.csv").stdout
    assert "note: columns that are not used: id, note." in result.stderr.splitlines()


def test_unknown_categories_and_missing_cells_are_counted_aloud(world, tmp_path, monkeypatch):
    monkeypatch.setattr("mlpcli.predict.model.STREAMED_ROWS", 2)
    text = "a,b,colour\n1,2,red\n,2,mauve\n1,,pink\n,1,red\n0.5,0.5,mauve\n"
    result = predict(world / "run", written(tmp_path / "x.csv", text))
    assert len(table(result.stdout)) == 5
    said = [line for line in result.stderr.splitlines() if "separated" not in line]
    filled, unknown = said
    assert filled == "note: missing cells filled: a 2, b 1."
    assert unknown.startswith(
        "warning: column 'colour': 3 of 5 cells hold a value that training never saw ('mauve')"
    )


def test_a_missing_number_counts_as_the_mean_of_training(world, tmp_path):
    mean = np.mean([row[0] for row in rows()])
    text = f"a,b,colour\n,1,red\n{mean},1,red\n"
    first, second = table(predict(world / "run", written(tmp_path / "x.csv", text)).stdout)
    assert float(first["p_yes"]) == pytest.approx(float(second["p_yes"]), rel=1e-12)


def test_standard_input(world):
    expected = predict(world / "run", world / "data.csv").stdout
    result = predict(world / "run", "-", stdin=csv_text())
    assert result.stdout == expected
    assert "standard input" in result.stderr
    assert predict(world / "run", "-", stdin=gzip.compress(csv_text().encode())).stdout == expected


@pytest.mark.parametrize("name", ["x.csv.gz", "x.tsv", "x.npz"])
def test_other_formats(world, tmp_path, name):
    path = tmp_path / name
    if name == "x.tsv":
        path.write_text(csv_text().replace(",", "\t"), encoding="utf-8")
    elif name == "x.csv.gz":
        path.write_bytes(gzip.compress(csv_text().encode()))
    else:
        columns = dict(zip(NAMES.split(","), map(np.array, zip(*rows()))))
        np.savez(path, **columns)
    expected = predict(world / "run", world / "data.csv").stdout
    assert predict(world / "run", path).stdout == expected
    assert scores_of(world / "run", path) == scores_of(world / "run", world / "data.csv")


def test_an_npy_has_the_columns_x1_and_so_on(world, tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(12, 2))
    np.save("x.npy", inputs)
    np.savez("train.npz", x=inputs, y=inputs.sum(1))
    written(tmp_path / "c.yaml", f"{NUMPY}data: {{train: train.npz, target: y}}\ntraining: {{epochs: 2}}\n")
    assert mlp("train", "c.yaml").exit_code == 0
    lines = table(predict("runs/c-1", "x.npy").stdout)
    assert lines == table(predict("runs/c-1", "train.npz").stdout)
    assert [set(line) for line in lines] == [{"y"}] * 12


def test_a_file_without_header_is_read_as_that_of_training_was(tmp_path):
    text = "".join(line + "\n" for line in csv_text("a,b,kind").splitlines()[1:])
    written(tmp_path / "x.csv", text)
    written(
        tmp_path / "c.yaml",
        f"{NUMPY}data: {{train: x.csv, target: x3, header: false}}\ntraining: {{epochs: 2}}\n",
    )
    assert mlp("train", "c.yaml").exit_code == 0
    assert len(table(predict("runs/c-1", "x.csv").stdout)) == 24
    written(tmp_path / "one.csv", "1,2\n")
    assert [set(row) for row in table(predict("runs/c-1", "one.csv").stdout)] == [{"x3", "p_no", "p_yes"}]


# Bytes out


@pytest.mark.parametrize("run", ["run", "number-1", "two-1", "colours-1"])
def test_the_bytes_are_the_same_however_the_rows_come(world, tmp_path, monkeypatch, run):
    path = written(tmp_path / "x.csv", csv_text(count=310, seed=1))
    expected = predict(world / run, path).stdout_bytes
    assert predict(world / run, path).stdout_bytes == expected
    for chunk in (1, 7, 256, 300):
        monkeypatch.setattr("mlpcli.predict.model.STREAMED_ROWS", chunk)
        predict(world / run, path, "-o", "out.csv")
        assert (tmp_path / "out.csv").read_bytes() == expected


def test_a_row_is_predicted_alike_alone_and_among_others(world, tmp_path):
    lines = csv_text(count=40, seed=2).splitlines()
    all_of_them = predict(world / "run", written(tmp_path / "x.csv", "\n".join(lines))).stdout.splitlines()
    for at in (1, 17, 40):
        alone = predict(world / "run", written(tmp_path / "y.csv", f"{lines[0]}\n{lines[at]}\n"))
        assert alone.stdout.splitlines()[1] == all_of_them[at]


def test_probabilities(world):
    for run, names in (("run", ["no", "yes"]), ("colours-1", ["blue", "green", "red"])):
        for row in table(predict(world / run, world / "data.csv").stdout):
            label, *shares = row.values()
            numbers = [float(share) for share in shares]
            assert list(row)[1:] == [f"p_{name}" for name in names]
            assert sum(numbers) == pytest.approx(1, abs=1e-12)
            assert all(0 <= number <= 1 for number in numbers)
            assert label == names[int(np.argmax(numbers))]


def test_a_model_of_float32(world):
    args = ("--executor", "numpy", "--set", "precision=float32")
    for number in range(2):
        assert mlp("train", world / "good.yaml", *args, "--runs", f"r{number}").exit_code == 0
    out = predict("r0/good-1", world / "data.csv").stdout
    assert out == predict("r1/good-1", world / "data.csv").stdout
    wide = table(predict(world / "run", world / "data.csv").stdout)
    for row, other in zip(table(out), wide, strict=True):
        assert len(row["p_yes"]) <= 14  # the digits a float32 has
        assert float(row["p_yes"]) == pytest.approx(float(other["p_yes"]), rel=1e-3)
        assert float(row["p_no"]) + float(row["p_yes"]) == pytest.approx(1, abs=1e-6)
    assert "float32" in mlp("show", "r0/good-1").stdout
    assert mlp("gradcheck", "r0/good-1").exit_code == 0


@pytest.mark.parametrize(
    "classes",
    [("no", "yes"), ("1", "2"), ("on", "~"), ("a,b", 'say "x"'), ("grün", "日本"), ("true", "=1+1")],
    ids=str,
)
def test_classes_keep_their_spelling(tmp_path, classes):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["a", "kind"])
    for at in range(20):
        writer.writerow([(-1) ** at + at / 100, classes[at % 2]])
    written(tmp_path / "x.csv", text.getvalue())
    config = "data: {train: x.csv, target: kind, task: classification}\nnetwork: {hidden: [8]}\n"
    config += "optimiser: {name: adam, learning_rate: 0.1}\n"
    written(tmp_path / "c.yaml", NUMPY + config + "training: {epochs: 15, batch_size: 4}\n")
    assert mlp("train", "c.yaml").exit_code == 0
    lines = table(predict("runs/c-1", "x.csv").stdout)
    assert [line["kind"] for line in lines] == [classes[at % 2] for at in range(20)]
    assert {key for line in lines for key in line} == {"kind", *(f"p_{name}" for name in classes)}
    scores = json.loads(evaluate("--json", "runs/c-1", "x.csv").stdout)
    assert scores["targets"]["kind"]["accuracy"] == 1
    assert set(scores["targets"]["kind"]["confusion"]) == set(classes)


@pytest.mark.parametrize(
    ("targets", "cells", "header"),
    [
        ("p_a", ("a", "b"), ["label", "p_a", "p_b"]),
        ("p_", ("a", "b"), ["p_", "p_a", "p_b"]),
        ("label", ("a", "b"), ["label", "p_a", "p_b"]),
        ("7", ("a", "b"), ["label", "p_a", "p_b"]),
        ("NA", ("a", "b"), ["label", "p_a", "p_b"]),
        ("p_2", ("1", "2"), ["label", "p_1", "p_2"]),
        ("p_9007199254740993", ("9007199254740992", "9007199254740993"), None),
        ("5", ("1.5", "2.5", "4.5"), ["predicted_5"]),
        ("p_a", ("1.5", "2.5", "4.5"), ["p_a"]),
        ("y", ("a;b", "c"), ["y", "p_a;b", "p_c"]),
        ("y|z", ("a|b", "c|d"), ["y|z", "p_a|b", "p_c|d"]),
    ],
)
def test_what_predict_writes_can_be_read_again(tmp_path, targets, cells, header):
    rows = [f"{at % 5},{cells[at % len(cells)]}" for at in range(12)]
    (tmp_path / "d.csv").write_text("\n".join([f"x,{targets}", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(
        f'data: {{train: d.csv, target: "{targets}", header: true, separator: ","}}\nexecutor: numpy\n'
        "training: {epochs: 1}\n",
        encoding="utf-8",
    )
    assert mlp("train", tmp_path / "c.yaml", "--runs", tmp_path).exit_code == 0
    for count in (12, 1):
        (tmp_path / "few.csv").write_text("\n".join([f"x,{targets}", *rows[:count]]) + "\n", encoding="utf-8")
        predict(tmp_path / "c-1", tmp_path / "few.csv", "-o", tmp_path / "out.csv")
        found, _ = read_table(str(tmp_path / "out.csv"))
        assert list(found.names) == (header or ["label", *(f"p_{cell}" for cell in cells)])
        assert found.rows == count
        if len(found.names) > 1:
            first = found.column(found.names[0])
            assert {first.cell(row) for row in range(found.rows)} <= set(cells)


def test_numbers_come_in_the_units_of_the_user(tmp_path):
    """A linear network learns y = 5000 + 100 a from scaled columns; what comes out is not scaled."""
    lines = [f"{a},{5000 + 100 * a}" for a in range(20)]
    written(tmp_path / "x.csv", "\n".join(["a,y", *lines]) + "\n")
    config = "data: {train: x.csv, target: y, task: regression}\noptimiser: {name: sgd, learning_rate: 0.2}\n"
    written(tmp_path / "c.yaml", NUMPY + config + "training: {epochs: 60, batch_size: full}\n")
    assert mlp("train", "c.yaml").exit_code == 0
    written(tmp_path / "new.csv", "a\n3\n100\n")
    values = [float(row["y"]) for row in table(predict("runs/c-1", "new.csv").stdout)]
    assert values == pytest.approx([5300, 15000], rel=1e-6)
    assert "R²" in evaluate("runs/c-1", "x.csv").stdout


def test_digits_are_the_most_that_a_number_has(world, tmp_path):
    whole = predict(world / "run", world / "data.csv").stdout
    some = predict(world / "run", world / "data.csv", "--digits", "3").stdout
    for row, rounded in zip(table(whole), table(some), strict=True):
        assert row["kind"] == rounded["kind"]
        for name in ("p_no", "p_yes"):
            assert float(rounded[name]) == float(f"{float(row[name]):.2e}")
            assert len(rounded[name]) <= len("0.000123")
    assert mlp("predict", world / "run", world / "data.csv", "--digits", "0").exit_code == 2


@pytest.mark.parametrize(("shift", "precision"), [(3, "float32"), (1e6, "float64")])
def test_float32_in_units_where_it_would_lose_digits_is_written_as_float64(tmp_path, shift, precision):
    lines = [f"{a},{shift + a / 20 + (a % 3) / 7}" for a in range(20)]
    written(tmp_path / "x.csv", "\n".join(["a,y", *lines]) + "\n")
    config = "precision: float32\ndata: {train: x.csv, target: y, task: regression, use: [a]}\n"
    written(tmp_path / "c.yaml", NUMPY + config + "training: {epochs: 2}\n")
    assert mlp("train", "c.yaml").exit_code == 0
    values = load("runs/c-1").predict({"a": [float(a) for a in range(20)]}).values[:, 0]
    cells = [row["y"] for row in table(predict("runs/c-1", "x.csv").stdout)]
    assert [np.array(cell, precision) for cell in cells] == list(values.astype(precision))
    assert cells == [repr(float(str(value))) for value in values.astype(precision)]


def test_a_row_in_an_open_pipe_is_answered_at_once(world):
    command = [sys.executable, "-m", "mlpcli", "predict", str(world / "run"), "-"]
    header, first, second = csv_text().splitlines()[:3]
    answers = predict(world / "run", world / "data.csv").stdout.splitlines()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        killer = threading.Timer(60, process.kill)  # so that waiting in vain is a failure and no hang
        killer.start()
        try:
            process.stdin.write(f"{header}\n{first}\n")
            process.stdin.flush()
            assert process.stdout.readline().rstrip() == answers[0]
            assert process.stdout.readline().rstrip() == answers[1]
            process.stdin.write(f"{second}\n")
            process.stdin.flush()
            assert process.stdout.readline().rstrip() == answers[2]
            process.stdin.close()
            assert process.stdout.read() == ""
            assert process.wait() == 0
        finally:
            killer.cancel()


def test_an_output_is_replaced_as_a_whole(world, tmp_path):
    written(tmp_path / "out.csv", "before\n" * 1000)
    result = predict(world / "run", world / "data.csv", "-o", "out.csv")
    assert result.stdout == ""
    assert (tmp_path / "out.csv").read_text() == predict(world / "run", world / "data.csv").stdout
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_memory_does_not_grow_with_the_file(world, tmp_path):
    peaks = []
    row = f"0.5,-0.25,red,{'x' * 400}\n"  # wide, so that the file is long and yet soon read
    for count in (10_000, 40_000):
        path = written(tmp_path / "long.csv", "a,b,colour,note\n" + row * count)
        tracemalloc.start()
        predict(world / "run", path, "-o", tmp_path / "out.csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    with open(tmp_path / "out.csv", encoding="utf-8") as file:
        assert sum(1 for _ in file) == 40_001
    assert peaks[1] < 1.25 * peaks[0]


# Scores


def test_scores_of_classes_by_hand(world):
    predicted = table(predict(world / "run", world / "data.csv").stdout)
    true = [row[3] for row in rows()]
    said = [row["kind"] for row in predicted]
    scores = json.loads(evaluate("--json", world / "run", world / "data.csv").stdout)
    assert (scores["task"], scores["rows"]) == ("classification", 24)
    kind = scores["targets"]["kind"]
    assert kind["accuracy"] == pytest.approx(sum(t == s for t, s in zip(true, said)) / 24)
    losses = [-math.log(float(row[f"p_{t}"])) for row, t in zip(predicted, true)]
    assert kind["log_loss"] == pytest.approx(math.fsum(losses) / 24, rel=1e-12)
    for name in ("no", "yes"):
        hits = sum(t == s == name for t, s in zip(true, said))
        precision, recall = hits / said.count(name), hits / true.count(name)
        assert kind["classes"][name] == {
            "precision": pytest.approx(precision),
            "recall": pytest.approx(recall),
            "f1": pytest.approx(2 * precision * recall / (precision + recall)),
            "rows": true.count(name),
        }
        for other in ("no", "yes"):
            count = sum((t, s) == (name, other) for t, s in zip(true, said))
            assert kind["confusion"][name][other] == count


def test_scores_of_numbers_by_hand(world):
    scores = json.loads(evaluate("--json", world / "two-1", world / "data.csv").stdout)
    predicted = table(predict(world / "two-1", world / "data.csv").stdout)
    for at, name in enumerate("ab"):
        true = np.array([row[at] for row in rows()])
        error = np.array([float(row[name]) for row in predicted]) - true
        assert scores["targets"][name] == {
            "rmse": pytest.approx(np.sqrt(np.mean(error**2))),
            "mae": pytest.approx(np.mean(np.abs(error))),
            "r2": pytest.approx(1 - np.sum(error**2) / np.sum((true - true.mean()) ** 2)),
        }


def test_json_says_what_the_text_says(world):
    text = evaluate(world / "colours-1", world / "data.csv").stdout
    scores = json.loads(evaluate("--json", world / "colours-1", world / "data.csv").stdout)["targets"][
        "colour"
    ]
    lines = dict(line.split("  ", 1) for line in text.splitlines() if "  " in line)
    assert lines["accuracy"].strip() == f"{scores['accuracy']:.6f}"
    assert lines["log-loss"].strip() == f"{scores['log_loss']:.6f} (probabilities kept 1e-15 from 0)"
    lines = [line.split() for line in text.splitlines()]
    for name, values in scores["classes"].items():
        numbers = [f"{values[key]:.4f}" for key in ("precision", "recall", "f1")]
        assert [name, *numbers, str(values["rows"])] in lines
    for name, row in scores["confusion"].items():
        assert [name, *map(str, row.values())] in lines
    text = evaluate(world / "number-1", world / "data.csv").stdout
    b = json.loads(evaluate("--json", world / "number-1", world / "data.csv").stdout)["targets"]["b"]
    assert ["b", *(f"{b[key]:.6g}" for key in ("rmse", "mae", "r2"))] in [
        s.split() for s in text.splitlines()
    ]


def test_the_test_part_is_scored_as_evaluate_would(world, tmp_path):
    written(tmp_path / "test.csv", csv_text(count=15, seed=9))
    result = mlp("train", world / "good.yaml", "--json", "--set", "data.test=test.csv")
    end = json.loads(result.stdout.splitlines()[-1])
    known = ("part", "part_rows", "file_rows")
    scores = json.loads(evaluate("--json", end["run"], "test.csv").stdout)
    assert end["test"] == {key: value for key, value in scores.items() if key not in known}


def test_rows_without_target_are_left_out_of_the_scores_aloud(world, tmp_path):
    path = written(tmp_path / "x.csv", csv_text() + "1,2,red,\n")
    result = evaluate("--json", world / "run", path)
    assert json.loads(result.stdout)["rows"] == 24
    assert "1 of 25 rows have no target" in result.stderr
    assert len(table(predict(world / "run", path).stdout)) == 25


def test_a_score_that_is_no_number_is_null_in_json(tmp_path):
    written(tmp_path / "x.csv", "a,y\n" + "".join(f"{a},{a * a}.5\n" for a in range(20)))
    written(tmp_path / "c.yaml", f"{NUMPY}data: {{train: x.csv, target: y}}\ntraining: {{epochs: 2}}\n")
    assert mlp("train", "c.yaml").exit_code == 0
    written(tmp_path / "one.csv", "a,y\n1,2\n3,2\n")
    text = evaluate("--json", "runs/c-1", "one.csv").stdout
    assert json.loads(text)["targets"]["y"]["r2"] is None
    assert "NaN" not in text


def test_titanic_from_end_to_end(tmp_path):
    """Numbers, text and holes; the file to predict has holes of its own, and no target."""
    config = f"""\
data:
  train: {shared_file("titanic/train.csv")}
  target: Survived
  test: 0.25
  ignore: [PassengerId, Name, Ticket, Cabin]
network: {{hidden: [8]}}
training: {{epochs: 20}}
executor: numpy
"""
    written(tmp_path / "titanic.yaml", config)
    assert mlp("train", "titanic.yaml").exit_code == 0
    result = predict("runs/titanic-1", shared_file("titanic/test.csv"))
    lines = table(result.stdout)
    assert len(lines) == 418
    assert {line["Survived"] for line in lines} == {"0", "1"}
    assert "missing cells filled: Age 86, Fare 1." in result.stderr
    scores = json.loads(evaluate("--json", "runs/titanic-1", shared_file("titanic/train.csv")).stdout)
    assert (scores["part"], scores["rows"], scores["file_rows"]["training"]) == ("test", 223, 668)
    assert scores["targets"]["Survived"]["accuracy"] > 0.7


def test_labels_of_a_file_of_their_own(tmp_path):
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.normal(size=(30, 2)))
    np.save("y.npy", np.arange(30) % 3)
    np.save("few.npy", np.arange(20) % 3)
    written(tmp_path / "c.yaml", f"{NUMPY}data: {{train: x.npy, labels: y.npy}}\ntraining: {{epochs: 2}}\n")
    assert mlp("train", "c.yaml").exit_code == 0
    scores = json.loads(evaluate("--json", "runs/c-1", "x.npy", "--labels", "y.npy").stdout)
    assert scores["rows"] == 30
    assert [row["rows"] for row in scores["targets"]["label"]["classes"].values()] == [10, 10, 10]
    assert {*table(predict("runs/c-1", "x.npy").stdout)[0]} == {"label", "p_0", "p_1", "p_2"}
    for args, words in ((), "--labels FILE"), (("--labels", "few.npy"), "30 rows, but 20 labels"):
        result = mlp("evaluate", "runs/c-1", "x.npy", *args)
        assert result.exit_code == 2
        assert words in result.stderr


def test_several_labels_at_once(world, tmp_path):
    lines = [f"{a},{b},{int(a > 0)},{int(b > 0)}" for a, b, _, _ in rows(40)]
    written(tmp_path / "x.csv", "\n".join(["a,b,up,right", *lines]) + "\n")
    written(
        tmp_path / "c.yaml", f"{NUMPY}data: {{train: x.csv, target: [up, right]}}\ntraining: {{epochs: 3}}\n"
    )
    assert mlp("train", "c.yaml").exit_code == 0
    predicted = table(predict("runs/c-1", "x.csv").stdout)
    scores = json.loads(evaluate("--json", "runs/c-1", "x.csv").stdout)
    assert scores["task"] == "multilabel"
    for at, name in enumerate(("up", "right"), 2):
        true = [int(line.split(",")[at]) for line in lines]
        shares = [float(row[f"p_{name}"]) for row in predicted]
        right = sum((share > 0.5) == bool(each) for share, each in zip(shares, true))
        assert scores["targets"][name]["accuracy"] == pytest.approx(right / 40)
        losses = [-math.log(share if each else 1 - share) for share, each in zip(shares, true)]
        assert scores["targets"][name]["log_loss"] == pytest.approx(math.fsum(losses) / 40)
