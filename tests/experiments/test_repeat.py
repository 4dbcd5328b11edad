"""`repeat`: each seed is the training that the config with that seed is; and what is kept."""

import csv
import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from cli.world import mlp

from mlpcli import load, resume, train
from mlpcli.errors import ConfigError, DataError, ModelFileError
from mlpcli.experiments.digests import digests
from mlpcli.experiments.reproduce import reproduce
from mlpcli.experiments.seed_worker import SeedWorker
from mlpcli.experiments.verify_resume import verify_resume
from mlpcli.problem.build import prepare
from mlpcli.runs.folder import REPEAT
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import SeedDone, SeedsDone
from sampling import sampled

ROOT = Path(__file__).parents[2]
CONFIG = """\
seed: 3
executor: numpy
data: {train: %s, target: species}     # beside
network: {hidden: [{units: 4, activation: tanh}]}
optimiser: {name: adam, learning_rate: 0.02}
training: {epochs: 6, batch_size: 16, print_every: 2}
"""
KINDS = {
    "plain": [],
    "native": ["executor=native"],
    "validation": [
        "data.validation=0.2",
        "data.test=0.2",
        "training.stop.patience=2",
        "optimiser.schedule={name: plateau, patience: 1}",
    ],
    "dropout": [
        "network.hidden[0].dropout=0.3",
        "network.hidden[0].normalisation=batch",
        "precision=float32",
        "training.shuffle=false",
    ],
    "lbfgs": ["optimiser=lbfgs", "training.batch_size=full"],
    "native float32": ["precision=float32", "executor=native"],
}
"""What goes together is one kind, such as dropout and float32: none keeps the other from failing."""


def write(folder):
    path = folder / "iris.yaml"
    path.write_text(CONFIG % (ROOT / "datasets/iris.csv"), encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path):
    return write(tmp_path)


def repeated(config, tmp_path, *more):
    events = []
    run = train(config, ["repeat=3", *more], tmp_path / "runs", events.append)
    results = {each.result.seed: each.result for each in events if isinstance(each, SeedDone)}
    (done,) = [each for each in events if isinstance(each, SeedsDone)]
    return run, results, done


