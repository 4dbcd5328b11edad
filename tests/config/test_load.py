from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from config.tables import CHOICES, IRIS, CrossEntropy, Sgd, data, faults, load

from mlpcli.config.load import ConfigFile, load_config
from mlpcli.config.schema import Config, DataConfig
from mlpcli.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a config and its data beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iris.yaml").write_text(IRIS, encoding="utf-8")
    (tmp_path / "iris.csv").write_text("a,species\n1,x\n", encoding="utf-8")
    return tmp_path


def read(*overrides: str, path: str | Path = "iris.yaml") -> ConfigFile:
    return load_config(path, overrides, CHOICES)


def refused(path: str | Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(*overrides, path=path)
    return str(caught.value)


def test_a_good_file(folder: Path) -> None:
    loaded = read()
    config = loaded.config
    assert config.seed == 5
    assert config.data == DataConfig(train=str(folder / "iris.csv"), target="species", validation=0.2)
    assert config.optimizer == Sgd(learning_rate=0.05, momentum=0.9)
    assert config.loss == CrossEntropy()
    assert config.training.stop.patience == 20
    assert loaded.text == IRIS
    assert loaded.path == Path("iris.yaml")


def test_what_is_not_given_is_the_default() -> None:
    config = load(data("")).config
    assert config == Config(data=DataConfig(train=os.path.abspath("iris.csv")))


def test_where_tells_line_or_option() -> None:
    option = "network.hidden[1].activation=tanh"
    where = load(IRIS, option, "optimizer.l2=1").where
    assert where["network.hidden[1].activation"] == f"--set {option}"
    assert where["network.hidden[1].units"] == "iris.yaml line 10"
    assert where["network.hidden[0].activation"] == "iris.yaml line 9"
    assert where["network.hidden"] == "iris.yaml line 8"
    assert where["optimiser.l2"] == "--set optimizer.l2=1"
    assert where["optimiser"] == "iris.yaml line 13"


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("network.hidden[1].activation", "iris.yaml line 10, key network.hidden[1].activation"),
        ("network.hidden[7].units", "iris.yaml line 8, key network.hidden[7].units"),
        ("optimizer.beta.x", "iris.yaml line 13, key optimiser.beta.x"),
        ("loss", "--set loss=huber, key loss"),
        ("precision", "iris.yaml, key precision"),
        ("", "iris.yaml"),
    ],
)
def test_errors_of_later_stages_find_their_line(key: str, where: str) -> None:
    error = load(IRIS, "loss=huber").error(key, "It does not fit.", "Change it.")
    assert str(error) == f"error: {where}\n  It does not fit.\n  Change it."


