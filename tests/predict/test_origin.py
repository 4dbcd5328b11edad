"""A run knows its data files and their parts: `evaluate` scores the part asked for, and says which."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from cli.world import mlp, rows

from mlpcli import MlpError, load, train
from mlpcli.problem.build import prepare
from mlpcli.scoring.file_parts import PARTS

CONFIG = """\
executor: numpy
seed: 3
data: {{train: {file}, {data}}}
network: {{hidden: [3]}}
optimiser: sgd
training: {{epochs: 2}}
"""
CLASSES = "target: kind, ignore: [w]"
SPLIT = f"{CLASSES}, validation: 0.2, test: 0.3"
RUNS = {
    "shares": (SPLIT, []),
    "validation alone": (f"{CLASSES}, validation: 0.2", []),
    "numbers": ("target: b, ignore: [w, kind], test: 0.3", []),
    "labels": ("target: [kind, flag], ignore: [w], test: 0.25", []),
    "weights of 0": ("target: kind, weight: w, validation: 0.2, test: 0.3", []),
    "a fold": (f"{CLASSES}, fold: 2/3", []),
    "the best of seeds": (SPLIT, ["repeat.seeds=2"]),
    "after folds": (f"{CLASSES}, test: 0.3", ["training.folds=2"]),
    "nothing split": (CLASSES, []),
}

DEALT = {
    "a column": ("target: kind, split: {column: part}", []),
    "groups": ("target: kind, split: {group: who}, validation: 0.2, test: 0.2", []),
    "groups of numbers": ("target: b, ignore: [kind], split: {group: who}, test: 0.3", []),
    "a fold of groups": ("target: kind, split: {group: who}, fold: 2/3, validation: 0.2", []),
    "groups, after folds": ("target: kind, split: {group: who}, test: 0.2", ["training.folds=2"]),
    "groups, the best of seeds": ("target: kind, split: {group: who}, test: 0.2", ["repeat.seeds=2"]),
    "an order": ("target: kind, split: {sort_by: day}, validation: 0.2, test: 0.2", []),
    "an order, the best of seeds": ("target: kind, split: {sort_by: day}, test: 0.2", ["repeat.seeds=2"]),
}
"""Ways to split dealt.csv, each by a column of its own; the others are inputs."""


def write_dealt(path, count):
    lines = ["a,b,kind,part,who,day"]
    parts = ("train", "Training", "VAL", "test", "train")
    for at, (a, b, _, kind) in enumerate(rows(count, 3)):
        lines.append(f"{a},{b},{kind},{parts[at % 5]},P{at * 7 % 11},{at * 17 % 30}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write(path, count, seed=0):
    """Some rows have no target, and some the weight 0."""
    lines = ["a,b,colour,kind,flag,w"]
    for at, (a, b, colour, kind) in enumerate(rows(count, seed)):
        lines.append(f"{a},{b},{colour},{'' if at in (4, 9) else kind},{at % 2},{at % 5}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("origin")
    write(folder / "data.csv", 60)
    write(folder / "new.csv", 20, seed=5)
    write_dealt(folder / "dealt.csv", 60)
    return folder


def run_of(folder, data, changes=(), place="runs", file="data.csv"):
    (folder / "c.yaml").write_text(CONFIG.format(data=data, file=file), encoding="utf-8")
    return train(folder / "c.yaml", list(changes), runs=folder / place)


@pytest.fixture(scope="module")
def split(folder):
    return run_of(folder, SPLIT)


EVERY_WAY = {
    **{name: ("data.csv", *each) for name, each in RUNS.items()},
    **{name: ("dealt.csv", *each) for name, each in DEALT.items()},
}


@pytest.mark.parametrize(("file", "data", "changes"), EVERY_WAY.values(), ids=EVERY_WAY)
def test_a_part_has_the_rows_that_it_had_in_training(folder, tmp_path, file, data, changes):
    """Against a file of just those lines of which the training made the part, which is none of the run's."""
    run = run_of(folder, data, changes, tmp_path, file)
    model, dataset = load(run), prepare(run.path / "config.yaml").dataset
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    sizes = {}
    for name in PARTS:
        part = getattr(dataset, name)
        sizes[name] = 0 if part is None else part.rows
        if part is None:
            with pytest.raises(MlpError, match=f"no {name} rows"):
                model.evaluate(folder / file, part=name)
            continue
        alone = tmp_path / "alone.csv"
        alone.write_text("\n".join([lines[0], *(lines[at - 1] for at in part.lines)]), encoding="utf-8")
        mine, expected = model.evaluate(folder / file, part=name), model.evaluate(alone)
        assert mine.as_json()["targets"] == expected.as_json()["targets"]
        assert mine.scored.as_json() == {
            "part": name,
            "part_rows": {each: mine.rows if each == name else 0 for each in PARTS},
            "file_rows": mine.scored.file,
        }
        assert expected.scored.as_json() == {"part": "all", "part_rows": None, "file_rows": None}
    usual = model.evaluate(folder / file)
    assert usual.scored.part == next((each for each in ("test", "validation") if sizes[each]), "all")
    assert usual.scored.file == sizes
    if run.test and not run.test.weighted:
        for name, scores in run.test.as_json()["targets"].items():
            again = usual.as_json()["targets"][name]
            # The last bit of a mean depends on which rows were computed together.
            for key, value in scores.items():
                assert again[key] == (pytest.approx(value, 1e-12) if isinstance(value, float) else value)
    every = model.evaluate(folder / file, part="all")
    assert (every.scored.scored, every.rows) == (sizes, sum(sizes.values()))


