"""Workbooks, written by openpyxl: what stands in the cells, and where the table begins."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from format_tables import cells, fault_of, open_as, whole
from mlpcli.data.formats import FORMATS
from mlpcli.data.formats.xlsx import Xlsx
from mlpcli.data.reading import Reading
from mlpcli.errors import DataError, MissingExtraError


def book(*rows: list[Any], at: tuple[int, int] = (1, 1), others: tuple[str, ...] = ()) -> bytes:
    """A workbook whose first sheet has these rows, the first cell at row and column `at`."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Data"
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            if value is not None:
                sheet.cell(at[0] + down, at[1] + right, value)
    for name in others:
        workbook.create_sheet(name)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def read(path: Path, *rows: list[Any], at: tuple[int, int] = (1, 1), **reading: Any) -> Any:
    return whole(open_as(Xlsx, path / "book", book(*rows, at=at), Reading(**reading)))


EXAMPLE = book(["a", "b"], [1, "x"])
DAY, MOMENT = datetime.date(2024, 3, 1), datetime.datetime(2024, 3, 1, 19, 5, 6)


@pytest.mark.parametrize(
    ("values", "texts", "kind"),
    [
        ([1, 2.5, -3e-5], ["1", "2.5", "-3e-05"], None),
        (["x", " y ", None, "007", "12"], ["x", "y", "", "007", "12"], None),
        ([True, None, False], ["1", "", "0"], "truth"),
        ([True, "x"], ["1", "x"], None),
        ([DAY, None, DAY], ["2024-03-01", "", "2024-03-01"], "date"),
        ([MOMENT, DAY], ["2024-03-01T19:05:06", "2024-03-01T00:00:00"], "date"),
        ([DAY, 7], ["2024-03-01", "7"], None),
        ([datetime.time(19, 49)], ["19:49:00"], None),
        ([1, "#N/A", "=1/0"], ["1", "", ""], None),
        ([2020.0, 0.1], ["2020", "0.1"], None),
    ],
)
def test_cells(tmp_path: Path, values: list[Any], texts: list[str], kind: str | None) -> None:
    table = read(tmp_path, ["v", "w"], *([value, "w"] for value in values))
    assert cells(table)["v"] == texts
    assert getattr(table.declared.get("v"), "kind", None) == kind


@pytest.mark.parametrize("at", [(1, 1), (4, 3), (1, 2), (7, 1)])
def test_a_table_may_begin_anywhere(tmp_path: Path, at: tuple[int, int]) -> None:
    table = read(tmp_path, ["a", "b"], [1, "x"], [None, None], [2, "y"], at=at)
    assert cells(table) == {"a": ["1", "2"], "b": ["x", "y"]}
    assert list(table.lines) == [at[0] + 1, at[0] + 3]


@pytest.mark.parametrize(
    ("rows", "reading", "names"),
    [
        ([["a", "b"], [1, 2]], {}, ("a", "b")),
        ([["Report"], ["a", "b", "c"], [1, 2, 3]], {}, ("a", "b", "c")),
        ([[1, 2], [3, 4]], {}, ("x1", "x2")),
        ([["a", 2020], [1, 2]], {"header": True}, ("a", "2020")),
        ([["a", 2020], [1, 2]], {"names": frozenset({"2020"})}, ("a", "2020")),
        ([["one", "two"], ["", "a"], [1, 2]], {"names": frozenset({"a"})}, ("x1", "a")),
        ([["a", "b"], ["c", "d"]], {"header": False}, ("x1", "x2")),
        ([["a", "b"], ["of", "it"], [1, 2]], {"header": 2}, ("a of", "b it")),
        ([["junk", "junk"], ["a", "b"], [1, 2]], {"skip": 1}, ("a", "b")),
        ([["a", "a", None], [1, 2, 3]], {}, ("a", "a_2", "x3")),
        ([["a", "b"], [1, [2][0]]], {"ignore": frozenset({"b"})}, ("a",)),
    ],
)
def test_names(tmp_path: Path, rows: Any, reading: Any, names: tuple[str, ...]) -> None:
    assert read(tmp_path, *rows, **reading).names == names


def test_a_column_without_name_and_cells_is_left_out(tmp_path: Path) -> None:
    assert cells(read(tmp_path, ["a", None, "b"], [1, None, 2])) == {"a": ["1"], "b": ["2"]}


def test_the_first_sheet_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    reader = open_as(Xlsx, tmp_path / "book", book(["a"], [1], others=("More", "Notes")))
    assert "first sheet 'Data'; not read: 'More', 'Notes'" in reader.notes[0]
    assert cells(whole(reader)) == {"a": ["1"]}


def test_chunks_together_are_the_whole(tmp_path: Path) -> None:
    content = book(["n", "s"], *([row, f"s{row % 7}"] for row in range(10_000)))
    wanted = cells(whole(open_as(Xlsx, tmp_path / "book", content)))
    assert wanted["n"] == [str(row) for row in range(10_000)]
    parts = [cells(part) for part in open_as(Xlsx, tmp_path / "book").chunks(999)]
    for name, texts in wanted.items():
        assert [cell for part in parts for cell in part[name]] == texts


@pytest.mark.parametrize(
    ("content", "told"),
    [(book(), "first sheet is empty"), (book(["a", "b"]), "no row"), (EXAMPLE[:-30], "workbook")],
)
def test_faults(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        whole(open_as(Xlsx, tmp_path / "book", content, Reading(header=True)))


def test_damaged_workbooks_are_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(EXAMPLE)
        at = random.integers(60, len(damaged) - 4)
        damaged[at : at + 4] = random.bytes(4)
        fault = fault_of(lambda content: whole(open_as(Xlsx, tmp_path / "book", content)), bytes(damaged))
        assert not fault or str(tmp_path / "book") in fault


def test_no_workbook_is_taken_for_an_npz_nor_the_other_way_round() -> None:
    arrays = io.BytesIO()
    np.savez(arrays, xl=np.zeros(3))
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("[Content_Types].xml", "")
    for content, wanted in ((EXAMPLE, "xlsx"), (other.getvalue(), "xlsx"), (arrays.getvalue(), "npz")):
        claims = {name: FORMATS[name].claims("data", content) for name in FORMATS}
        assert max(claims, key=lambda name: claims[name]) == wanted
        assert sorted(claims.values())[-2] < 3


def test_a_sheet_of_libreoffice(tmp_path: Path) -> None:
    name = "urn:oasis:names:tc:opendocument:xmlns:"
    rows = "".join(
        f"<table:table-row><table:table-cell office:value-type='string'><text:p>{text}</text:p>"
        f"</table:table-cell><table:table-cell {value}/></table:table-row>"
        for text, value in (
            ("x", "office:value-type='float' office:value='1.5'"),
            ("y", "office:value-type='float' office:value='2'"),
        )
    )
    content = (
        f"<office:document-content xmlns:office='{name}office:1.0' xmlns:table='{name}table:1.0' "
        f"xmlns:text='{name}text:1.0' office:version='1.2'><office:body><office:spreadsheet>"
        f"<table:table table:name='S'>{rows}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f"<manifest:manifest xmlns:manifest='{name}manifest:1.0'/>")
    assert Xlsx.claims("data", file.getvalue()) == 3
    assert cells(whole(open_as(Xlsx, tmp_path / "s", file.getvalue()))) == {
        "x1": ["x", "y"],
        "x2": ["1.5", "2"],
    }


def test_without_calamine_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install python-calamine"):
        open_as(Xlsx, tmp_path / "book", EXAMPLE)