def test_all_faults_come_at_once_in_the_order_of_lines() -> None:
    text = (
        "seed: -1\nsed: 1\ndata:\n  target: [a, a]\n  validation: 0.6\n  test: 0.6\n  categorical: x\n"
        "network: {hidden: [{activation: tanh}, ten]}\nloss: {name: huber, delta: 0}\n"
        "seed: 2\ntraining: !x {}\n"
    )
    assert [fault.splitlines()[0].removeprefix("error: iris.yaml ") for fault in faults(text)] == [
        "line 2, key sed",
        "line 3, key data.train",
        "line 4, key data.target",
        "line 6, key data.test",
        "line 7, key data.categorical",
        "line 8, key network.hidden[0].units",
        "line 8, key network.hidden[1].units",
        "line 9, key loss.delta",
        "line 10, key seed",
        "line 11, key training",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("target: x, labels: l", "key data.labels\n  labels and target both"),
        ("validation_labels: l", "key data.validation_labels\n  There is no validation file"),
        (
            "validation: 0.1, validation_labels: l",
            "key data.validation_labels\n  There is no validation file",
        ),
        ("test: 0.1, test_labels: l", "key data.test_labels\n  There is no test file"),
        ("test_labels: l", "key data.test_labels\n  There is no test file"),
        ("validation: 0.5, test: 0.5", "key data.test\n  The shares for validation and test add up to 1:"),
        ("target: x, ignore: [x]", "key data.ignore\n  'x' is the target"),
        ("target: [x, y], ignore: [y]", "key data.ignore\n  'y' is the target"),
        ("ignore: [x], categorical: [x]", "key data.categorical\n  'x' is also in ignore"),
        ("target: [x, x]", "key data.target\n  'x' is listed twice"),
        ("target: []", "key data.target\n  The list of targets is empty"),
        (
            "validation: 0",
            "key data.validation\n  0 is out of range: expected a number above 0 and below 1 or a path",
        ),
        ("test: 0.1, split: {group: a, sort_by: b}", "key data.split.sort_by\n  Rows are split by group and"),
        ("split: {column: a, group: b}", "key data.split.group\n  Rows are split by column and by group"),
        ("test: 0.1, split: {column: a}", "key data.test\n  The column 'a' says which part a row is in"),
        ("validation: 0.1, split: {column: a}", "key data.validation\n  The column 'a' says which part"),
        ("fold: 2/5, split: {sort_by: a}", "key data.fold\n  Folds of rows sorted by 'a' would be predicted"),
        ("fold: 2/5, split: {column: a}", "key data.fold\n  The column 'a' says which rows test"),
        ("split: {group: a}", "key data.split\n  A column is given by which rows are split, and no part"),
        ("split: {sort_by: a}, test: t.csv", "key data.split\n  A column is given by which rows are split"),
        (
            "target: x, test: 0.1, split: {group: x}",
            "key data.split.group\n  'x' is the target, and not known",
        ),
        ("train: ''", "key data.train\n  The path is empty."),
    ],
)
def test_conflicts_in_data(text: str, words: str) -> None:
    train = "" if "train" in text else "train: iris.csv, "
    (fault,) = faults(f"data: {{{train}{text}}}")
    assert words in fault


@pytest.mark.parametrize(
    "text",
    [
        "target: x, ignore: [y]",
        "validation: 0.5, test: 0.4",
        "validation: v, validation_labels: l",
        "split: {column: a}",
        "split: {column: a}, test: t.csv",
        "split: {group: a}, test: 0.1, validation: v.csv",
        "split: {group: a}, fold: 2/5, test: 0.1",
        "split: {sort_by: a}, test: 0.1, ignore: [a]",
    ],
)
def test_no_conflict_where_there_is_none(text: str) -> None:
    assert faults(f"data: {{train: iris.csv, {text}}}") == []


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("column: a", "key training.folds\n  The column 'a' says which rows test"),
        ("sort_by: a", "key training.folds\n  Folds of rows sorted by 'a' would be predicted from rows that"),
        ("group: a", ""),
    ],
)
def test_folds_beside_a_split(split: str, words: str) -> None:
    found = faults(f"data: {{train: iris.csv, split: {{{split}}}}}\ntraining: {{folds: 5}}\n")
    assert len(found) == bool(words)
    assert words in "".join(found)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "error: iris.yaml\n  The file is empty."),
        ("# nothing\n", "error: iris.yaml\n  The file is empty."),
        ("~", "error: iris.yaml\n  The file is empty."),
        ("{}", "error: iris.yaml\n  The file is empty."),
        ("\n- a\n", "error: iris.yaml line 2\n  The file is a list, not a config."),
        ("a,b,c\n1,2,3", "error: iris.yaml line 1\n  The file is a text, not a config."),
        (
            "seed: 1",
            "error: iris.yaml, key data\n  The section data is missing.\n  Add it, with train in it.",
        ),
        (
            "seed: 1\ndata:",
            "error: iris.yaml line 2, key data.train\n  train is missing.\n  Add train: a path or a list.",
        ),
        ("!x {seed: 1}", "error: iris.yaml\n  The YAML tag !x is not allowed."),
    ],
)
def test_files_that_are_no_config(text: str, fault: str) -> None:
    (found,) = faults(text)
    assert found.startswith(fault)


def test_options_alone_make_a_config_of_an_empty_file() -> None:
    loaded = load("# mine\n", "data.train=/r/a.csv", "seed=3")
    assert loaded.config.seed == 3
    assert loaded.text == "# mine\ndata: {train: /r/a.csv}\nseed: 3\n"


