"""Parquet and Arrow files, written by pyarrow and pandas: every type, and files that are none."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_tables import as_csv, cells, fault_of, open_as, whole
from mlpcli.data.arrow_columns import ArrowColumns
from mlpcli.data.formats.arrow import Arrow
from mlpcli.data.formats.parquet import Parquet
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.errors import DataError


def parquet(table: Any, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def ipc(table: Any, stream: bool = False, rows: int = 2, **options: Any) -> bytes:
    sink = io.BytesIO()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


WRITERS = {
    "parquet": (Parquet, parquet),
    "row groups": (Parquet, lambda table: parquet(table, row_group_size=2)),
    "file": (Arrow, ipc),
    "stream": (Arrow, lambda table: ipc(table, stream=True)),
    "compressed": (Arrow, lambda table: ipc(table, compression="zstd")),
}
MOMENT = datetime.datetime(2024, 3, 1, 19, 0, 5)
NAN = float("nan")

CASES: dict[str, tuple[Any, list[str], str]] = {
    "int8": (pa.array([1, None, -3], pa.int8()), ["1", "", "-3"], ""),
    "int64": (pa.array([2**53 + 1, None, 2]), [str(2**53 + 1), "", "2"], ""),
    "uint64": (pa.array([2**64 - 1, 0, None], pa.uint64()), [str(2**64 - 1), "0", ""], ""),
    "float32": (pa.array([0.5, None, NAN], pa.float32()), ["0.5", "", ""], ""),
    "float16": (pa.array([np.float16(0.5), None], pa.float16()), ["0.5", ""], ""),
    "double": (pa.array([0.1, float("inf"), -0.0]), ["0.1", "inf", "0"], ""),
    "bool": (pa.array([True, None, False]), ["1", "", "0"], "truth"),
    "string": (pa.array([" x ", "", None, "007", "12"]), ["x", "", "", "007", "12"], ""),
    "large string": (pa.array(["a", None, "a"], pa.large_string()), ["a", "", "a"], ""),
    "string view": (pa.array(["a", None], pa.string_view()), ["a", ""], ""),
    "binary": (pa.array([b"a", None]), ["a", ""], ""),
    "levels": (pa.array(["b", None, "a", "b"]).dictionary_encode(), ["b", "", "a", "b"], "category"),
    "numbered levels": (pa.array([7, None, 7]).dictionary_encode(), ["7", "", "7"], "category"),
    "ordered levels": (
        pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), ["low", "high"], ordered=True),
        ["high", "low", ""],
        "ordinal",
    ),
    "missing level": (
        pa.DictionaryArray.from_arrays(pa.array([1, 0]), pa.array([None, "a"])),
        ["a", ""],
        "category",
    ),
    "date32": (pa.array([MOMENT.date(), None]), ["2024-03-01", ""], "date"),
    "date64": (pa.array([MOMENT.date(), None], pa.date64()), ["2024-03-01", ""], "date"),
    "seconds": (pa.array([MOMENT, None], pa.timestamp("s")), ["2024-03-01T19:00:05", ""], "date"),
    "nanoseconds": (pa.array([MOMENT, None], pa.timestamp("ns")), ["2024-03-01T19:00:05", ""], "date"),
    "microseconds": (
        pa.array([MOMENT.replace(microsecond=120_000), MOMENT], pa.timestamp("us")),
        ["2024-03-01T19:00:05.12", "2024-03-01T19:00:05"],
        "date",
    ),
    "time zone": (pa.array([MOMENT], pa.timestamp("us", "Europe/Berlin")), ["2024-03-01T19:00:05Z"], "date"),
    "before 1970": (pa.array([datetime.date(1815, 12, 10)]), ["1815-12-10"], "date"),
    "after 2262": (
        pa.array([datetime.datetime(9999, 12, 31)], pa.timestamp("us")),
        ["9999-12-31T00:00:00"],
        "date",
    ),
    "time": (pa.array([MOMENT.time(), None], pa.time64("us")), ["19:00:05.000000", ""], ""),
    "duration": (pa.array([datetime.timedelta(minutes=1, milliseconds=500)]), ["60.5"], ""),
    "decimal": (pa.array([Decimal("1.50"), None]), ["1.5", ""], ""),
    "long decimal": (pa.array([Decimal("12345678901234567"), None]), ["12345678901234567", ""], ""),
    "null": (pa.nulls(2), ["", ""], ""),
}
NOT_WRITTEN = {("missing level", Parquet)}
"""What pyarrow does not write in a format."""


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("case", CASES)
def test_every_type_gives_the_cells_of_a_csv_file(tmp_path: Path, case: str, writer: str) -> None:
    values, texts, kind = CASES[case]
    format_class, write = WRITERS[writer]
    if (case, format_class) in NOT_WRITTEN:
        with pytest.raises(pa.ArrowNotImplementedError):
            write(pa.table({"v": values}))
        return
    table = whole(open_as(format_class, tmp_path / "t", write(pa.table({"v": values}))))
    if case == "numbered levels" and format_class is Parquet:
        kind = ""  # Parquet keeps dictionaries of text only
    assert cells(table) == {"v": texts}
    assert (table.declared["v"].kind if kind else table.declared.get("v")) == (kind or None)
    if kind == "ordinal":
        assert table.declared["v"].levels == ("low", "high")
    assert list(table.lines) == list(range(1, len(texts) + 1))


@pytest.mark.parametrize("case", CASES)
def test_chunks_of_a_table_in_memory_may_have_levels_of_their_own(case: str) -> None:
    values, texts, _ = CASES[case]
    table = pa.table({"v": pa.chunked_array([values, values[:0], values[1:]])})
    found = ArrowColumns(table.schema, "memory", PLAIN_READING).table(table, 0)
    assert cells(found) == {"v": texts + texts[1:]}


@pytest.mark.parametrize(
    "type_", [pa.list_(pa.int8()), pa.struct([("a", pa.int8())]), pa.map_(pa.string(), pa.int8())]
)
def test_nested_types_are_refused_by_name_unless_ignored(tmp_path: Path, type_: Any) -> None:
    content = parquet(pa.table({"deep": pa.array([None], type_), "a": [1]}))
    with pytest.raises(DataError, match=r"'deep' has the type .*\n.*ignore: \[deep\]"):
        open_as(Parquet, tmp_path / "t", content)
    reader = open_as(Parquet, tmp_path / "t", content, Reading(ignore=frozenset({"deep"})))
    assert reader.names == ("a",)
    assert cells(whole(reader)) == {"a": ["1"]}


@pytest.mark.parametrize("write", [parquet, ipc])
def test_equal_names_an_index_and_words_as_words(tmp_path: Path, write: Any) -> None:
    format_class = Parquet if write is parquet else Arrow
    arrays = [pa.array([1]), pa.array([2]), pa.array(["3"]), pa.array([4]), pa.array([5])]
    table = pa.Table.from_arrays(arrays, ["a", "a", "", "__index_level_0__", "z"])
    reading = Reading(as_text=frozenset({"z", "x3"}), ignore=frozenset({"a_2"}))
    reader = open_as(format_class, tmp_path / "t", write(table), reading)
    assert cells_of_words(whole(reader)) == {"a": None, "x3": ("3",), "z": ("5",)}
    told = " ".join(reader.notes)
    assert all(part in told for part in ("a_2", "x3", "__index_level_0__"))


def cells_of_words(table: Any) -> dict[str, Any]:
    return {column.name: column.words or None for column in table.columns}


@pytest.mark.parametrize("writer", WRITERS)
def test_files_cut_off_or_overwritten_are_refused(tmp_path: Path, writer: str) -> None:
    format_class, write = WRITERS[writer]
    content = write(pa.table({"a": np.arange(100.0), "b": ["x", "y"] * 50}))
    random = np.random.default_rng(0)

    def read(content: bytes) -> None:
        list(open_as(format_class, tmp_path / "t", content).chunks(1 << 30))

    for trial in range(60):
        damaged = bytearray(content)
        if trial % 2:
            del damaged[random.integers(9, len(content)) :]
        else:
            at = random.integers(8, len(content) - 8)
            damaged[at : at + 8] = random.bytes(8)
        fault = fault_of(read, bytes(damaged))
        assert not fault or str(tmp_path / "t") in fault


def test_first_bytes_tell_what_it_is() -> None:
    table = pa.table({"a": [1]})
    assert Parquet.claims("x", parquet(table)) == 3
    assert [Arrow.claims("x", ipc(table, stream=stream)) for stream in (False, True)] == [3, 3]
    assert Arrow.claims("x", b"\xff\xff\xff\xff\x03") == 0
    assert (Parquet.claims("x.parquet", b"a"), Arrow.claims("x.feather", b"a")) == (2, 2)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=4), st.integers(-(2**63), 2**63 - 1)), min_size=1), st.integers(1, 5)
)
def test_any_cells_come_back_in_chunks_of_any_size(tmp_path_factory: Any, rows: Any, size: int) -> None:
    table = pa.table({"s": [text for text, _ in rows], "n": [number for _, number in rows]})
    wanted = {
        "s": as_csv("s", [text for text, _ in rows]),
        "n": as_csv("n", [str(number) for _, number in rows]),
    }
    path = tmp_path_factory.getbasetemp() / "any"
    for format_class, write in WRITERS.values():
        assert cells(whole(open_as(format_class, path, write(table)))) == wanted
        parts = list(open_as(format_class, path).chunks(size))
        assert all(len(part.lines) == size for part in parts[:-1])
        for name, texts in wanted.items():
            assert [cell for part in parts for cell in cells(part)[name]] == texts
