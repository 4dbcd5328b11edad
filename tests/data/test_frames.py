"""Tables from memory: one meaning of a value, whoever holds it."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from format_tables import as_csv, cells
from mlpcli.data.frames import table_from
from mlpcli.data.reading import Reading
from mlpcli.errors import DataError

DAY, MOMENT = datetime.date(2024, 3, 1), datetime.datetime(2024, 3, 1, 19, 5, 6, 500_000)

VALUES: dict[str, tuple[list[Any], list[str]]] = {
    "whole": ([1, -2, 3], ["1", "-2", "3"]),
    "numbers": ([1.5, None, 1e-3], ["1.5", "", "0.001"]),
    "large": ([2**53 + 1, None, 2**53], [str(2**53 + 1), "", str(2**53)]),
    "texts": (["b", None, " a ", "b"], ["b", "", "a", "b"]),
    "texts of numbers": (["12", "007", ""], ["12", "007", ""]),
    "flags": ([True, False, None], ["1", "0", ""]),
    "dates": ([MOMENT, None], ["2024-03-01T19:05:06.5", ""]),
    "nothing": ([None, None], ["", ""]),
}
MAKERS = {
    "mapping": lambda values: {"v": values},
    "rows": lambda values: [{"v": value} for value in values],
    "arrow": lambda values: pa.table({"v": values}),
    "batch": lambda values: pa.record_batch({"v": values}),
    "pandas": lambda values: pd.DataFrame({"v": values}),
    "pandas nullable": lambda values: pd.DataFrame({"v": values}).convert_dtypes(),
    "pandas objects": lambda values: pd.DataFrame({"v": pd.Series(values, dtype=object)}),
    "pandas of arrow": lambda values: pa.table({"v": values}).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda values: pl.DataFrame({"v": values}),
}
LOSSY = {("large", "pandas"), ("large", "pandas nullable")}
"""What a frame has lost before we see it."""


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_the_same_cell_in_every_frame(kind: str, maker: str) -> None:
    values, texts = VALUES[kind]
    if (kind, maker) in LOSSY:
        assert MAKERS[maker](values)["v"].max() == 2**53
        return
    assert cells(table_from(MAKERS[maker](values))) == {"v": texts}


@pytest.mark.parametrize("maker", ["mapping", "pandas", "pandas objects", "pandas nullable", "polars"])
@pytest.mark.parametrize("kind", VALUES)
def test_frames_are_read_without_pyarrow(monkeypatch: pytest.MonkeyPatch, kind: str, maker: str) -> None:
    values, texts = VALUES[kind]
    frame = MAKERS[maker](values)
    monkeypatch.setattr("mlpcli.data.frames.find_spec", lambda name: None)
    if (kind, maker) not in LOSSY:
        assert cells(table_from(frame)) == {"v": texts}


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, "x", 2.5, None], ["1", "x", "2.5", ""]),
        ([1, True, 1.0], ["1", "1", "1"]),
        ([Decimal("1.50"), Decimal("7")], ["1.5", "7"]),
        ([b"a", "a"], ["a", "a"]),
        ([DAY, datetime.time(19, 49)], ["2024-03-01", "19:49:00"]),
        ([datetime.timedelta(minutes=1)], ["60"]),
        ([MOMENT.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=1)))], ["2024-03-01T18:05:06.5"]),
        ([float("inf"), "inf"], ["inf", "inf"]),
        ([2**70, 0.5], [str(2**70), "0.5"]),
        ([2**53 + 1, 0.5], [str(2**53 + 1), "0.5"]),
        ([np.datetime64("NaT"), np.datetime64("2024-03-01")], ["", "2024-03-01"]),
        ([pd.NA, pd.NaT, pd.Timestamp("2024-03-01")], ["", "", "2024-03-01T00:00:00"]),
        (np.array(["b", "", "b"]), ["b", "", "b"]),
        (np.array([1, 2], "u1"), ["1", "2"]),
        (range(3), ["0", "1", "2"]),
    ],
)
def test_values_in_a_mapping(values: Any, texts: list[str]) -> None:
    assert cells(table_from({"v": values})) == {"v": texts}


def test_declared_kinds() -> None:
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["b", None, "b"], ["a", "b"]),
            "o": pd.Categorical([2, 1, 2], [1, 2], ordered=True),
            "d": pd.to_datetime(["2024-03-01", None, "2024-03-02"]),
            "t": [True, False, True],
            "n": [1, 2, 3],
        }
    )
    wanted = {"c": "category", "o": "ordinal", "d": "date", "t": "truth"}
    tables = [table_from(frame), table_from(pa.Table.from_pandas(frame))]
    for table in tables:
        assert {name: schema.kind for name, schema in table.declared.items()} == wanted
        assert cells(table) == cells(tables[0])
    assert tables[0].declared["o"].levels == ("1", "2")
    assert cells(tables[0])["c"] == ["b", "", "b"]


def test_rows_arrays_and_single_values() -> None:
    assert cells(table_from({"a": 1, "b": "x"})) == {"a": ["1"], "b": ["x"]}
    assert cells(table_from([{"a": 1}, {"b": "x"}])) == {"a": ["1", ""], "b": ["", "x"]}
    assert cells(table_from([[1, 2], [3, 4]])) == {"x1": ["1", "3"], "x2": ["2", "4"]}
    assert cells(table_from([[1, "a"], [None, "b"]])) == {"x1": ["1", ""], "x2": ["a", "b"]}
    assert cells(table_from([[1, None], [3, 4]])) == {"x1": ["1", "3"], "x2": ["", "4"]}
    assert cells(table_from(["a", "b"])) == {"x1": ["a", "b"]}
    assert table_from(np.zeros((2, 2, 2))).columns[0].pooled
    assert cells(table_from(pl.Series("s", [1, 2]).to_frame())) == {"s": ["1", "2"]}


def test_words_as_words_and_ignored_columns() -> None:
    reading = Reading(as_text=frozenset({"z"}), ignore=frozenset({"deep"}))
    for make in (lambda columns: columns, pd.DataFrame, pa.table):
        table = table_from(make({"z": ["12", "13"], "deep": [[1], [2]]}), reading=reading)
        (column,) = table.columns
        assert column.words == ("12", "13")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.table({"deep": [[1]]}), "'deep' has the type"),
        (pa.table({"a": pa.array([], pa.int8())}), "no rows"),
        (pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), "'a' comes twice"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' comes twice"),
        (pd.DataFrame({"a": [[1], [2]]}), "row 1, column 'a'"),
        ({"a": [1], "b": [1, 2]}, "differ in length"),
        ({"a": [{}, []]}, "equal length"),
        ({"a": [{}, 1]}, "row 1, column 'a'"),
        ({"a": [1j]}, "'a' has the type complex"),
        ({"a": [1j, None]}, "There is a complex"),
        ({"a": []}, "no rows"),
        ({"a": [1], "b": 3}, "'b' is a single value"),
        ([{"a": 1}, [2]], "Row 2 is no mapping"),
        ([[1], [1, 2]], "equal length"),
        (3, "single value"),
        ({}, "no rows"),
        (np.zeros((0, 3)), "no rows"),
    ],
)
def test_what_is_no_table_is_refused(values: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        table_from(values)


CELLS = st.one_of(
    st.none(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_infinity=False, allow_nan=False),
    st.text(max_size=3),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(CELLS, min_size=1))
def test_any_mixture_is_read_as_the_texts_in_a_file(values: list[Any]) -> None:
    wanted = as_csv("v", ["" if value is None else str(value) for value in values])
    assert cells(table_from({"v": values}))["v"] == wanted
    assert cells(table_from(pd.DataFrame({"v": pd.Series(values, dtype=object)})))["v"] == wanted