def test_thousands_of_faults_are_counted_not_told() -> None:
    found = faults("".join(f"k{n}: 1\n" for n in range(2000)))
    assert len(found) == 51
    assert found[-1] == "error: iris.yaml\n  1951 more faults are not shown."


def test_paths_are_relative_to_who_names_them(folder: Path) -> None:
    (folder / "configs").mkdir()
    (folder / "configs" / "a.yaml").write_text("data: {train: ../iris.csv}\n", encoding="utf-8")
    loaded = read("data.test=iris.csv", path="configs/a.yaml")
    assert loaded.config.data.train == loaded.config.data.test == str(folder / "iris.csv")
    assert loaded.text == "data: {train: ../iris.csv, test: ../iris.csv}\n"
    assert loaded.text_for(folder / "runs" / "a-1") == "data: {train: ../../iris.csv, test: ../../iris.csv}\n"


def test_absolute_paths_stay_as_they_are(folder: Path) -> None:
    text = f"data: {{train: {folder}/iris.csv, labels: ~/labels.gz}}\n"
    loaded = load(text)
    assert loaded.config.data.labels == str(Path.home() / "labels.gz")
    assert loaded.text_for(Path("/elsewhere")) == text


def test_missing_data_files_are_told_with_the_nearest_name(folder: Path) -> None:
    path = folder / "bad.yaml"
    path.write_text(
        "data:\n  train: iris.cvs\n  validation: .\n  test: x/y.csv\n  labels: iris.csv\n", encoding="utf-8"
    )
    assert refused("bad.yaml") == (
        f"error: bad.yaml line 2, key data.train\n  There is no file {folder}/iris.cvs.\n"
        f"  Did you mean {folder}/iris.csv? If it lies elsewhere: --set data.train=PATH\n"
        f"error: bad.yaml line 3, key data.validation\n"
        f"  {folder} is a folder, not a file.\n  Name a file in it.\n"
        f"error: bad.yaml line 4, key data.test\n  There is no file {folder}/x/y.csv.\n"
        f"  There is no folder {folder}/x either. If it lies elsewhere: --set data.test=PATH"
    )
    with_option = refused("bad.yaml", "data.train=gone.dat")
    assert "--set data.train" in with_option
    assert "data.train=PATH" not in with_option
    assert load_config(path, check_files=False).config.data.train == str(folder / "iris.cvs")


def test_a_file_that_is_not_there(folder: Path) -> None:
    assert refused("iris.yml") == "error: iris.yml\n  There is no such file.\n  Did you mean iris.yaml?"
    assert "There is no folder nowhere either." in refused("nowhere/iris.yaml")
    assert refused(folder).endswith("This is a folder, not a config file.\n  Name a YAML file in it.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfes\x00e\x00", "UTF-16.\n  Save it as UTF-8."),
        (b"\x89PNG\r\n\x1a\n\0\0", "This is a binary file"),
        (b"seed: 1\nname: caf\xe9\n", "bad.yaml line 2\n  The file is not UTF-8 text."),
        (b"#" * (1024 * 1024 + 1), "larger than 1 MiB"),
        (b"data:\n\ttrain: x\n", "bad.yaml line 2, column 1\n  YAML does not allow tabs for indentation."),
    ],
)
def test_files_that_cannot_be_read(folder: Path, content: bytes, words: str) -> None:
    (folder / "bad.yaml").write_bytes(content)
    assert words in refused("bad.yaml")


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    (folder / "iris.yaml").write_bytes(b"\xef\xbb\xbf" + IRIS.encode())
    assert read().text == IRIS


def test_no_numpy_is_loaded() -> None:
    code = "import sys, mlpcli.config.load; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_file_says_where_to_get_it(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("data:\n  train: gone.csv\n  source: the shop around the corner\n")
    with pytest.raises(ConfigError, match=r"gone\.csv(.|\n)*Where to get it: the shop around the corner"):
        load_config(path)
