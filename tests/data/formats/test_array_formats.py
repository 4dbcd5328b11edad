"""NPY, NPZ and IDX: columns from arrays, and headers that lie."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_tables import cells
from mlpcli.data.column import Column
from mlpcli.data.formats import FORMATS
from mlpcli.data.read import open_reader, read_file, read_table
from mlpcli.data.reading import Reading
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError
from own_tests import message, offered


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), **options)
    return file.getvalue()


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def idx(array: Any, code: int = 0x08) -> bytes:
    array = np.asarray(array)
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + bytes(array.tobytes())


def read(folder: Path, content: bytes, name: str = "data") -> Table:
    (folder / name).write_bytes(content)
    return read_table(str(folder / name))[0]


def test_every_format_tells_its_own_files_from_the_others() -> None:
    heads = {"npy": npy([1]), "npz": npz(x=[1]), "idx": idx(np.zeros((1, 1), "u1")), "csv": b"a,b\n1,2\n"}
    heads |= offered("data/formats", FORMATS, "EXAMPLE")
    for name in FORMATS:
        assert name in heads, message("data/formats", name, "EXAMPLE, the bytes of a small file")
    for own, head in heads.items():
        claims = {name: FORMATS[name].claims("data", head) for name in FORMATS}
        assert max(claims, key=lambda name: claims[name]) == own


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_npy_of_two_axes_is_one_column_each(tmp_path: Path, order: Any, pack: Any) -> None:
    values = np.asarray(np.arange(12, dtype=">i4").reshape(4, 3), order=order)
    table = read(tmp_path, pack(npy(values)))
    (block,) = table.columns
    assert isinstance(block, Block)
    assert (block.names, block.pooled) == (("x1", "x2", "x3"), False)
    np.testing.assert_array_equal(block.values, values)


def test_more_axes_are_one_pooled_block(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for content in (npy(values), npy(np.asfortranarray(values)), idx(values)):
        (block,) = read(tmp_path, content).columns
        assert isinstance(block, Block)
        assert block.pooled
        np.testing.assert_array_equal(block.values, values.reshape(2, 12))


def test_other_arrays(tmp_path: Path) -> None:
    fields = np.array([(1, "b"), (2, "c")], [("n", "i4"), ("t", "U3")])
    table = read(tmp_path, npy(fields))
    assert cells(table) == {"n": ["1", "2"], "t": ["b", "c"]}


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (np.array([b"ab ", b"c", b""]), ["ab", "c", ""]),
        (np.array(["b", "a", "b"]), ["b", "a", "b"]),
        (np.array(["1", "007"]), ["1", "007"]),
        ([True, False], ["1", "0"]),
        ([1.0, 2.5, np.nan], ["1", "2.5", ""]),
        ([1.0, np.inf], ["1", "inf"]),
        (np.array([2**53 + 1, -1]), [str(2**53 + 1), "-1"]),
        (np.array([2**64 - 1, 1], "u8"), [str(2**64 - 1), "1"]),
        (np.array(["2024-03-01", "NaT"], "M8[D]"), ["2024-03-01", ""]),
        (np.array(["2024-03-01T19:00"], "M8[m]"), ["2024-03-01T19:00:00"]),
        (np.array(["2024-03-01T19:00:00.5"], "M8[ms]"), ["2024-03-01T19:00:00.5"]),
    ],
)
def test_columns_of_one_axis(tmp_path: Path, values: Any, texts: list[str]) -> None:
    assert cells(read(tmp_path, npy(values))) == {"x1": texts}


def test_texts_of_two_axes_are_columns(tmp_path: Path) -> None:
    assert cells(read(tmp_path, npy(np.array([["a", "b"]])))) == {"x1": ["a"], "x2": ["b"]}


def test_npz_members_are_columns_side_by_side(tmp_path: Path) -> None:
    content = npz(x=np.eye(2), y=np.array(["a", "b"]), version=np.array(3))
    (tmp_path / "d").write_bytes(gzip.compress(content))
    reader = open_reader(str(tmp_path / "d"))
    assert reader.names == ("x1", "x2", "y")
    assert "version" in reader.notes[0]
    assert [cells(part)["y"] for part in reader.chunks(1)] == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("code", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]
)
def test_idx_types(tmp_path: Path, code: int, dtype: str) -> None:
    values = np.array([1, 2, 100], dtype)
    np.testing.assert_array_equal(read(tmp_path, idx(values, code)).columns[0].numbers, values)


@pytest.mark.parametrize("order", ["C", "F"])
@settings(max_examples=40)
@given(rows=st.integers(1, 20), size=st.integers(1, 7))
def test_chunks_together_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, order: Any, rows: int, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "chunks"
    values = np.asarray(np.arange(rows * 3.0).reshape(rows, 3), order=order)
    for content in (npy(values), idx(values.astype(np.uint8)), npz(x=values)):
        path.write_bytes(content)
        parts = list(open_reader(str(path)).chunks(size))
        assert all(part.rows == size for part in parts[:-1])
        np.testing.assert_array_equal(
            np.concatenate([part.matrix(("x1", "x2", "x3")) for part in parts]), values
        )
        assert [line for part in parts for line in part.lines] == list(range(1, rows + 1))


def test_labels_become_the_column_label(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(idx(np.zeros((3, 2, 2), "u1")))
    (tmp_path / "labels").write_bytes(idx(np.array([7, 0, 7], "u1")))
    (tmp_path / "words").write_text("kind\ncat\ndog\ncat\n")
    images, labels, words = (str(tmp_path / name) for name in ("images", "labels", "words"))
    assert read_table(images, labels=labels)[0].names == ("x1", "x2", "x3", "x4", "label")
    assert [cells(part)["label"] for part in open_reader(images, labels=labels).chunks(2)] == [
        ["7", "0"],
        ["7"],
    ]
    assert cells(read_table(images, labels=words)[0])["label"] == ["cat", "dog", "cat"]
    (tmp_path / "words").write_text("kind\ncat\ndog\n")
    with pytest.raises(DataError, match="3 rows, but 2 labels"):
        read_table(images, labels=words)
    with pytest.raises(DataError, match="one column"):
        open_reader(images, labels=images)


def _header(shape: str, descr: str = "'<f8'", length: int | None = None) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text) if length is None else length) + text


def _tampered_zip() -> bytes:
    content = bytearray(npz(x=np.arange(1000.0)))
    content[90] ^= 0xFF
    return bytes(content)


BROKEN = {
    "cut off npy": npy(np.zeros(9))[:-3],
    "npy goes on": npy(np.zeros(9)) + b"!",
    "npy lies about rows": _header("(1152921504606846976,)") + bytes(64),
    "npy lies about columns": _header("(2, 99999999999)") + bytes(64),
    "npy of no rows": npy(np.zeros((0, 3))),
    "npy of one value": npy(3.0),
    "npy of negative shape": _header("(-3,)") + bytes(64),
    "npy of true shape": _header("(True,)") + bytes(64),
    "npy with a program for a header": _header("__import__('os')"),
    "npy with a long header": b"\x93NUMPY\x02\0\xff\xff\xff\x7f",
    "npy of widthless text": _header("(9,)", "'<U0'"),
    "npy of text that is none": _header("(2,)", "'<U1'") + b"\xff" * 8,
    "objects": npy(np.array([{}, []], object), allow_pickle=True),
    "objects in npz": npz(x=np.array([{}, []], object)),
    "moments without a unit": npy(np.array(["NaT"], "M8")),
    "durations": npy(np.array([1], "m8[s]")),
    "complex": npy([1j]),
    "columns of other lengths": npz(x=np.zeros(3), y=np.zeros(4)),
    "npz with names twice": npz(x=np.zeros((3, 2)), x1=np.zeros(3)),
    "cut off npz": npz(x=np.arange(99))[:-30],
    "damaged npz": _tampered_zip(),
    "empty npz": npz(),
    "cut off idx": idx(np.zeros((3, 3), "u1"))[:-1],
    "idx goes on": idx(np.zeros((3, 3), "u1")) + b"!",
    "idx header cut off": b"\0\0\x08\x03\0\0",
    "idx lies about rows": b"\0\0\x0e\x02\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(64),
    "idx of no rows": idx(np.zeros((0, 3), "u1")),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_data_errors_and_cost_little_memory(
    tmp_path: Path, content: bytes, pack: Any
) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as refused:
            read(tmp_path, pack(content))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert all(str(tmp_path) in fault.where and fault.remedy for fault in refused.value.faults)


@pytest.mark.parametrize("name", ["digits.npy", "digits.npz", "digits-ubyte", "digits.idx.gz"])
def test_a_name_that_promises_another_format_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="Not a"):
        read(tmp_path, b"a,b\n1,2\n", name)


_SOUND = [
    npy(np.arange(6.0).reshape(2, 3)),
    npz(x=np.arange(4)),
    idx(np.zeros((2, 2), "u1")),
    npy(np.array(["ab"])),
]


@settings(max_examples=150)
@given(
    st.sampled_from(_SOUND),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(0, 400),
)
def test_damaged_bytes_are_a_table_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(content)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged[: max(end, 1)])
    try:
        table, _ = read_table(str(path))
    except DataError:
        return
    assert table.rows > 0


def test_a_single_column_keeps_its_array(tmp_path: Path) -> None:
    (column,) = read(tmp_path, npy(np.arange(3, dtype=np.int16))).columns
    assert isinstance(column, Column)
    assert column.numbers is not None
    assert column.numbers.dtype == np.int16


KERAS = {"x_train": np.ones((3, 2, 2)), "y_train": [7, 8, 7], "x_test": np.zeros((2, 2, 2)), "y_test": [8, 8]}


@pytest.mark.parametrize(
    ("arrays", "names", "rows"),
    [
        (KERAS, ("x1", "x2", "x3", "x4", "label"), {"training": 3, "test": 2}),
        (
            {**KERAS, "x_val": [[1]], "y_val": [1]},
            ("x1", "x2", "x3", "x4", "label"),
            {"training": 3, "validation": 1, "test": 2},
        ),
        ({"a_train": [1, 2], "Y_train": [[1], [2]]}, ("a", "label"), {"training": 2}),
        ({"x_train": [1, 2], "y": [1, 2]}, ("x_train", "y"), {"training": 2}),
        ({"x_test": [1, 2]}, ("x_test",), {"training": 2}),
    ],
)
def test_members_named_after_parts(tmp_path: Path, arrays: Any, names: Any, rows: dict[str, int]) -> None:
    (tmp_path / "d").write_bytes(npz(**arrays))
    found = read_file(str(tmp_path / "d"))
    table, parts = found.table, found.parts
    assert table.names == names
    assert {"training": table.rows} | {name: part.rows for name, part in parts.items()} == rows


def test_ignored_members_have_no_say_in_lengths(tmp_path: Path) -> None:
    (tmp_path / "d").write_bytes(npz(x=[1, 2], y=[3, 4], z=[5], o=np.array([{}], object)))
    reading = Reading(ignore=frozenset({"z", "o"}))
    assert cells(read_table(str(tmp_path / "d"), reading)[0]) == {"x": ["1", "2"], "y": ["3", "4"]}
    with pytest.raises(DataError, match="Python objects"):
        read_table(str(tmp_path / "d"))


def test_zip_members_that_are_no_arrays_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", npy([1]))
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"readme\.txt"):
        read(tmp_path, file.getvalue())
