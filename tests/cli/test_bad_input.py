"""Bad input of every kind to every command: exit code 2, a message with a remedy, nothing written."""

from __future__ import annotations

import os
import shutil

import pytest
from cli.loaded import start_loaded
from cli.world import CONFIG, csv_text, ended, fingerprint, make_world, mlp


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    make_world(folder)
    return folder


@pytest.fixture
def world(made, monkeypatch):
    """The shared folder as the working directory; it must be as before when the test is over."""
    monkeypatch.chdir(made)
    before = fingerprint(made)
    yield made
    assert fingerprint(made) == before


def assert_refused(result, *words):
    """Exit code 2, nothing on standard output, and `error: where` with what is wrong and what to do."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("error: "), result.stderr
    for fault in result.stderr.removeprefix("error: ").split("\nerror: "):
        where, *said = fault.splitlines()
        assert where.strip(), result.stderr
        assert all(line.startswith("  ") for line in said), result.stderr
        # What is wrong and what to do; where only some values are allowed, one sentence says both.
        enough = ("xpected", "is a single value", "cannot be read")
        assert len(said) >= 2 or any(words in said[0] for words in enough), result.stderr
    for word in words:
        assert word in result.stderr


TOO_LONG = "n" * 300
NO_CONFIG = [
    "missing",
    "empty",
    "blank",
    "binary",
    "folder",
    "run",
    "data.csv",
    "run/model.npz",
    "cut.npz",
    "other.zip",
    "numpy.npz",
    "run/history.csv",
    "run/findings.json",
    "",
    "loop",
    TOO_LONG,
]
NO_RUN = [
    "missing",
    "empty",
    "blank",
    "binary",
    "folder",
    "no-model",
    "good.yaml",
    "data.csv",
    "cut.npz",
    "mangled.npz",
    "other.zip",
    "numpy.npz",
    "run/checkpoint.npz",
    "run/config.yaml",
    "pickle.npy",
    "",
    "loop",
    TOO_LONG,
]
NO_DATA = [
    "missing",
    "empty",
    "blank",
    "binary",
    "folder",
    "run",
    "good.yaml",
    "run/model.npz",
    "cut.npz",
    "other.zip",
    "numpy.npz",
    "pickle.npy",
    "cut.csv.gz",
    "other.csv",
    "ragged.csv",
    "latin.csv",
    "words.csv",
    "loop",
    TOO_LONG,
]


@pytest.mark.parametrize("config", NO_CONFIG)
@pytest.mark.parametrize("command", ["train", "check", "graph", "gradcheck"])
def test_not_a_config(world, command, config):
    if command == "gradcheck" and config == "run":
        assert mlp(command, config, "--set", "executor=numpy").exit_code == 0  # it checks runs, too
        return
    assert_refused(mlp(command, config), config)


@pytest.mark.parametrize("run", NO_RUN)
@pytest.mark.parametrize("command", ["predict", "evaluate", "show"])
def test_not_a_run(world, command, run):
    data = [] if command == "show" else ["data.csv"]
    assert_refused(mlp(command, run, *data), run)


@pytest.mark.parametrize("run", ["folder", "no-model"])
def test_not_a_run_to_gradcheck(world, run):
    assert_refused(mlp("gradcheck", run), run)


@pytest.mark.parametrize("data", NO_DATA)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_not_data(world, command, data):
    assert_refused(mlp(command, "run", data), data)


@pytest.mark.parametrize("data", NO_DATA)
def test_not_data_for_a_training(world, data):
    assert_refused(mlp("train", "good.yaml", "--set", f"data.train={data}"), data)


@pytest.mark.parametrize("data", ["missing", "folder", "other.csv", "words.csv"])
@pytest.mark.parametrize("key", ["validation", "test"])
def test_not_data_for_a_part(world, key, data):
    assert_refused(mlp("train", "good.yaml", "--set", f"data.{key}={data}"), data)


def test_data_of_a_header_alone(world):
    predicted = mlp("predict", "run", "header.csv")
    assert (predicted.exit_code, predicted.stdout) == (0, "kind,p_no,p_yes\n")
    assert_refused(mlp("evaluate", "run", "header.csv"), "no row")
    assert_refused(mlp("train", "good.yaml", "--set", "data.train=header.csv"), "no row")


def test_evaluate_needs_the_target(world, tmp_path):
    (tmp_path / "x.csv").write_text(csv_text("b,colour,a"), encoding="utf-8")
    assert_refused(mlp("evaluate", "run", tmp_path / "x.csv"), "kind")


def test_evaluate_refuses_a_target_of_which_training_saw_no_class(world, tmp_path):
    (tmp_path / "x.csv").write_text("a,b,colour,kind\n1,2,red,maybe\n", encoding="utf-8")
    assert_refused(mlp("evaluate", "run", tmp_path / "x.csv"), "'maybe'", "Known: no, yes")


@pytest.mark.parametrize("output", ["folder", "no/where.csv", "data.csv/x.csv", ".", ""])
def test_an_output_that_cannot_be(world, output):
    assert_refused(mlp("predict", "run", "data.csv", "-o", output), "Cannot be written")


@pytest.mark.parametrize(
    "own", ["ragged.csv", "data.csv", "run/model.npz", "run/config.yaml", "run/folds.csv"]
)
def test_an_output_that_would_replace_the_rows_or_the_run(world, tmp_path, own):
    """Refused before anything is read, under every name of the file; `run/folds.csv` could come to be."""
    (tmp_path / "linked.npz").symlink_to(world / "run" / "model.npz")
    names = [own, f"folder/../{own}", os.path.abspath(own)]
    if os.path.exists(own):
        (tmp_path / "soft").symlink_to(os.path.abspath(own))
        os.link(own, tmp_path / "hard")
        names += [tmp_path / "soft", tmp_path / "hard"]
    for name in names:
        for run in ("run", "run/model.npz", tmp_path / "linked.npz"):
            assert_refused(mlp("predict", run, "ragged.csv", "-o", name), "would replace it", str(name))


def test_an_output_that_would_replace_standard_input(world, tmp_path):
    shutil.copy("data.csv", tmp_path / "rows.csv")
    with open(tmp_path / "rows.csv") as rows:
        args = ("predict", "run", "-", "-o", tmp_path / "rows.csv", "--executor", "numpy")
        _, err, code = ended(start_loaded(*args, stdin=rows))
    assert code == 2, err
    assert "the rows are read from" in err
    assert (tmp_path / "rows.csv").read_bytes() == (world / "data.csv").read_bytes()


@pytest.mark.parametrize("runs", ["data.csv", "data.csv/x", ""])
def test_runs_that_cannot_be(world, runs, tmp_path):
    if runs == "":
        shutil.copytree(world, tmp_path, symlinks=True, dirs_exist_ok=True)
        os.chdir(tmp_path)
        assert mlp("train", "good.yaml", "--runs", "").exit_code == 0
        assert (tmp_path / "good-1" / "model.npz").is_file()  # the working directory
        return
    assert_refused(mlp("train", "good.yaml", "--runs", runs), runs)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write all")
def test_no_permission(tmp_path, made, monkeypatch):
    shutil.copytree(made, tmp_path / "w", symlinks=True)
    monkeypatch.chdir(tmp_path / "w")
    for name, args in {
        "good.yaml": ["check", "good.yaml"],
        "data.csv": ["train", "good.yaml"],
        "run/model.npz": ["show", "run"],
        "run/config.yaml": ["gradcheck", "run"],
        "no-model": ["predict", "no-model", "data.csv"],
    }.items():
        os.chmod(name, 0)
        assert_refused(mlp(*args), name, "Permission denied")
        os.chmod(name, 0o755)
    os.chmod("folder", 0o555)
    assert_refused(mlp("predict", "run", "data.csv", "-o", "folder/x"), "folder/x")
    assert_refused(mlp("train", "good.yaml", "--runs", "folder"), "folder")


@pytest.mark.parametrize("data", ["ragged.csv", "words.csv", "cut.csv.gz", "other.csv", "missing"])
def test_an_output_that_was_there_stays(world, tmp_path, data, monkeypatch):
    monkeypatch.setattr("mlpcli.predict.model.STREAMED_ROWS", 5)  # so that the fault is in a late piece
    output = tmp_path / "out.csv"
    output.write_text("precious", encoding="utf-8")
    assert_refused(mlp("predict", "run", data, "-o", output))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("out.csv", "precious")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_no_file_is_written_to_and_not_replaced(world, tmp_path):
    """`-o /dev/null` by root must leave /dev/null a device; a link must stay a link."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert mlp("predict", "run", "data.csv", "-o", tmp_path / "pipe").exit_code == 0
        assert os.read(reader, 1 << 16).startswith(b"kind,p_no,p_yes\n")
    finally:
        os.close(reader)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert mlp("predict", "run", "data.csv", "-o", tmp_path / "link").exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text().startswith("kind,")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "pipe", "target"]


