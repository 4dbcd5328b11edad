"""CSV: what is detected, what is refused, and that what was written is what is read."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlpcli.data.column import join_columns, number_text, plain_number
from mlpcli.data.read import open_reader, read_table
from mlpcli.data.reading import Reading
from mlpcli.data.source import HEAD_BYTES
from mlpcli.data.table import Table
from mlpcli.errors import DataError


def write(folder: Path, text: str | bytes, name: str = "data.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def cells(table: Table) -> dict[str, list[str]]:
    return {column.name: [column.cell(row) for row in range(table.rows)] for column in table.columns}


READABLE = {
    "comma": "a,b\n1,x\n2,y\n",
    "semicolon": "a;b\n1;x\n2;y\n",
    "tab": "a\tb\n1\tx\n2\ty\n",
    "bar": "a|b\n1|x\n2|y\n",
    "blanks": "a   b\n 1  x \n2 \t y\n",
    "CRLF": "a,b\r\n1,x\r\n2,y\r\n",
    "old Mac": "a,b\r1,x\r2,y\r",
    "BOM": "\ufeffa,b\n1,x\n2,y\n",
    "no last line end": "a,b\n1,x\n2,y",
    "blanks after the separator": 'a, b\n1, x\n2, "y"\n',
    "blanks before the separator": "a ,b\n1 ,x \n2 ,y\n",
    "empty lines": "\na,b\n\n1,x\n   \n2,y\n\n",
    "all quoted": '"a","b"\n"1","x"\n"2","y"\n',
    "single quotes": "'a','b'\n'1','x'\n'2','y'\n",
    "stray first line": "made by a tool\na,b\n1,x\n2,y\n",
}


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE.keys())
def test_layouts_read_alike(tmp_path: Path, text: str) -> None:
    for path in (write(tmp_path, text), write(tmp_path, gzip.compress(text.encode()), "zipped.csv")):
        table, notes = read_table(path)
        assert cells(table) == {"a": ["1", "2"], "b": ["x", "y"]}
        assert "header" in notes[0]
        assert "no header" not in notes[0]


def test_quoted_cells_hold_separators_quotes_and_line_ends(tmp_path: Path) -> None:
    table, _ = read_table(write(tmp_path, 'a,b\n1,"x, ""y""\nz"\n2,w\n'))
    assert cells(table) == {"a": ["1", "2"], "b": ['x, "y"\nz', "w"]}
    assert list(table.lines) == [2, 4]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2\n3,4\n", ("x1", "x2")),
        ("p,x,s\ne,x,s\np,f,y\n", ("x1", "x2", "x3")),
        ("kind,shape\np,x\ne,x\n", ("kind", "shape")),
        ("M,0.4\nF,0.3\n", ("x1", "x2")),
        ("sex,size\nM,0.3\n", ("sex", "size")),
        ("0,1,2\n5,6,7\n8,9,9\n", ("0", "1", "2")),
        ("1\n2\n3\n", ("x1",)),
        ("age\n2\n3\n", ("age",)),
        ("a,,c\n1,2,3\n4,5,6\n", ("a", "x2", "c")),
    ],
)
def test_header_is_told_from_data(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    reader = open_reader(write(tmp_path, text))
    reader.close()
    assert reader.names == names
    assert any(("no header" in note) == (names[0] == "x1") for note in reader.notes[:1])
    assert any("without a name" in note for note in reader.notes) == (",," in text)


def test_header_and_separator_overrule_what_is_detected(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1,2\n")
    assert cells(read_table(path, Reading(header=False))[0]) == {"x1": ["a", "1"], "x2": ["b", "2"]}
    assert cells(read_table(path, Reading(separator=";"))[0]) == {"a,b": ["1,2"]}
    assert read_table(write(tmp_path, "2020,2021\n1,2\n"), Reading(header=True))[0].names == ("2020", "2021")
    assert read_table(write(tmp_path, "a\tb c\n1\t2 3\n"), Reading(separator="tab"))[0].names == ("a", "b c")
    with pytest.raises(DataError, match=r"data\.separator"):
        open_reader(path, Reading(separator=",,"))


def test_decimal_commas_do_not_part_cells(tmp_path: Path) -> None:
    assert cells(read_table(write(tmp_path, "7,4;0,7\n7,8;0,9\n"))[0]) == {
        "x1": ["7,4", "7,8"],
        "x2": ["0,7", "0,9"],
    }


def test_old_uci_tables_with_one_tab_are_parted_by_blanks(tmp_path: Path) -> None:
    text = '18.0   8   307.0\t"chevrolet chevelle  malibu"\n15.0   8   350.0\t"buick"\n'
    assert cells(read_table(write(tmp_path, text))[0])["x4"] == ["chevrolet chevelle  malibu", "buick"]


BROKEN = {
    "empty": (b"", "is empty"),
    "only blank lines": (b"\n\n \n", "no row"),
    "header only": (b"a,b\n", "header but no row"),
    "ragged": (b"a,b\n1,2\n3,4\n5,6,7\n", r"line 4\n  3 cells, where all rows should have 2"),
    "ragged after a long cell": (b'a,b\n1,"2\n2"\n5,6,7\n', "line 4"),
    "quote not closed": (b'a,b\n1,"2\n3,4\n', "line 2"),
    "quote goes on": (b'a,b\n1,"2"3\n', "line 2"),
    "zero byte": (b"a,b\n1,\0\n", "byte 6"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "text in UTF-16"),
    "latin-1": ("a,b\n1,ü\n".encode("latin-1"), r"byte 6\n  The text is not UTF-8"),
    "latin-1 after a BOM": (b"\xef\xbb\xbf" + "a,b\n1,ü\n".encode("latin-1"), "byte 9"),
    "header one short": (b"a,b\n1,2,3\n4,5,6\n", "lacks a name"),
    "a huge cell": (b"a,b\n1," + b"x" * 200_000 + b"\n", "field larger"),
    "gzip cut off": (gzip.compress(b"a,b\n" + b"1,2\n" * 99)[:-12], "cut off or damaged"),
    "gzip in name and start only": (b"\x1f\x8b\x08\0\0", "cut off or damaged"),
}


@pytest.mark.parametrize(("content", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_named_with_place_and_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=said) as refused:
        read_table(path)
    assert all(path in fault.where and fault.remedy for fault in refused.value.faults)


@pytest.mark.parametrize("bad", [b"5,6,7\n", b"\0", b"5,\xff\n", b'5,"6\n'])
def test_faults_far_beyond_the_beginning_have_their_place(tmp_path: Path, bad: bytes) -> None:
    row = b"1," + b"2" * 61 + b"\n"
    good = b"a,b\n" + row * (HEAD_BYTES // len(row) + 5000)
    with pytest.raises(DataError) as refused:
        read_table(write(tmp_path, good + bad))
    where = refused.value.faults[0].where
    offset = len(good) + (2 if b"\xff" in bad else 0)
    assert where.endswith((f"line {good.count(bytes([10])) + 1}", f"byte {offset}"))


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "a\n1\n", "iris.csv")
    with pytest.raises(DataError, match=r"Did you mean .*iris\.csv"):
        open_reader(str(tmp_path / "irs.csv"))
    with pytest.raises(DataError, match="directory"):
        open_reader(str(tmp_path))


def test_standard_input_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a,b\n" + "".join(f"{at},{-at}\n" for at in range(1000))
    for content in (text.encode(), gzip.compress(text.encode())):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(_Pipe(content))))
        reader = open_reader("-")
        assert reader.names == ("a", "b")
        parts = list(reader.chunks(300))
        assert max(part.rows for part in parts) <= 300
        assert sum(part.rows for part in parts) == 1000
        assert parts[-1].where(parts[-1].rows - 1) == "standard input line 1001"
        assert cells(parts[-1])["b"][-1] == "-999"


def test_chunks_take_little_memory_however_long_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, b"a,b\n" + b"123456,some text\n" * 100_000)
    tracemalloc.start()
    try:
        assert sum(part.rows for part in open_reader(path).chunks(1000)) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 12 << 20  # as a whole it takes half as much again
    finally:
        tracemalloc.stop()


class _Pipe(io.RawIOBase):
    """Cannot seek, and gives few bytes at a time, as pipes do."""

    def __init__(self, content: bytes) -> None:
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._rest.read(min(len(buffer), 7))
        buffer[: len(block)] = block
        return len(block)


@given(
    st.lists(st.tuples(st.integers(), st.text("ab,;", max_size=3)), min_size=1, max_size=40),
    st.integers(1, 9),
)
def test_chunks_together_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]], size: int
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("n", "t"), *rows])
    path = write(tmp_path_factory.getbasetemp(), text.getvalue())
    whole, _ = read_table(path, Reading(header=True, separator=","))
    parts = list(open_reader(path, Reading(header=True, separator=",")).chunks(size))
    assert [part.rows for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert [line for part in parts for line in part.lines] == list(whole.lines)
    for at, column in enumerate(whole.columns):
        joined = join_columns([part.columns[at] for part in parts])
        assert [joined.cell(row) for row in range(whole.rows)] == [
            column.cell(row) for row in range(whole.rows)
        ]


def as_read(cell: str) -> str:
    value = plain_number(cell)
    return cell if value is None else number_text(value)


_CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6).map(str.strip)


@settings(max_examples=100)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(_CELL, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str, quoting: int, end: str
) -> None:
    assume(len(rows[0]) == 1 or any(map(any, rows)))
    # csv before Python 3.13 forgets the quotes that a bare carriage return needs.
    assume(quoting != csv.QUOTE_MINIMAL or not any("\r" in cell for row in rows for cell in row))
    text = io.StringIO(newline="")
    names = [f"name{at}" for at in range(len(rows[0]))]
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end).writerows([names, *rows])  # type: ignore[arg-type]
    path = write(tmp_path_factory.getbasetemp(), text.getvalue())
    table, _ = read_table(path, Reading(header=True, separator=separator))
    assert table.names == tuple(names)
    filled = [row for row in rows if len(row) == 1 or any(row)]
    assert [tuple(as_read(cell) for cell in row) for row in filled] == list(zip(*cells(table).values()))


@settings(max_examples=150)
@given(
    st.binary(max_size=80) | st.text("1a,; \t\n\"'.-\r", max_size=60).map(str.encode),
    st.sampled_from([None, True, False]),
)
def test_random_bytes_are_a_table_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, header: bool | None
) -> None:
    path = write(tmp_path_factory.getbasetemp(), content, "random.txt")
    try:
        table, _ = read_table(path, Reading(header=header))
    except DataError:
        return
    assert table.rows > 0
    assert all(column.rows == table.rows for column in table.columns)
