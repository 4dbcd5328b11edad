from __future__ import annotations

import errno
import json

import pytest
from runs.test_records import MADE

from mlpcli.errors import ModelFileError, OutputError
from mlpcli.runs.folder import CONFIG, FINDINGS, HISTORY, MODEL, SUMMARY, RunFolder
from mlpcli.runs.json_file import write_json
from mlpcli.runs.summary import read_summary, write_summary


def create(runs, name="iris"):
    return RunFolder.create(runs, name, lambda path: f"# {path.name}\n")


def test_numbers_go_on_from_the_highest(tmp_path):
    runs = tmp_path / "deep" / "runs"
    assert [create(runs).path.name for _ in range(3)] == ["iris-1", "iris-2", "iris-3"]
    (runs / "iris-10").mkdir()
    (runs / "iris-x").mkdir()
    (runs / "iris-²").mkdir()
    (runs / "iris-tanh-40").mkdir()
    (runs / "iris-12").write_bytes(b"a file")
    assert create(runs).path.name == "iris-13"
    assert create(runs, "iris-tanh").path.name == "iris-tanh-41"
    assert (runs / "iris-13" / CONFIG).read_text() == "# iris-13\n"


def test_a_number_that_another_process_takes_just_now(tmp_path, monkeypatch):
    create(tmp_path)
    monkeypatch.setattr(type(tmp_path), "glob", lambda *args: iter(()))  # as if iris-1 were not there yet
    assert create(tmp_path).path.name == "iris-2"


@pytest.mark.parametrize(
    ("name", "folder"),
    [("my config", "my-config-1"), ("..", "run-1"), ("a/b", "a-b-1"), ("größe", "größe-1"), ("*", "run-1")],
)
def test_names_are_made_fit_for_a_folder(tmp_path, name, folder):
    assert create(tmp_path, name).path == tmp_path / folder


def test_a_place_that_cannot_be(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for runs in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(OutputError, match="Cannot be written"):
            create(runs)


def test_history_is_on_disk_after_every_row(tmp_path):
    folder = create(tmp_path)
    assert list(folder.table(HISTORY).rows()) == []
    folder.table(HISTORY).append({"epoch": 1, "cost": 0.1 + 0.2, "validation_loss": None})
    assert (folder.path / HISTORY).read_text() == "epoch,cost,validation_loss\n1,0.30000000000000004,\n"
    folder.table(HISTORY).append({"epoch": 2, "cost": 0.25, "validation_loss": 1.0})
    assert [row["epoch"] for row in folder.table(HISTORY).rows()] == ["1", "2"]


def test_a_history_that_is_no_text(tmp_path):
    folder = create(tmp_path)
    (folder.path / HISTORY).write_bytes(b"epoch\n\xff\xfe\n")
    with pytest.raises(ModelFileError, match="cannot be read"):
        list(folder.table(HISTORY).rows())


def test_history_is_written_anew(tmp_path):
    folder = create(tmp_path)
    folder.table(HISTORY).append({"epoch": 1, "cost": 1 / 3})
    written = (folder.path / HISTORY).read_bytes()
    folder.table(HISTORY).write([{"epoch": 1, "cost": 1 / 3}])
    assert (folder.path / HISTORY).read_bytes() == written
    folder.table(HISTORY).write([])
    assert not folder.has(HISTORY)


def test_findings(tmp_path):
    folder = create(tmp_path)
    write_json(folder.path / FINDINGS, [{"name": "größe"}])
    assert json.loads((folder.path / FINDINGS).read_text(encoding="utf-8")) == [{"name": "größe"}]


def test_the_summary(tmp_path):
    folder = create(tmp_path)
    with pytest.raises(ModelFileError, match="no such file"):
        read_summary(folder)
    made = {**MADE, "data": {"train": {"file": "größe.csv", "sha256": "0"}}}
    write_summary(folder, {"made": made, "ended": None})
    assert read_summary(folder)["made"] == made
    whole = (folder.path / SUMMARY).read_text(encoding="utf-8")
    (folder.path / SUMMARY).write_text(whole.replace('version": 1', 'version": 9'), encoding="utf-8")
    with pytest.raises(ModelFileError, match="version 9; this mlp reads up to 1"):
        read_summary(folder)
    short = whole.replace('"graph": "ab",', "")
    assert len(short) < len(whole)
    for text in (
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        whole[:40],
        '{"format": "mlp-run", "made": 3}',
        short,
    ):
        (folder.path / SUMMARY).write_text(text, encoding="utf-8")
        with pytest.raises(ModelFileError, match="no summary"):
            read_summary(folder)


def test_what_is_no_run(tmp_path):
    with pytest.raises(ModelFileError, match=r"no config\.yaml"):
        RunFolder.find(tmp_path)
    folder = create(tmp_path)
    assert RunFolder.find(folder.path) == folder
    with pytest.raises(ModelFileError, match=r"no model\.npz"):
        folder.model()
    (folder.path / MODEL).write_bytes(b"")
    assert folder.model() == folder.path / MODEL


def test_a_folder_that_was_left_before_there_was_a_config_says_what_to_do(tmp_path):
    (tmp_path / "a-1").mkdir()
    for name in ("", ".config.yaml.123.new"):
        if name:
            (tmp_path / "a-1" / name).write_bytes(b"seed:")
        with pytest.raises(ModelFileError, match="no training was begun in it") as error:
            RunFolder.find(tmp_path / "a-1")
        assert "delete the folder and train again" in error.value.faults[0].remedy
    (tmp_path / "a-1" / "mine.txt").write_bytes(b"")
    with pytest.raises(ModelFileError, match="It is not a run folder") as error:
        RunFolder.find(tmp_path / "a-1")
    assert "elete" not in str(error.value)


def test_a_folder_whose_config_cannot_be_written_is_not_left(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mlpcli.runs.atomic.os.fsync", full)
    with pytest.raises(OutputError):
        RunFolder.create(tmp_path, "a", lambda path: "seed: 1")
    assert list(tmp_path.iterdir()) == []