BOMB = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 40)}]\n" for a, b in zip("abcdefgh", "bcdefghi")
)
CONFIG_FAULTS = {
    "an unknown key": (CONFIG + "sead: 3\n", "line 11", "sead", "seed"),
    "an unknown key inside": (CONFIG.replace("epochs: 6", "epoch: 6"), "epochs"),
    "a key twice": (CONFIG + "seed: 6\n", "line 11", "seed", "line 2"),
    "a wrong type": (CONFIG.replace("seed: 5", "seed: five"), "line 2", "seed", "'five'"),
    "a list for a number": (CONFIG.replace("seed: 5", "seed: [5]"), "line 2", "seed"),
    "out of range": (CONFIG.replace("units: 4", "units: 0"), "line 8", "network.hidden[0].units"),
    "a number and a half": (CONFIG.replace("units: 4", "units: 1.5"), "network.hidden[0].units"),
    "a conflict": (CONFIG.replace("target: kind", "target: kind\n  ignore: [kind]"), "ignore", "target"),
    "an unknown word": (CONFIG.replace("tanh", "tahn"), "line 8", "'tahn'", "'tanh'"),
    "an unknown optimiser": (CONFIG.replace("adam", "adman"), "line 9", "'adam'"),
    "an unknown setting of a choice": (CONFIG.replace("learning_rate", "lerning_rate"), "learning_rate"),
    "three numbers of classes": (CONFIG.replace("kind", "kind\n  classes: [1, 2, 3]"), "line 6", "classes"),
    "one number twice": (CONFIG.replace("kind", "kind\n  classes: [1, 1]"), "line 6", "same number"),
    "a number for two classes": (CONFIG.replace("kind", "kind\n  classes: [1]"), "line 6", "are 2: no, yes"),
    "no data": ("seed: 5\n", "data"),
    "no training data": ("data: {target: kind}\n", "data.train"),
    "a missing data file": (CONFIG.replace("data.csv", "date.csv"), "line 4", "date.csv", "data.csv"),
    "a missing column": (CONFIG.replace("kind", "kin"), "'kin'", "'kind'"),
    "a missing column to ignore": (CONFIG.replace("target: kind", "target: kind\n  ignore: [c]"), "'c'"),
    "no column left": (CONFIG.replace("target: kind", "target: kind\n  ignore: [a, b, colour]"), "column"),
    "a regression of text": (CONFIG.replace("target: kind", "target: kind\n  task: regression"), "text"),
    "too many units for the classes": (CONFIG.replace("  hidden", "  output: {units: 7}\n  hidden"), "units"),
    "an open bracket": (CONFIG + "loss: [\n", "line"),
    "a bad indent": (CONFIG.replace("  target", " target"), "line"),
    "a tab": (CONFIG.replace("  target", "\ttarget"), "line 5"),
    "an alias bomb": (BOMB, "line"),
    "a tag": (CONFIG.replace("seed: 5", "seed: !!python/object/apply:os.system [true]"), "line 2"),
    "two documents": (CONFIG + "---\nseed: 1\n", "line"),
    "a colon without a blank": (CONFIG.replace("seed: 5", "seed:5"), "line"),
    "10**12 units": (CONFIG.replace("units: 4", "units: 1000000000000"), "line 8", "needs about"),
    "10**15 units": (CONFIG.replace("units: 4", "units: 1000000000000000"), "line 8"),
    "10**30 units": (CONFIG.replace("units: 4", f"units: {10**30}"), "line 8"),
    "no number": (CONFIG.replace("0.05", "nan"), "line 9", "learning_rate"),
    "an infinite number": (CONFIG.replace("0.05", ".inf"), "line 9", "learning_rate"),
    "a list": ("- a\n- b\n", "list"),
    "a text": ("hello\n", "text"),
    "latin-1": (CONFIG.replace("flowers", "Blüten").encode("latin-1"), "line 1", "UTF-8"),
    "utf-16": (CONFIG.encode("utf-16"), "UTF-16"),
    "a zero byte": (CONFIG.encode() + b"\0", "binary"),
}