@pytest.mark.parametrize("kind", sampled(list(KINDS), lambda kind: kind != "native float32"))
def test_a_seed_is_the_training_of_the_config_with_that_seed(kind, config, tmp_path):
    run, results, done = repeated(config, tmp_path, *KINDS[kind], "repeat=2")
    assert sorted(results) == [3, 4]
    weights = {}
    for seed, result in results.items():
        alone = train(config, [*KINDS[kind], f"seed={seed}"], tmp_path / "alone")
        assert (result.epochs, result.cost, result.stopped) == (alone.epochs, alone.cost, alone.stopped)
        if result.validation_loss is not None:
            assert result.validation_loss == min(each["validation_loss"] for each in alone.history)
            assert result.validation_loss == alone.scores["validation_loss"]
        if alone.test is not None:
            (scores,) = alone.test.class_scores.values()
            assert result.scores["test_accuracy"] == scores.accuracy
        weights[seed] = ModelFile.read(alone.path / "model.npz").parameters
    assert done.best == min(results, key=lambda seed: results[seed].followed)
    kept = ModelFile.read(run.path / "model.npz").parameters
    assert all(np.array_equal(array, weights[done.best][name]) for name, array in kept.items())
    assert prepare(run.path / "config.yaml").config.seed == done.best
    assert "# beside" in (run.path / "config.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of three seeds, their results and their end. Its folder is left alone."""
    folder = tmp_path_factory.mktemp("finished")
    return repeated(write(folder), folder)


def test_the_table_and_the_share_that_comes_to_a_cost(config, finished, tmp_path):
    run, results, _done = finished
    middle = sorted(each.cost for each in results.values())[1]
    _, again, counted = repeated(config, tmp_path, f"repeat.cost_below={middle!r}")
    assert all(each.reached is None for each in results.values())
    assert sum(each.reached for each in again.values()) == 1
    assert counted.cost_below == middle
    with open(run.path / REPEAT, newline="", encoding="utf-8") as file:
        rows = {int(row["seed"]): row for row in csv.DictReader(file)}
    assert {seed: float(row["cost"]) for seed, row in rows.items()} == {s: r.cost for s, r in results.items()}


def test_they_are_shown_compared_reproduced_and_verified(config, tmp_path):
    run, results, done = repeated(config, tmp_path, "repeat.cost_below=9")
    assert done.best != 3, "else the first seed would not have to be looked for"
    words = ["3 seeds done: running cost least", "reached  repeat.cost_below: 3 of 3 seeds (100%)"]
    shown = mlp("show", run.path).stdout
    assert all(each in shown for each in words)
    (first, _) = json.loads(mlp("compare", run.path, run.path, "--json").stdout)["runs"]
    assert first["scores"]["seeds, lowest cost"] == min(each.cost for each in results.values())
    assert first["scores"]["seeds below repeat.cost_below"] == 3
    found = reproduce(run.path)
    assert found.same
    assert REPEAT in {each.what for each in found.compared}
    table, before = run.path / REPEAT, digests(run.path)
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    earlier = [f"{header},sha256", *(f"{row},0123456789abcdef" for row in rows), ""]
    table.write_text("\n".join(earlier), encoding="utf-8")
    assert digests(run.path) == before, "the digest that earlier versions wrote in a row counts for nothing"
    verified = verify_resume(config, ["repeat=3"])
    assert verified.same
    assert REPEAT in {each.what for each in verified.compared}
    assert len(verified.breaks) >= 4


def test_a_run_that_broke_off_among_its_seeds_is_shown(begun):
    folder, _best = begun
    shown = mlp("show", folder)
    assert shown.exit_code == 0
    assert "seeds done" in shown.stdout
    assert f"mlp train --resume {folder}" in shown.stdout


def test_what_was_interrupted_goes_on_with_the_seeds_that_are_missing(config, tmp_path, monkeypatch):
    monkeypatch.setattr("mlpcli.experiments.repeat.threads", lambda: 1)
    calls, results = itertools.count(), {}

    def count(event):
        if isinstance(event, SeedDone):
            results[event.result.seed] = event.result

    whole = train(config, ["repeat=3"], tmp_path / "runs", count, lambda: next(calls) < 0)
    half, again = next(calls) // 2, itertools.count()
    told = []
    with pytest.raises(KeyboardInterrupt):
        train(config, ["repeat=3"], tmp_path / "broken", told.append, lambda: next(again) > half)
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


@pytest.mark.parametrize("wrong", ["repeat=1", "repeat={seeds: 0}", "repeat={cost_below: 1}", "repeat=many"])
def test_what_cannot_be_repeated(wrong, config):
    with pytest.raises(ConfigError):
        prepare(config, [wrong])
    with pytest.raises(ConfigError, match="at once"):
        prepare(config, ["repeat=2", "training.folds=2"])


@pytest.fixture
def begun(finished, tmp_path):
    """All seeds are done, and the training itself has not begun."""
    run, _results, done = finished
    folder = Path(shutil.copytree(run.path, tmp_path / "begun"))
    for name in ("checkpoint.npz", "model.npz", "history.csv", "findings.json"):
        (folder / name).unlink()
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    assert f"seed: {done.best}" in text
    first = text.replace(f"seed: {done.best}", "seed: 3")
    (folder / "config.yaml").write_text(first, encoding="utf-8")
    return folder, done.best


def test_a_kill_before_the_config_was_that_of_the_best(begun):
    folder, best = begun
    resume(folder)
    assert prepare(folder / "config.yaml").config.seed == best


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "seed,epochs\nmany,3\n",
        lambda text: text[:-12] + "\n",
        lambda text: text.replace("\n3,", "\n999,"),
        lambda text: text + text.splitlines()[-1] + "\n",
        lambda text: re.sub("\n3,6,[^,]*", "\n3,6,nan", text),
        lambda text: text.replace("\n", "7\n"),
        lambda text: "\n" + text,
    ],
)
def test_a_damaged_table_is_refused_with_what_to_do(damage, begun):
    folder, _ = begun
    (folder / REPEAT).write_text(damage((folder / REPEAT).read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ModelFileError, match="Delete it: the seeds are then trained again"):
        resume(folder)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("a cell", "line 3"),
        ("nothing in it", "It is damaged"),
        ("another config", "the experiment in run.json differs"),
        ("an earlier mlp", "a digest in each row"),
    ],
)
def test_seeds_that_are_not_of_this_experiment_are_refused(change, why, begun):
    folder, _best = begun
    table = folder / REPEAT
    lines = table.read_text(encoding="utf-8").splitlines()
    if change == "a cell":
        lines[2] = lines[2].replace(",6,", ",six,", 1)
    elif change == "nothing in it":
        lines = []
    elif change == "an earlier mlp":
        lines = [line + end for line, end in zip(lines, [",sha256", *[",0123456789abcdef"] * 3])]
    else:
        text = (folder / "config.yaml").read_text(encoding="utf-8")
        (folder / "config.yaml").write_text(text.replace("0.02", "0.01"), encoding="utf-8")
    table.write_text("\n".join([*lines, ""]) if lines else "", encoding="utf-8")
    if change == "an earlier mlp":
        assert "3 seeds done" in mlp("show", folder).stdout
    with pytest.raises(ModelFileError, match=why) as error:
        resume(folder)
    assert "Delete it" in str(error.value)
    table.unlink()
    if change == "nothing in it":
        assert prepare(resume(folder).path / "config.yaml").config.seed == _best


