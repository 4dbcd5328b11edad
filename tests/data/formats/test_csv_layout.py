"""What stands around the rows of a text table: names, remarks, row names, columns and rows of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlpcli.data.read import open_reader, read_table
from mlpcli.data.reading import Reading
from mlpcli.data.source import HEAD_BYTES
from mlpcli.errors import DataError

PLAIN = Reading()


def write(folder: Path, text: str) -> str:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def columns(path: str, reading: Reading = PLAIN) -> tuple[dict[str, list[str]], str]:
    table, notes = read_table(path, reading)
    cells = {column.name: [column.cell(row) for row in range(table.rows)] for column in table.columns}
    return cells, "\n".join(notes)


def named(*names: str, **others: object) -> Reading:
    return Reading(names=frozenset(names), **others)


ROWS = "1,2,yes\n2,3,no\n3,5,no\n"
ABY = {"a": ["1", "2", "3"], "b": ["2", "3", "5"], "y": ["yes", "no", "no"]}
LAYOUTS = {
    "an empty last name over nothing": ("a,b,y,\n" + ROWS, PLAIN, "with a header line"),
    "each line ends with the separator": (
        "a,b,y,\n" + ROWS.replace("\n", ",\n"),
        PLAIN,
        "the last column has neither name nor cells",
    ),
    "only the rows end with the separator": (
        "a,b,y\n" + ROWS.replace("\n", ",\n"),
        PLAIN,
        "the last column has neither name nor cells",
    ),
    "remarks": ("# station 12\n# unit m\na,b,y\n" + ROWS, PLAIN, "2 lines at the beginning passed over"),
    "remarks with separators": ("# a, b and y\n# unit, m\na,b,y\n" + ROWS, PLAIN, "begin with '#'"),
    "another mark": (
        "% by hand\na,b,y\n1,2,yes\n% more\n2,3,no\n3,5,no\n",
        Reading(comment="%"),
        "lines that begin with '%' are passed over",
    ),
    "skip": (
        "what\never, it\nis, x, y, z\na,b,y\n" + ROWS,
        Reading(skip=3),
        "3 lines at the beginning passed over",
    ),
    "a title": ("Sales of 2024\na,b,y\n" + ROWS, PLAIN, "line 1 is skipped: 1 cell ('Sales of 2024')"),
    "a title and a note": ("Sales\nin 2024, EUR\na,b,y\n" + ROWS, PLAIN, "line 2 is skipped: 2 cells"),
    "a title before names that are used": (
        "Sales\nx,z,w,v\na,b,y\n" + ROWS,
        named("a", "y"),
        "line 2 is skipped",
    ),
    "R, row names in quotes": (
        '"a","b","y"\n"1",1,2,"yes"\n"2",2,3,"no"\n"3",3,5,"no"\n',
        PLAIN,
        "taken for row names",
    ),
    "R, row names that are names": (
        'a,b,y\nMazda,1,2,yes\n"Datsun 710",2,3,no\nFiat,3,5,no\n',
        PLAIN,
        "taken for row names",
    ),
    "R, with a header that is declared": (
        '"a","b","y"\n"1",1,2,"yes"\n"2",2,3,"no"\n"3",3,5,"no"\n',
        Reading(header=True),
        "taken for row names",
    ),
    "pandas": (",a,b,y\n0,1,2,yes\n1,2,3,no\n2,3,5,no\n", PLAIN, "taken for row names"),
    "pandas, a part of the rows": (",a,b,y\n17,1,2,yes\n4,2,3,no\n30,3,5,no\n", PLAIN, "taken for row names"),
    "R, write.csv2": (
        '"";"a";"b";"y"\n"1";1;2;"yes"\n"2";2;3;"no"\n"3";3;5;"no"\n',
        PLAIN,
        "taken for row names",
    ),
    "blank rows": (
        "a,b,y\n1,2,yes\n,,\n2,3,no\n3,5,no\n,,\n , ,\n",
        PLAIN,
        "3 rows without a filled cell left out",
    ),
    "names over two lines": (
        "a,,y\n,b,\n" + ROWS,
        Reading(header=2),
        "with names over 2 lines",
    ),
}


@pytest.mark.parametrize(("text", "reading", "said"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_what_is_around_the_rows_is_read_and_said(
    tmp_path: Path, text: str, reading: Reading, said: str
) -> None:
    for end in ("\n", "\r\n"):
        cells, notes = columns(write(tmp_path, text.replace("\n", end)), reading)
        assert cells == ABY
        assert said in notes


NAMES = {
    "numbers that are used": (
        "region,4046,4225,price\nW,1,2,3\nE,4,5,6\n",
        named("price"),
        "region 4046 4225 price",
    ),
    "only numbers, used": ("2019,2020\n1,2\n3,4\n", named("2020"), "2019 2020"),
    "numbers that nobody uses": ("region,4046,4225,price\nW,1,2,3\nE,4,5,6\n", PLAIN, "x1 x2 x3 x4"),
    "a model whose file had none": ("x,s,p\ny,s,e\n", named("x1", "x2", "x3"), "x1 x2 x3"),
    "one row for such a model": ("x,s,p\n", named("x1", "x2"), "x1 x2 x3"),
    "a header that such a model finds": ("x2,x1\n5,6\n", named("x1", "x2"), "x2 x1"),
    "names that come again": (
        "call,call,call,call_2\n1,2,3,4\n5,6,7,8\n",
        PLAIN,
        "call call_3 call_4 call_2",
    ),
    "a nameless column beside x2": ("x2,,y\n1,2,3\n4,5,6\n", PLAIN, "x2 x2_2 y"),
    "a nameless first column of values": (",a\n0.5,1\n0.5,2\n1.5,3\n", PLAIN, "x1 a"),
    "that a model has used": (",a\n1,1\n2,2\n3,3\n", named("x1", "a"), "x1 a"),
    "beside a real x1": (",x1,x2,y\n0,1,2,3\n1,4,5,6\n", PLAIN, "x1 x2 y"),
    "three lines": ("a,a,b\nmean,max,\nm,m,kg\n1,2,3\n4,5,6\n", Reading(header=3), "a mean m|a max m|b kg"),
    "decimal commas": (";a;b;y\n1;5,1;3,5;u\n2;4,9;3,0;v\n", PLAIN, "a b y"),
    "years as pandas writes them": (",0,1,2\n0,5,6,7\n1,8,9,9\n", PLAIN, "0 1 2"),
}


@pytest.mark.parametrize(("text", "reading", "names"), NAMES.values(), ids=NAMES.keys())
def test_columns_are_called_by_the_header(tmp_path: Path, text: str, reading: Reading, names: str) -> None:
    reader = open_reader(write(tmp_path, text), reading)
    reader.close()
    assert reader.names == tuple(names.split("|" if "|" in names else " "))


REFUSED = {
    "a header with too many names": (
        "a,b,c,d,y\n1,2,3\n4,5,6\n",
        named("y"),
        "line 1\n  The header has 5 names, all rows have 3 cells",
    ),
    "a short row under a skipped line": (
        "a title\n" + "1,2,3\n" * 300 + "4,5\n",
        PLAIN,
        "line 302\n  2 cells.*\n.*line 1 is skipped",
    ),
    "a cell where there were none": (
        "a,b,\n" + "1,2,\n" * 300 + "1,2,3\n",
        PLAIN,
        "line 302\n  The last column has a cell here, but no name",
    ),
}


@pytest.mark.parametrize(("text", "reading", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_said_with_what_was_passed_over(
    tmp_path: Path, text: str, reading: Reading, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_table(write(tmp_path, text), reading)


def test_the_first_line_may_be_longer_than_the_part_that_is_looked_at(tmp_path: Path) -> None:
    count = 150_001
    names = [f"name{at:06}" for at in range(count)]
    text = ",".join(names) + "\n" + ("1," * (count - 1) + "2\n") * 2
    assert len(text) > HEAD_BYTES + count
    table, _ = read_table(write(tmp_path, text))
    assert table.names == tuple(names)
    assert table.rows == 2
    assert table.columns[-1].numbers.tolist() == [2, 2]


def test_columns_kept_as_text_lose_no_letter(tmp_path: Path) -> None:
    cells, _ = columns(
        write(tmp_path, "a,b\n1.50,1.50\n1.5,1.5\n,\nx,x\n"), Reading(as_text=frozenset({"b"}))
    )
    assert cells == {"a": ["1.5", "1.5", "x"], "b": ["1.50", "1.5", "x"]}


def test_lines_are_counted_over_all_that_is_passed_over(tmp_path: Path) -> None:
    text = 'skipped\n\n# remark\na,b\n\n1,2\n%\n"x\ny",3\r\n,\n4,5'
    table, _ = read_table(write(tmp_path, text), Reading(skip=2, comment="%"))
    assert list(table.lines) == [6, 8, 11]