@pytest.mark.parametrize("command", ["train", "check", "graph", "gradcheck"])
@pytest.mark.parametrize("fault", CONFIG_FAULTS)
def test_a_fault_of_the_config(world, tmp_path, command, fault):
    text, *words = CONFIG_FAULTS[fault]
    path = world.parent / f"{tmp_path.name}.yaml"
    text = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(text.replace(b"train: d", f"train: {world.name}/d".encode()))
    assert_refused(mlp(command, path), *words)
    assert not (world / "runs").exists()


SET_FAULTS = {
    "seed": "no '='",
    "=5": "empty",
    "": "no '='",
    "nope=1": "'nope'",
    "nope.x=1": "'nope'",
    "seed=abc": "'abc'",
    "seed.x=1": "seed",
    "network.hidden[3].units=1": "1 item",
    "network.hidden.units=1": "list",
    "network.hidden[0].units=0": "network.hidden[0].units",
    "network.hidden[0].units=[": "--set",
    "optimiser.learning_rate=fast": "'fast'",
    "optimiser.name=adman": "'adam'",
    "data.train=nope.csv": "nope.csv",
    "data.target=kin": "'kin'",
    "data.validation=1": "data.validation",
    "executor=abacus": "'abacus'",
    "data.separator=ab": "data.separator",
    "a b=1": "--set",
}