def test_a_clock_does_not_end_seeds(config):
    with pytest.raises(ConfigError, match=r"key training\.stop\.max_time"):
        train(config, ["repeat=3", "training.stop.max_time=1"])


def test_every_seed_has_its_own_rate_and_the_curve_of_the_best_is_kept(config, tmp_path):
    said = mlp(
        "train", config, "--set", "repeat=2", "--set", "optimiser.learning_rate=auto", "--runs", tmp_path
    )
    assert said.exit_code == 0
    rate = [line for line in said.stdout.splitlines() if line.startswith("rate ")][-1].split()[1]
    (run,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert f"rate     {rate}" in mlp("show", run).stdout
    assert (run / "learning_rate.csv").exists()


def test_what_may_change_while_seeds_are_open(config, tmp_path, monkeypatch):
    monkeypatch.setattr("mlpcli.experiments.repeat.threads", lambda: 1)
    rows = (ROOT / "datasets/iris.csv").read_text(encoding="utf-8")
    (tmp_path / "own.csv").write_text(rows, encoding="utf-8")
    config.write_text(CONFIG % (tmp_path / "own.csv"), encoding="utf-8")
    calls, again = itertools.count(), itertools.count()
    train(config, ["repeat=4"], tmp_path / "counted", interrupted=lambda: next(calls) < 0)
    half = next(calls) // 2
    with pytest.raises(KeyboardInterrupt):
        train(config, ["repeat=4"], tmp_path / "runs", interrupted=lambda: next(again) > half)
    (folder,) = (tmp_path / "runs").iterdir()
    with pytest.raises(ConfigError, match="only the places of data files"):
        resume(folder, ["training.epochs=9"])
    (tmp_path / "own.csv").rename(tmp_path / "moved.csv")
    (tmp_path / "own.csv").write_text("\n".join(rows.splitlines()[:90]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="sha256 differs"):
        resume(folder)
    run = resume(folder, [f"data.train={tmp_path / 'moved.csv'}"])
    with open(folder / REPEAT, newline="", encoding="utf-8") as file:
        assert [row["seed"] for row in csv.DictReader(file)] == ["3", "4", "5", "6"]
    (whole,) = (tmp_path / "counted").iterdir()  # the same rows, under their first name
    first, second = (ModelFile.read(each / "model.npz").parameters for each in (whole, run.path))
    assert all(np.array_equal(array, second[name]) for name, array in first.items())


def test_a_table_that_a_kill_broke_off_is_gone_on_with_to_the_same_bytes(config, tmp_path):
    """Rows out of order, as threads leave them, and one cut within; until all seeds are done again."""

    def end_with_the_seeds(event):
        if isinstance(event, SeedsDone):
            raise KeyboardInterrupt

    def seeds_only(go_on, *args):
        with pytest.raises(KeyboardInterrupt):
            go_on(*args, report=end_with_the_seeds)
        (folder,) = (tmp_path / "runs").iterdir()
        text = (folder / "config.yaml").read_text(encoding="utf-8")
        (folder / "config.yaml").write_text(re.sub(r"seed: \d+", "seed: 3", text, count=1), encoding="utf-8")
        return folder, (folder / REPEAT).read_text(encoding="utf-8")

    folder, whole = seeds_only(train, config, ["repeat=3", "executor=numpy"], tmp_path / "runs")
    header, *rows = whole.splitlines(keepends=True)
    for left in ([], [rows[2][:20]], [rows[2], rows[0][:-1]], [rows[2], rows[0]]):
        (folder / REPEAT).write_text("".join([header, *left]), encoding="utf-8")
        assert seeds_only(resume, folder) == (folder, whole)
    (folder / REPEAT).write_text(header + rows[1] + rows[2][:20], encoding="utf-8")
    assert "1 seed done" in mlp("show", folder).stdout


def test_a_million_seeds_are_begun_a_few_at_a_time_and_more_are_refused_by_the_number(config, tmp_path):
    with pytest.raises(ConfigError, match="at most 1,000,000") as error:
        prepare(config, ["repeat=100000000"])
    assert "units" not in str(error.value)
    looks, told = itertools.count(), []
    with pytest.raises(KeyboardInterrupt):
        train(
            config,
            ["repeat=1000000", "executor=numpy", "training.epochs=1"],
            tmp_path / "many",
            told.append,
            lambda: next(looks) > 200,
        )
    (folder,) = (tmp_path / "many").iterdir()
    done = [each.result.seed for each in told if isinstance(each, SeedDone)]
    assert done
    assert next(looks) < 300, "after the first yes, seeds that were waiting were still asked"
    with open(folder / REPEAT, newline="", encoding="utf-8") as file:
        assert [int(row["seed"]) for row in csv.DictReader(file)] == done


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="an alarm stands in for a second Ctrl-C")
def test_an_interrupt_that_is_raised_ends_the_seeds_that_are_under_way(config, tmp_path, monkeypatch):
    """Nobody asks whether to stop; the threads, which would train for days, are told all the same."""

    def raised(number, frame):
        raise KeyboardInterrupt

    begun = threading.Event()
    train_seed = SeedWorker.train
    monkeypatch.setattr(SeedWorker, "train", lambda *args: (begun.set(), train_seed(*args))[1])
    before = signal.signal(signal.SIGALRM, raised)

    def alarm(event):
        threading.Thread(target=lambda: begun.wait() and signal.setitimer(signal.ITIMER_REAL, 0.05)).start()

    long = ["repeat=2", "executor=numpy", "training.epochs=1000000000"]
    try:
        with pytest.raises(KeyboardInterrupt):
            train(config, long, tmp_path / "runs", alarm)
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="no /dev/stdin")
@pytest.mark.parametrize("more", ["repeat=2", "training.folds=2"])
def test_rows_from_a_pipe_are_enough_for_seeds_or_folds_and_the_training(more, tmp_path):
    """Rows that can be read once only are read once, and trusted by the command that read them."""
    root = Path(__file__).parents[2]
    rows = (root / "datasets" / "xor-twice.csv").read_bytes()
    changes = ["data.train=/dev/stdin", more, "executor=numpy", "training.epochs=2"]
    sets = [word for each in changes for word in ("--set", each)]
    config = root / "configs" / "xor-softmax-momentum.yaml"
    command = [sys.executable, "-m", "mlpcli", "train", config, *sets, "--quiet", "--runs", tmp_path]
    done = subprocess.run(command, input=rows, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    (folder,) = tmp_path.iterdir()
    assert load(folder).file.summary["epochs"] == 2
