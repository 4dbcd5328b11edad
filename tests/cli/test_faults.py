"""Whatever ends a training: the last good state is kept, the message says so, and --resume goes on."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from itertools import count

import pytest
from cli.loaded import start_loaded
from cli.world import ended, mlp

from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.lock import locked

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals, limits and mounts as POSIX has them"),
    pytest.mark.usefixtures("here"),
]
LONG = ["--set", "training.epochs=100000000", "--set", "training.print_every=1", "--executor", "numpy"]


def training(world, *args, epochs=3, **more):
    """A training under way after some epochs, and its run folder."""
    process = start_loaded("train", world / "good.yaml", "--json", *LONG, *args, **more)
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "start":
            run = event["run"]
        elif event.get("epoch", 0) >= epochs:
            return process, run
    raise AssertionError(process.communicate())


def resumes(run):
    """A few epochs more, to the bits of a training that was left alone."""
    values = Checkpoint.read(os.path.join(run, "checkpoint.npz")).values
    epochs = values["epoch"] + 3
    result = mlp("train", "--resume", run, "--set", f"training.epochs={epochs}", "--quiet")
    assert result.exit_code == 0, result.stderr
    config = os.path.join(run, "config.yaml")
    result = mlp("train", config, "--runs", "alone", "--quiet")
    assert result.exit_code == 0, result.stderr
    [alone] = os.listdir("alone")
    found = [Checkpoint.read(os.path.join(each, "checkpoint.npz")) for each in (run, f"alone/{alone}")]
    states = [{n: a.tobytes() for n, a in each.groups["state"].items()} for each in found]
    assert states[0] == states[1]
    assert found[0].values["epoch"] == epochs
    shutil.rmtree("alone")


def test_sigkill(world):
    process, run = training(world)
    process.kill()
    process.communicate()
    shown = mlp("show", run)
    assert shown.exit_code == 0
    assert f"go on: mlp train --resume {run}" in shown.stdout
    left = os.path.join(run, f".checkpoint.npz.{process.pid}.new")  # as of a kill in the middle of a write
    with open(left, "wb") as file:
        file.write(b"half")
    resumes(run)
    assert not os.path.exists(left)
    assert mlp("show", run).stdout.startswith("model")
    assert mlp("evaluate", run, world / "data.csv").exit_code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_ask(world, number):
    process, run = training(world)
    process.send_signal(number)
    out, err, code = ended(process)
    assert (code, err) == (130, "")
    assert json.loads(out.splitlines()[-1])["stopped"] == "interrupted"
    assert "not over" in mlp("show", run).stdout
    resumes(run)


def test_a_second_process_is_refused_with_the_number_of_the_first(world):
    process, run = training(world)
    result = mlp("train", "--resume", run)
    assert result.exit_code == 1
    assert f"process {process.pid}" in result.stderr
    process.send_signal(signal.SIGTERM)
    assert ended(process)[2] == 130
    assert not os.path.exists(os.path.join(run, ".lock"))
    resumes(run)


def test_a_lock_is_free_again_and_its_file_says_nothing(tmp_path):
    (tmp_path / ".lock").write_text("1")  # left by a process that was killed; that number may be anyone's now
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
    with locked(tmp_path):
        pass


def test_a_folder_that_is_deleted(world):
    process, run = training(world)
    os.rename(run, "elsewhere")  # a folder that is still written to cannot be deleted in one go
    shutil.rmtree("elsewhere")
    _, err, code = ended(process)
    assert code == 1
    assert "The folder of the run is gone" in err


def limited(size):
    """Python text after which no file grows beyond that many bytes."""
    return f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


def test_a_file_that_may_not_grow(world):
    """A limit stands in for a full disk: history, checkpoint or lock fail in the middle of a write."""
    process, run = training(world, first=limited(12_000))
    _, err, code = ended(process)
    assert code == 1
    assert "File too large" in err
    assert f"mlp train --resume {run}" in err
    assert not [name for name in os.listdir(run) if name.endswith(".new")]
    resumes(run)


@pytest.mark.parametrize("size", [0, 300, 3000])
def test_no_room_for_a_run_at_all(world, tmp_path, size):
    process = start_loaded(
        "train", world / "good.yaml", "--executor", "numpy", "--runs", "small", first=limited(size)
    )
    _, err, code = ended(process)
    assert code in (1, 2)
    assert "File too large" in err
    assert "Cannot be written" in err


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mount needs more rights")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full(world, small_disk):
    process, run = training(world, "--runs", str(small_disk))
    _, err, code = ended(process)
    assert code == 1
    assert "No space left on device" in err
    assert f"mlp train --resume {run}" in err
    assert not [name for name in os.listdir(run) if name.endswith(".new")]
    epoch = Checkpoint.read(os.path.join(run, "checkpoint.npz")).values["epoch"]
    assert f"go on from epoch {epoch}:" in err or (epoch == 0 and "go on from the start" in err)
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    resumes(run)


def test_a_disk_that_is_full_from_the_start(world, small_disk):
    with open(small_disk / "filler", "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1024)):
            pass
    _, err, code = ended(start_loaded("train", world / "good.yaml", "--runs", small_disk))
    assert code in (1, 2)
    assert "No space left on device" in err


def test_a_disk_that_is_read_only(world, small_disk):
    process, run = training(world, "--runs", str(small_disk))
    process.send_signal(signal.SIGTERM)
    ended(process)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for code, args in ((1, ["--resume", run]), (2, [world / "good.yaml", "--runs", small_disk])):
        result = mlp("train", *args)
        assert result.exit_code == code
        assert "Read-only file system" in result.stderr
        assert (f"go on from the last checkpoint: mlp train --resume {run}" in result.stderr) == (code == 1)
    assert mlp("show", run).exit_code == 0
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    resumes(run)


def test_a_complete_run_on_a_disk_that_is_read_only_is_told_as_it_is(world, small_disk):
    run = small_disk / "run"
    shutil.copytree(world / "run", run)
    text = (run / "config.yaml").read_text(encoding="utf-8")
    (run / "config.yaml").write_text(text.replace("train: ../", f"train: {world}/"), encoding="utf-8")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    result = mlp("train", "--resume", run)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "complete: all epochs done after epoch 6" in result.stdout


@pytest.mark.parametrize("more", ["training.epochs=2", "repeat=2"])
def test_a_disk_full_at_any_write_says_that_resume_works_and_it_does(world, more, monkeypatch, tmp_path):
    """The n-th file that is to be put on the disk cannot be, for every n."""
    args = ["train", world / "good.yaml", "--executor", "numpy", "--quiet"]
    args += ["--set", "training.epochs=1", "--set", more, "--set", "training.monitors=false"]
    assert mlp(*args, "--runs", "whole").exit_code == 0
    whole = Checkpoint.read(tmp_path / "whole" / "good-1" / "checkpoint.npz").groups["state"]
    failed = 0
    for at in count(step=2):  # the file's own; every other one is its folder's, which not all systems have
        calls, reached = count(), False

        def fsync(handle, at=at, calls=calls):
            nonlocal reached
            if next(calls) == at:
                reached = True
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("mlpcli.runs.atomic.os.fsync", fsync)
            result = mlp(*args, "--runs", f"broken-{at}")
        if not reached:
            break
        if at == 0:  # there is no config yet, and so no folder
            assert not list((tmp_path / "broken-0").iterdir())
            continue
        failed += 1
        run = tmp_path / f"broken-{at}" / "good-1"
        assert (result.exit_code, f"mlp train --resume broken-{at}/good-1" in result.stderr) == (1, True)
        assert mlp("train", "--resume", run, "--quiet").exit_code == 0, at
        state = Checkpoint.read(run / "checkpoint.npz").groups["state"]
        assert {n: a.tobytes() for n, a in state.items()} == {n: a.tobytes() for n, a in whole.items()}
    assert failed >= 5


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_an_output_that_is_full_loses_nothing(world):
    with open("/dev/full", "w") as full:
        _, err, code = ended(start_loaded("train", world / "good.yaml", "--executor", "numpy", stdout=full))
    assert code == 1
    assert "No space left on device" in err
    [run] = os.listdir("runs")
    assert mlp("train", "--resume", f"runs/{run}", "--quiet").exit_code == 0


def test_a_reader_that_leaves_loses_nothing(world):
    process, run = training(world)
    process.stdout.close()
    process.stderr.read()
    assert process.wait(60) != 0
    process.stderr.close()
    assert Checkpoint.read(os.path.join(run, "checkpoint.npz")).values["epoch"] >= 3
    resumes(run)


def test_a_terminal_that_closes_loses_nothing(world):
    import pty

    master, slave = pty.openpty()
    streams = {"stdin": slave, "stdout": slave, "env": {**os.environ, "TERM": "xterm"}}
    process = start_loaded("train", world / "good.yaml", *LONG, **streams)
    os.close(slave)
    seen = b""
    while b"\n" not in seen.partition(b"epoch")[2]:
        seen += os.read(master, 4096)
    time.sleep(0.2)
    os.close(master)  # what is written now fails; no signal comes, since it is no controlling terminal
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) != 0
    assert "Traceback" not in err, err
    [run] = os.listdir("runs")
    resumes(f"runs/{run}")


def test_two_trainings_at_once_get_folders_of_their_own(world):
    args = ("train", world / "good.yaml", "--executor", "numpy", "--quiet")
    both = [start_loaded(*args) for _ in range(2)]
    assert [ended(process)[2] for process in both] == [0, 0]
    assert sorted(os.listdir("runs")) == ["good-1", "good-2"]


def test_the_usage(world):
    for args in ([], [world / "good.yaml", "--resume", "run"], ["--resume", "run", "--verify-resume"]):
        result = mlp("train", *args)
        assert result.exit_code == 2
        assert "Usage" in result.stderr
    result = mlp("train", "--resume", world)
    assert result.exit_code == 2
    assert "not a run folder" in result.stderr
