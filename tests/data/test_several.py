"""Several files as one table: which they are, how their columns meet, and where a row stands."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from format_tables import cells
from mlpcli.data.read import open_reader, read_file, read_table
from mlpcli.data.reader import WHOLE
from mlpcli.data.several import files_of
from mlpcli.errors import DataError


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def arff(*rows: str, levels: str = "{a,b}") -> str:
    return "\n".join(["@relation r", f"@attribute k {levels}", "@attribute n numeric", "@data", *rows])


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def npy(values: Any) -> bytes:
    sink = io.BytesIO()
    np.save(sink, values)
    return sink.getvalue()


def test_patterns_and_lists(tmp_path: Path) -> None:
    for name in ("p-2", "p-10", "p-1", "q[1]"):
        write(tmp_path / name, "x")
    (tmp_path / "p-folder").mkdir()
    inside = [str(tmp_path / name) for name in ("p-1", "p-10", "p-2")]
    assert files_of(str(tmp_path / "p-*")) == tuple(inside)
    assert files_of([inside[2], str(tmp_path / "p-1*")]) == (inside[2], *inside[:2])
    assert files_of(str(tmp_path / "q[1]")) == (str(tmp_path / "q[1]"),)
    assert files_of("-") == ("-",)
    for wrong, told in (
        (str(tmp_path / "z*"), "no file that this pattern"),
        (inside + inside[:1], "twice"),
        ([], "empty"),
    ):
        with pytest.raises(DataError, match=told):
            files_of(wrong)


@pytest.mark.parametrize(
    ("contents", "wanted", "lines"),
    [
        (
            [arff("a,1"), arff("b,2", "a,?")],
            {"k": ["a", "b", "a"], "n": ["1", "2", ""]},
            [("0", "line 5"), ("1", "line 5"), ("1", "line 6")],
        ),
        (
            [parquet(a=[1, 2], b=["x", None]), parquet(b=["y"], a=[3.5])],
            {"a": ["1", "2", "3.5"], "b": ["x", "", "y"]},
            [("0", "row 1"), ("0", "row 2"), ("1", "row 1")],
        ),
        (
            ['{"a": 1}\n', '\n{"b": "x", "a": 2}\n', '{"c": 3}'],
            {"a": ["1", "2", ""], "b": ["", "x", ""], "c": ["", "", "3"]},
            [("0", "line 1"), ("1", "line 2"), ("2", "line 1")],
        ),
        (
            [npy(np.eye(2)), npy(np.full((1, 2), 7))],
            {"x1": ["1", "0", "7"], "x2": ["0", "1", "7"]},
            [("0", "row 1"), ("0", "row 2"), ("1", "row 1")],
        ),
        ([parquet(a=[1]), '{"a": 2}'], {"a": ["1", "2"]}, [("0", "row 1"), ("1", "line 1")]),
    ],
)
def test_rows_one_after_another_know_their_file_and_line(
    tmp_path: Path, contents: Any, wanted: Any, lines: Any
) -> None:
    files = [write(tmp_path / str(at), content) for at, content in enumerate(contents)]
    table, notes = read_table(str(tmp_path / "*"))
    assert cells(table) == wanted
    places = [f"{tmp_path / file} {line}" for file, line in lines]
    assert [table.where(row) for row in range(len(table.lines))] == places
    assert f"{len(files)} files are one table" in " ".join(notes)
    parts = list(open_reader(files).chunks(1))
    assert [part.where(0) for part in parts] == places
    for name, texts in wanted.items():
        assert [cells(part).get(name, [""])[0] for part in parts] == texts


def test_columns_that_differ_are_named_with_their_file(tmp_path: Path) -> None:
    files = [write(tmp_path / "1", parquet(a=[1], b=[2])), write(tmp_path / "2", parquet(a=[1], c=[2]))]
    with pytest.raises(DataError) as caught:
        read_table(files)
    assert f"{files[1]}\n" in str(caught.value)
    assert all(part in str(caught.value) for part in ("lacks 'b'", "has 'c' besides", files[0]))


def test_declared_levels_are_kept_where_all_files_agree(tmp_path: Path) -> None:
    one = write(tmp_path / "1", arff("a,1"))
    same, other = write(tmp_path / "2", arff("b,1")), write(tmp_path / "3", arff("c,1", levels="{c}"))
    assert read_table([one, same])[0].declared["k"].levels == ("a", "b")
    declared = read_table([one, other])[0].declared["k"]
    assert (declared.kind, declared.levels) == ("category", ())


def test_labels_of_several_files(tmp_path: Path) -> None:
    images = [write(tmp_path / f"x{at}", npy(np.zeros((2, 3)))) for at in range(2)]
    labels = [write(tmp_path / f"y{at}", npy(np.arange(2) + at)) for at in range(2)]
    assert cells(read_table(images, labels=labels)[0])["label"] == ["0", "1", "1", "2"]


def test_many_files_leave_none_open(tmp_path: Path) -> None:
    for at in range(300):
        write(tmp_path / f"{at:03}", json.dumps({"a": at}))
    (table,) = open_reader(str(tmp_path / "*")).chunks(WHOLE)
    assert cells(table) == {"a": [str(at) for at in range(300)]}


def test_the_parts_of_an_npz_file(tmp_path: Path) -> None:
    file = io.BytesIO()
    arrays = {
        "x_train": np.ones((3, 2, 2)),
        "y_train": [[1], [0], [1]],
        "x_test": np.zeros((1, 2, 2)),
        "y_test": [[0]],
    }
    np.savez(file, **arrays)
    found = read_file(write(tmp_path / "d", file.getvalue()))
    training, parts, notes = found.table, found.parts, found.notes
    assert training.names == ("x1", "x2", "x3", "x4", "label")
    assert cells(training)["label"] == ["1", "0", "1"]
    assert list(parts) == ["test"]
    assert cells(parts["test"]) == {"x1": ["0"], "x2": ["0"], "x3": ["0"], "x4": ["0"], "label": ["0"]}
    assert "training 3, test 1 rows" in notes[0]
