"""JSON lines: keys are columns, whatever stands where."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_tables import as_csv, cells, fault_of, open_as, whole
from mlpcli.data.formats.json_lines import JsonLines
from mlpcli.data.reading import Reading
from mlpcli.errors import DataError

EXAMPLE = b'{"a": 1, "b": "x"}\n{"a": 2}\n'


def read(path: Path, text: str, **reading: Any) -> Any:
    return whole(open_as(JsonLines, path / "rows", text.encode(), Reading(**reading)))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, 2.5, -3], ["1", "2.5", "-3"]),
        ([True, False, None], ["true", "false", ""]),
        (["007", "12", " x "], ["007", "12", "x"]),
        ([1, "one", None], ["1", "one", ""]),
        ([2**53, 2**53 + 1, -(2**60)], [str(2**53), str(2**53 + 1), str(-(2**60))]),
        ([float("nan"), float("inf"), 1], ["", "Infinity", "1"]),
        ([1, True, 1.0], ["1", "true", "1"]),
        (["", " ", "a"], ["", "", "a"]),
    ],
)
def test_a_value_is_the_cell_that_it_would_be_in_a_csv_file(tmp_path: Path, values: Any, texts: Any) -> None:
    rows = [{"v": value} for value in values]
    for text in ("\n".join(map(json.dumps, rows)), json.dumps(rows), json.dumps(rows, indent=1)):
        assert cells(read(tmp_path, text))["v"] == texts


def test_keys_may_come_late_go_missing_and_nest(tmp_path: Path) -> None:
    text = '{"a": 1}\n\n{"b": {"c": "x", "d": {"e": 2}}}\r\n{"a": 3, "f": null}\n'
    table = read(tmp_path, text)
    assert cells(table) == {
        "a": ["1", "", "3"],
        "b.c": ["", "x", ""],
        "b.d.e": ["", "2", ""],
        "f": ["", "", ""],
    }
    assert list(table.lines) == [1, 3, 4]
    assert table.unit == "line"


def test_columns_kept_as_words_or_ignored(tmp_path: Path) -> None:
    text = '{"zip": "12345", "n": [1, 2]}\n{"zip": 1234, "n": []}\n'
    table = read(tmp_path, text, as_text=frozenset({"zip"}), ignore=frozenset({"n"}))
    assert table.columns[0].words == ("12345", "1234.0") or table.columns[0].words == ("12345", "1234")
    assert cells(table).keys() == {"zip"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1}\n{"a": 1,}\n', "line 2 column 9"),
        ('{"a": 1}\n{"a": 1} {"a": 2}\n', "line 2 column 10"),
        ('{"a": 1}\n[1]\n', "line 2\n  There is a list where an object"),
        ('{"a": 1}\n{"a": [1]}\n', "line 2\n  The key 'a' holds a list"),
        ('{"a": 1, "a": 2}\n', "'a' comes twice"),
        ('{"a.b": 1, "a": {"b": 2}}\n', "'a.b' comes twice"),
        ('{"a": 007}\n', "line 1"),
        ("{\n", "line 1"),
        ("\n \n", "no object"),
        ("[]", "line 1\n  There is a list"),
        ('[{"a": 1}, 2]', "row 2\n  There is a number"),
        ('[{"a": 1}', "line 1"),
        ('{"a": 1}\n{"a": "\n"}', "line 2"),
        ('{"a": ' + "[" * 100_000, "line 1"),
        ('{"a": ' + '{"a": ' * 50 + "1" + "}" * 51, "holds an object"),
        ('{"a": ' + "9" * 5000 + "}", "line 1"),
    ],
)
def test_faults_name_the_line_and_the_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert all(fault.remedy for fault in caught.value.faults)


def test_text_that_is_no_utf8_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2\n  The text is not UTF-8"):
        whole(open_as(JsonLines, tmp_path / "rows", b'{"a": 1}\n{"a": "\xe4"}\n'))


@pytest.mark.parametrize("size", [7, 30_000])
def test_chunks_together_are_the_whole(tmp_path: Path, size: int) -> None:
    rows = [{"a": n, "b": random.Random(n).choice(["x", "y", None, 7])} for n in range(40_000)]
    text = "\n".join(map(json.dumps, rows))
    wanted = cells(read(tmp_path, text))
    parts = list(open_as(JsonLines, tmp_path / "rows").chunks(size))
    assert max(len(part.lines) for part in parts) <= size
    found = [cells(part) for part in (parts if size > 7 else parts[:50])]
    for name in wanted:
        together = [cell for part in found for cell in part[name]]
        assert together == wanted[name][: len(together)]
    assert sum(len(part.lines) for part in parts) == 40_000


@pytest.mark.parametrize(
    ("name", "head", "sure"),
    [
        ("x.jsonl", b"a", 2),
        ("x", b'{"a": 1}\n', 3),
        ("x", b'\xef\xbb\xbf \n{"a": 1}\n', 3),
        ("x", b'{"a": 1}', 3),
        ("x", b' [ {"a": 1}]', 3),
        ("x", b"{a},b\n1,2\n", 0),
        ("x", b"[1],2\n", 0),
        ("x", b'"{""a"": 1}",2\n', 0),
    ],
)
def test_what_is_json(name: str, head: bytes, sure: int) -> None:
    assert JsonLines.claims(name, head) == sure


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "ä ö"]),
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(-(10**18), 10**18),
                st.floats(allow_infinity=False),
                st.text(max_size=5),
            ),
            min_size=1,
        ),
        min_size=1,
    )
)
def test_any_values_are_read_as_the_same_texts(tmp_path_factory: Any, rows: list[dict[str, Any]]) -> None:
    def text(value: Any) -> str:
        if value is None or value != value:
            return ""
        return json.dumps(value) if isinstance(value, bool) else str(value)

    folder = tmp_path_factory.getbasetemp()
    found = cells(read(folder, "\n".join(map(json.dumps, rows))))
    for name in {name for row in rows for name in row}:
        assert found[name] == as_csv(name, [text(row.get(name)) for row in rows])


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]":,.0123456789eE+-ab \n\\', max_size=40))
def test_any_text_is_read_or_refused(tmp_path_factory: Any, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert fault_of(lambda: read(folder, "{" + text))[:7] in ("", "error: ")
