"""ARFF: declared types, and rows in all the ways that Weka writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_tables import as_csv, cells, fault_of, open_as, whole
from mlpcli.data.formats.arff import Arff
from mlpcli.data.reading import Reading
from mlpcli.errors import DataError

EXAMPLE = b"% a comment\n@RELATION r\n@ATTRIBUTE a numeric\n@DATA\n1\n"
HEADER = """% title
@relation 'my data'

@ATTRIBUTE 'petal length' REAL
@attribute kind {a, 'b c', "d'e"}
@attribute \\u { 0,1 }
@Attribute note string
@attribute day date "dd.MM.yyyy"
@attribute at DATE
@data
"""


def read(path: Path, text: str, **reading: Any) -> Any:
    return whole(open_as(Arff, path / "rows", text.encode(), Reading(**reading)))


def one(kind: str, *rows: str) -> str:
    return "\n".join(["@relation r", f"@attribute v {kind}", "@attribute w numeric", "@data", *rows, ""])


def test_declared_columns_and_their_cells(tmp_path: Path) -> None:
    rows = [
        "1.5,a,0,'it\\'s, so',01.03.2024,2024-03-01T19:00:00",
        "% between",
        "?, 'b c' ,1,\"x\",?,?",
        "",
        '1e3 ,"d\'e",?,?,31.12.2023,2023-12-31T00:00:00',
    ]
    table = read(tmp_path, HEADER + "\r\n".join(rows))
    assert cells(table) == {
        "petal length": ["1.5", "", "1000"],
        "kind": ["a", "b c", "d'e"],
        "\\u": ["0", "1", ""],
        "note": ["it's, so", "x", ""],
        "day": ["01.03.2024", "", "31.12.2023"],
        "at": ["2024-03-01T19:00:00", "", "2023-12-31T00:00:00"],
    }
    assert list(table.lines) == [11, 13, 15]
    declared = {name: (each.kind, each.levels, each.date_format) for name, each in table.declared.items()}
    assert declared == {
        "kind": ("category", ("a", "b c", "d'e"), ""),
        "\\u": ("category", ("0", "1"), ""),
        "day": ("date", (), "%d.%m.%Y"),
        "at": ("date", (), "%Y-%m-%dT%H:%M:%S"),
    }


def test_sparse_rows_leave_out_zeros_and_first_levels(tmp_path: Path) -> None:
    text = "@relation r\n@attribute n numeric\n@attribute k {x,'y z'}\n@attribute s string\n@data\n"
    table = read(tmp_path, text + "{0 2.5, 1 'y z'}\n{}\n{ 2 \"a, b\" }\n3,x,?\n{1 ?}")
    assert cells(table) == {
        "n": ["2.5", "0", "0", "3", "0"],
        "k": ["y z", "x", "x", "x", ""],
        "s": ["", "", "a, b", "", ""],
    }


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("007", "7"),
        ("+5", "5"),
        ("1e400", None),
        ("-0", "0"),
        (str(2**53 + 1), str(2**53 + 1)),
        ("abc", None),
    ],
)
def test_numbers_are_what_is_declared_as_such(tmp_path: Path, cell: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(DataError, match=r"line 6, column 'v'\n.*does not fit the declaration"):
            read(tmp_path, one("integer", "1,1", f"{cell},2"))
    else:
        assert cells(read(tmp_path, one("integer", "1,1", f"{cell},2")))["v"] == ["1", text]


def test_rows_parted_by_blanks(tmp_path: Path) -> None:
    assert cells(read(tmp_path, one("string", "a 1", "'b c'\t2"))) == {"v": ["a", "b c"], "w": ["1", "2"]}


def test_ignored_columns_and_words(tmp_path: Path) -> None:
    text = one("{01,1}", "01,1", "1,2")
    assert cells(read(tmp_path, text, as_text=frozenset({"v"}), ignore=frozenset({"w"}))) == {
        "v": ["01", "1"]
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (one("real", "1,2", "1,2,3"), "line 6\n  3 cells, where 2"),
        (one("real", "1"), "line 5\n  1 cells"),
        (one("{a,b}", "a,1", "c,1"), "line 6, column 'v'\n  'c' does not fit"),
        (one("{a,b}", "'a,1"), "line 5"),
        (one("real", "{0 1, 2 3}"), "line 5\n  '2 3' is no place"),
        (one("real", "{0 1"), "line 5"),
        (one("relational", "1,2"), "line 2\n  The type 'relational'"),
        (
            "@relation r\n@attribute v real\n@attribute v real\n@data\n1,2\n",
            "line 3\n  The column 'v' comes twice",
        ),
        ("@relation r\n@attribute v real\n1,2\n", "line 3\n  '1,2' is no line of a header"),
        ("@relation r\n@attribute v real\n", "no @data"),
        ("@relation r\n@data\n", "line 2"),
        ("@relation r\n@attribute\n@data\n", "line 2"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert all(fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("java", "form"),
    [
        ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S"),
        ("d MMM yy", ""),
        ("dd/MM/yy 'at' HH'%'", "%d/%m/%y at %H%%"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", ""),
    ],
)
def test_formats_of_dates(tmp_path: Path, java: str, form: str) -> None:
    quoted = java.replace("'", "\\'")
    table = read(tmp_path, one(f"date '{quoted}'", "?,1"))
    assert table.declared["v"].date_format == form


def test_what_is_arff() -> None:
    assert Arff.claims("x", EXAMPLE) == 3
    assert Arff.claims("x", b"\xef\xbb\xbf% a\n\n  @relation x\n") == 3
    assert Arff.claims("x.arff", b"a,b\n") == 2
    assert Arff.claims("x", b"@relations,b\n1,2\n") == 0


def quoted(text: str) -> str:
    return (
        "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r") + "'"
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), max_size=6),
            st.one_of(st.none(), st.floats(allow_infinity=False)),
        ),
        min_size=1,
    ),
    st.integers(1, 9),
)
def test_any_texts_come_back(tmp_path_factory: Any, rows: list[tuple[str, float | None]], size: int) -> None:
    lines = [
        f"{quoted(text)},{'?' if number is None or number != number else number!r}" for text, number in rows
    ]
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_text(one("string", *lines), encoding="utf-8", newline="\n")
    table = whole(open_as(Arff, path))
    wanted = ["" if text == "?" else text for text, _ in rows]
    assert cells(table)["v"] == as_csv("v", wanted)
    numbers = ["" if number is None or number != number else repr(number) for _, number in rows]
    assert cells(table)["w"] == as_csv("w", numbers)
    parts = [cells(part)["v"] for part in open_as(Arff, path).chunks(size)]
    assert [cell for part in parts for cell in part] == cells(table)["v"]
    assert all(len(part) == size for part in parts[:-1])


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab1?,'\"\\{} \t\n%@", max_size=30))
def test_any_text_is_read_or_refused(tmp_path_factory: Any, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert fault_of(lambda: read(folder, one("string", "x,1", text)))[:7] in ("", "error: ")