@pytest.mark.parametrize("option", SET_FAULTS)
@pytest.mark.parametrize("command", ["train", "gradcheck"])
def test_a_fault_of_an_option(world, command, option):
    assert_refused(mlp(command, "good.yaml", "--set", option), SET_FAULTS[option])


def test_gradcheck_of_a_run_refuses_another_network(world):
    result = mlp("gradcheck", "run", "--set", "network.hidden[0].units=5")
    assert_refused(result, "run/model.npz", "hidden1.weights", "(5, 4)", "(5, 5)")
    assert_refused(mlp("gradcheck", "run", "--set", "network.hidden=[]"), "another network")
    assert_refused(mlp("gradcheck", "run", "--set", "data.ignore=[a]"), "another network")


@pytest.mark.parametrize(
    "args",
    [
        ["bogus"],
        ["train"],
        ["train", "good.yaml", "--bogus"],
        ["train", "good.yaml", "--executor", "abacus"],
        ["predict", "run"],
        ["show", "run", "run"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line(world, args):
    result = mlp(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error: " in result.stderr.lower()


def test_all_faults_of_a_config_come_at_once(world, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(CONFIG.replace("tanh", "tahn").replace("0.05", "fast") + "sead: 3\n", encoding="utf-8")
    stderr = mlp("train", path).stderr
    assert [line for line in stderr.splitlines() if line.startswith("error")] == [
        f"error: {path} line 4, key data.train",
        f"error: {path} line 8, key network.hidden[0].activation",
        f"error: {path} line 9, key optimiser.learning_rate",
        f"error: {path} line 11, key sead",
    ]


def test_traps_of_yaml_that_are_none(world, tmp_path):
    """1e-3 is a number, and a class called no is no truth value."""
    text = CONFIG.replace("0.05", "1e-3").replace("data.csv", str(world / "data.csv"))
    (tmp_path / "x.yaml").write_text(text.replace("kind", "no"), encoding="utf-8")
    (tmp_path / "no.csv").write_text(csv_text().replace("kind", "no"), encoding="utf-8")
    result = mlp("check", tmp_path / "x.yaml", "--set", f"data.train={tmp_path / 'no.csv'}")
    assert result.exit_code == 0, result.stderr
    assert "learning rate 0.001" in result.stdout
    assert "2 classes: no, yes" in result.stdout
