"""Signals wherever they come: nothing is left behind, the exit code is 130, what is ignored stays ignored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.loaded import start_loaded
from cli.world import MLP, csv_text, ended, mlp, start

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them"),
    pytest.mark.usefixtures("here"),
]
LONG = ["--set", "training.epochs=100000000", "--executor", "numpy"]


SIGNALLED_AT = """
import importlib, os, signal, time
def signalled(*args, **more):
    os.kill(os.getpid(), getattr(signal, {name!r}))
    time.sleep(30)
    raise SystemExit("the signal was not heard")
importlib.import_module({module!r}).{function} = signalled
"""
"""A command that gets a signal in the middle of one of its functions, which then goes on for long."""

PREDICT = ["predict", "run", "data.csv", "--executor", "numpy", "-o", "out.csv"]
STAGES = {
    "reading": ("mlpcli.problem.build", "cached_dataset", "SIGTERM", ["train", "good.yaml"]),
    "compiling": ("mlpcli.training.trainer", "make_training_runner", "SIGHUP", ["train", "good.yaml"]),
    "gradcheck": ("mlpcli.diagnose.report", "layer_health", "SIGTERM", ["gradcheck", "good.yaml"]),
    "predicting": ("mlpcli.predict.model", "class_probabilities", "SIGHUP", PREDICT),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_before_there_is_a_batch_interrupts_at_once(stage, world, tmp_path):
    module, function, name, args = STAGES[stage]
    first = SIGNALLED_AT.format(module=module, function=function, name=name)
    for name in ("run", "data.csv", "good.yaml"):
        (tmp_path / name).symlink_to(world / name)
    out, err, code = ended(start_loaded(*args, first=first))
    assert (code, err) == (130, "interrupted")
    left = sorted(path.name for path in tmp_path.iterdir() if not path.is_symlink())
    assert left == (["runs"] if stage == "compiling" else [])
    if stage == "compiling":
        assert out.splitlines()[-1] == "go on: mlp train --resume runs/good-1"
        assert mlp("train", "--resume", "runs/good-1", "--executor", "numpy").exit_code == 0


INTERRUPTED_IN_A_TEXT = """
from importlib import import_module
def cached_dataset(*args, **more):
    exec("raise KeyboardInterrupt")
import_module("mlpcli.problem.build").cached_dataset = cached_dataset
"""


def test_an_interrupt_in_a_text_that_is_executed_is_an_interrupt_as_any_other(world, tmp_path):
    """As where @dataclass makes its methods; CPython ended `python -m` by SIGINT then, not with 130."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED_IN_A_TEXT, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    _out, err, code = ended(start("train", world / "good.yaml", env=env))
    assert (code, err) == (130, "interrupted")


@pytest.mark.parametrize(("command", "name"), [("reproduce", "SIGTERM"), ("verify", "SIGHUP")])
def test_what_is_trained_in_a_temporary_place_is_taken_away(command, name, world, tmp_path):
    """A run that is reproduced, or verified to be resumable, when it has left a checkpoint there."""
    temporary, run = tmp_path / "temporary", tmp_path / "run"
    temporary.mkdir()
    run.mkdir()
    for path in (world / "run").iterdir():
        (run / path.name).write_bytes(path.read_bytes())
    text = (run / "config.yaml").read_text(encoding="utf-8")
    text = text.replace("epochs: 6", "epochs: 100000000").replace("train: ../", f"train: {world}/")
    (run / "config.yaml").write_text(text, encoding="utf-8")
    verify = ["train", "--verify-resume", world / "good.yaml", *LONG]
    args = ["reproduce", run] if command == "reproduce" else verify
    process = start_loaded(*args, env={**os.environ, "TMPDIR": str(temporary)})
    deadline = time.monotonic() + 60
    while not list(temporary.rglob("checkpoint.npz")) and time.monotonic() < deadline:
        time.sleep(0.02)
        assert process.poll() is None, process.communicate()
    process.send_signal(getattr(signal, name))
    process.send_signal(signal.SIGHUP)  # a terminal that closes sends another
    _out, err, code = ended(process)
    assert (code, err) == (130, "interrupted")
    assert list(temporary.iterdir()) == []


IGNORING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-m", "mlpcli", *sys.argv[1:]])
"""


def ignoring(*args, **more):
    """A command as nohup starts it, in the background of a script."""
    command = [sys.executable, "-c", IGNORING, *map(str, args)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes)


def test_a_training_that_was_told_to_ignore_signals_ignores_them(world):
    process = ignoring("train", world / "good.yaml", "--json", *LONG, "--set", "training.print_every=1")

    def epochs_from(number):
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "epoch" and event["epoch"] > number:
                return event["epoch"]
        raise AssertionError(process.communicate())

    number = epochs_from(0)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    assert epochs_from(epochs_from(number + 3) + 300)
    process.send_signal(signal.SIGTERM)  # nobody told it to ignore this one
    out, err, code = ended(process)
    assert (code, err) == (130, "")
    assert json.loads(out.splitlines()[-1])["stopped"] == "interrupted"


def test_another_command_that_was_told_to_ignore_signals_ignores_them(world, tmp_path):
    first = IGNORING.partition("os.execv")[0]
    args = ("predict", world / "run", "-", "-o", "out.csv", "--executor", "numpy")
    process = start_loaded(*args, first=first, stdin=subprocess.PIPE)
    header, *rows = csv_text("a,b,colour").splitlines(keepends=True)
    process.stdin.write(header)
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out.csv*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    process.stdin.writelines(rows)
    assert ended(process)[2] == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + len(rows)


def test_a_working_directory_that_was_removed_is_told_as_that(world):
    shell = 'mkdir away; cd away; rmdir ../away; exec "$@"'
    command = ["sh", "-c", shell, "sh", *MLP, "train", str(world / "good.yaml")]
    # Python finds the package without the folder that it starts in.
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: working directory\n")
    assert "It was removed" in done.stderr


def test_a_config_keeps_its_name_in_a_locale_of_ascii_alone(world, tmp_path):
    (tmp_path / "Данные.yaml").write_bytes((world / "good.yaml").read_bytes())
    (tmp_path / "data.csv").write_bytes((world / "data.csv").read_bytes())
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = start("train", "Данные.yaml", "--executor", "numpy", env={**os.environ, **ascii_alone})
    assert ended(process)[2] == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["Данные-1"]
