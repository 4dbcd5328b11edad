"""LIBSVM: sparse rows as a dense block, and what is told of lines that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_tables import cells, fault_of, open_as, whole
from mlpcli.data.formats.libsvm import Libsvm
from mlpcli.data.reading import Reading
from mlpcli.errors import DataError

EXAMPLE = b"+1 1:0.5 3:2\n-1 2:1\n"


def read(path: Path, text: str, **reading: Any) -> Any:
    return whole(open_as(Libsvm, path / "rows", text.encode(), Reading(**reading)))


def test_what_is_left_out_is_zero(tmp_path: Path) -> None:
    table = read(tmp_path, "# head\n+1 1:0.5 3:2 # a comment: 4\n\n-1\t2:-1e3  \n0\n")
    assert cells(table) == {
        "label": ["1", "-1", "0"],
        "x1": ["0.5", "0", "0"],
        "x2": ["0", "-1000", "0"],
        "x3": ["2", "0", "0"],
    }
    assert list(table.lines) == [2, 4, 5]


def test_an_index_of_zero_and_queries(tmp_path: Path) -> None:
    table = read(tmp_path, "3 qid:1 0:1 2:2\n1 qid:2\n")
    assert cells(table) == {
        "label": ["3", "1"],
        "qid": ["1", "2"],
        "x0": ["1", "0"],
        "x1": ["0", "0"],
        "x2": ["2", "0"],
    }


def test_columns_of_the_model_are_there_in_a_narrower_file(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    reader = open_as(Libsvm, path, b"1 2:5\n", Reading(names=frozenset({"x0", "x4", "label"})))
    assert reader.names == ("label", "x0", "x1", "x2", "x3", "x4")
    assert cells(whole(reader))["x4"] == ["0"]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [("255", "u1"), ("256", "f4"), ("-1", "f4"), ("0.5", "f4"), ("0.1", "f8"), ("1e300", "f8")],
)
def test_values_are_held_in_the_narrowest_type(tmp_path: Path, value: str, dtype: str) -> None:
    (_, block) = read(tmp_path, f"1 1:1 2:{value}\n").columns
    assert block.values.dtype == dtype
    assert float(block.values[0, 1]) == float(value)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("1 1:2 1:3", "indices of a row must rise"),
        ("1 2:2 1:3", "indices of a row must rise"),
        ("1 1:x", "'1:x' is no pair"),
        ("1 1:nan", "'1:nan' is no pair"),
        ("1 1:", "'1:' is no pair"),
        ("1 1", "'1' is no pair"),
        ("1 1:2:3", "'1:2:3' is no pair"),
        ("1 -1:2", "'-1:2' is no pair"),
        ("1 1e1:2", "'1e1:2' is no pair"),
        ("1 1:+", "'1:+' is no pair"),
        ("a 1:2", "The label 'a' is no number"),
        ("1,2 1:2", "The label '1,2' is no number"),
        ("1 qid:1 1:2", "Some lines have a qid"),
        ("1 4000000000:2", "is no pair"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, bad: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, f"1 1:2 2:3\n-1 1:1\n{bad}\n1 3:1\n")
    assert "line 3\n" in str(caught.value)
    assert told in str(caught.value)


def test_a_vast_table_is_refused_with_its_size(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 rows of 900,000,000 columns would take 6.7 GiB"):
        read(tmp_path, "1 900000000:1\n1 1:1\n")


def test_what_is_libsvm() -> None:
    assert Libsvm.claims("x", EXAMPLE) == 3
    assert Libsvm.claims("x", b"# c\n1 qid:1 1:1\n") == 3
    assert Libsvm.claims("x", b"1 1:1 2:") == 0
    assert Libsvm.claims("x", b"1\n2\n") == 0
    assert Libsvm.claims("x", b"1 2:1 1:1\n") == 0
    assert Libsvm.claims("x", b"day 10:15\n1 11:20\n") == 0
    assert Libsvm.claims("x.svm", b"1\n") == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-100, 100),
            st.dictionaries(st.integers(0, 9), st.floats(allow_nan=False, allow_infinity=False)),
        ),
        min_size=1,
    ),
    st.integers(1, 5),
)
def test_any_rows_come_back(
    tmp_path_factory: Any, rows: list[tuple[float, dict[int, float]]], size: int
) -> None:
    lines = [
        " ".join([repr(label), *(f"{at}:{pairs[at]!r}" for at in sorted(pairs))]) for label, pairs in rows
    ]
    path = tmp_path_factory.getbasetemp() / "any"
    table = whole(open_as(Libsvm, path, "\n".join(lines).encode()))
    low = min([1, *(at for _, pairs in rows for at in pairs)])
    high = max([0, *(at for _, pairs in rows for at in pairs)])
    wanted = np.array([[pairs.get(at, 0.0) for at in range(low, high + 1)] for _, pairs in rows])
    label, *blocks = table.columns
    assert label.numbers.tolist() == [label for label, _ in rows]
    found = blocks[0].values if blocks else np.zeros((len(rows), 0))
    np.testing.assert_array_equal(found, wanted)
    parts = list(open_as(Libsvm, path).chunks(size))
    assert np.concatenate([part.columns[0].numbers for part in parts]).tolist() == label.numbers.tolist()
    if blocks:
        np.testing.assert_array_equal(np.concatenate([part.columns[1].values for part in parts]), wanted)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="12:: \n#+-.eqid", max_size=30))
def test_any_text_is_read_or_refused(tmp_path_factory: Any, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert fault_of(lambda: read(folder, "1 1:2\n" + text))[:7] in ("", "error: ")