def evaluated(*args):
    result = mlp("evaluate", *args)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "rows      17\n          its test rows; not scored: 29 training, 12 validation\n          none"),
        (["--part", "validation"], "its validation rows; not scored: 29 training, 17 test"),
        (["--part", "training"], "rows      29\n          its training rows; not scored"),
        (["--part", "training"], "\n          all of them were trained on\n"),
        (
            ["--part", "all"],
            "all of the file: 29 training, 12 validation, 17 test\n          29 of them",
        ),
    ],
)
def test_how_many_rows_of_each_part_is_said(folder, split, args, words):
    for name in ("data.csv", "copy.csv"):  # the file is known by what is in it
        shutil.copy(folder / "data.csv", folder / "copy.csv")
        assert words in evaluated(split.path, folder / name, *args)


def test_a_file_that_is_not_the_runs(folder, split, tmp_path):
    known = "of a file that the run does not know: some may have been trained on"
    shutil.copy(split.path / "model.npz", tmp_path / "alone.npz")
    other = (folder / "data.csv").read_text(encoding="utf-8") + "1,2,red,yes,0,1\n"
    (tmp_path / "more.csv").write_text(other, encoding="utf-8")
    for model, data in (
        (split.path, folder / "new.csv"),
        (split.path, tmp_path / "more.csv"),
        (tmp_path / "alone.npz", folder / "data.csv"),
    ):
        assert known in evaluated(model, data)
        assert known in evaluated(model, data, "--part", "all")
        result = mlp("evaluate", model, data, "--part", "test")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "the run does not know this file" in result.stderr


def test_the_model_file_in_its_run_knows_as_much(folder, split):
    one, other = (evaluated(each, folder / "data.csv") for each in (split.path, split.path / "model.npz"))
    assert one == other


def test_a_table_in_memory_has_no_parts(split):
    table = {"a": [1.0], "b": [2.0], "colour": ["red"], "kind": ["yes"], "flag": [1]}
    assert load(split).evaluate(table).scored.scored is None
    with pytest.raises(MlpError, match="does not know"):
        load(split).evaluate(table, part="test")


def test_files_of_their_own(folder, tmp_path):
    """The test file is all test rows; a file that is named twice says that its rows were trained on."""
    run = run_of(folder, f"{CLASSES}, validation: data.csv, test: new.csv", place=tmp_path)
    scores = json.loads(evaluated("--json", run.path, folder / "new.csv"))
    rows = scores["rows"]
    assert (scores["part"], scores["part_rows"]) == ("test", {"training": 0, "validation": 0, "test": rows})
    assert scores["targets"] == run.test.as_json()["targets"]
    text = evaluated(run.path, folder / "data.csv")
    assert "its validation rows\n          all of them were trained on\n" in text


def test_labels_of_a_file_of_their_own_are_part_of_it(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.normal(size=(30, 2)))
    np.save(tmp_path / "y.npy", np.arange(30) % 3)
    np.save(tmp_path / "other.npy", np.arange(30)[::-1] % 3)
    (tmp_path / "c.yaml").write_text(
        "executor: numpy\ndata: {train: x.npy, labels: y.npy, test: 0.2}\ntraining: {epochs: 1}\n",
        encoding="utf-8",
    )
    run = train(tmp_path / "c.yaml", runs=tmp_path)
    for labels, part, count in (("y.npy", "test", 6), ("other.npy", "all", 30)):
        scores = json.loads(evaluated("--json", run.path, tmp_path / "x.npy", "--labels", tmp_path / labels))
        assert (scores["part"], scores["rows"]) == (part, count)


def test_scores_of_folds_are_named_where_all_rows_were_trained_on(folder, tmp_path):
    run = run_of(folder, CLASSES, ["training.folds=2"], tmp_path)
    said = (
        "all of them were trained on\n          (scores of rows that were not: folds.csv in the run folder)"
    )
    assert said in evaluated(run.path, folder / "data.csv")


def test_an_edited_config_does_not_change_what_was_trained_on(folder, tmp_path):
    run = run_of(folder, SPLIT, place=tmp_path)
    before = evaluated(run.path, folder / "data.csv")
    config = run.path / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("seed: 3", "seed: 4"), encoding="utf-8")
    assert evaluated(run.path, folder / "data.csv") == before
