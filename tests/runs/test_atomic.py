from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mlpcli.errors import OutputError
from mlpcli.runs.atomic import remove_left_over, replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "x"
    for content in (b"old", b"new and longer", b""):
        with replacing(path) as file:
            file.write(content)
        assert path.read_bytes() == content
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, MemoryError])
@pytest.mark.parametrize("before", [None, b"old"])
def test_an_exception_inside_leaves_the_old_file_and_nothing_beside_it(tmp_path, error, before):
    path = tmp_path / "x"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(error), replacing(path) as file:  # noqa: PT012
        file.write(b"half")
        file.flush()
        raise error("broken off")
    assert names(tmp_path) == ([] if before is None else ["x"])
    assert before is None or path.read_bytes() == before


def test_until_the_end_the_old_file_is_there(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_the_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("replace"), replace(a, b))[1])
    with replacing(tmp_path / "x") as file:
        file.write(b"new")
    assert done == ["fsync", "replace", "fsync"]  # the last one is the folder's


@pytest.mark.parametrize("name", ["no/x", "file/x", "folder", "", "."])
def test_a_place_that_cannot_be_is_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"old")
    path = tmp_path.__class__(name)
    with pytest.raises(OutputError, match="Cannot be written") as caught, replacing(path) as file:
        file.write(b"new")
    assert str(caught.value).startswith(f"error: {path}\n")
    assert names(tmp_path) == ["file", "folder"]
    assert not any((tmp_path / "folder").iterdir())


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"
    assert names(tmp_path) == ["link", "target"]


def test_a_device_is_not_replaced(tmp_path):
    before = os.stat(os.devnull).st_mode
    with replacing(tmp_path.__class__(os.devnull)) as file:
        file.write(b"gone")
    assert os.stat(os.devnull).st_mode == before


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can ask whether a process is there")
def test_what_killed_writers_left_is_taken_away_and_nothing_else(tmp_path):
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    left = [f".checkpoint.npz.{gone.pid}.new", f".a.b.{os.getpid()}.new", f".model.npz.{10**30}.new"]
    others = [
        f".model.npz.{os.getppid()}.new",
        "model.npz",
        f"x.{gone.pid}.new",
        f".x.{gone.pid}.old",
        ".x.new",
    ]
    for name in (*left, *others):
        (tmp_path / name).write_bytes(b"")
    remove_left_over(tmp_path)
    assert names(tmp_path) == sorted(others)
    remove_left_over(tmp_path / "nowhere")
