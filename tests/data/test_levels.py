"""Which cells are equal: one class, one level, however they are written."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.schema import DataConfig, MissingConfig
from mlpcli.data.categorical import fit_categorical
from mlpcli.data.column import Column, column_of_cells
from mlpcli.data.frames import table_from
from mlpcli.data.levels import EMPTY, UNKNOWN, count_levels, in_order, level_codes, meaning
from mlpcli.data.preparation_warnings import UnknownCells
from mlpcli.data.prepare import fit_columns
from mlpcli.data.schema.infer import infer_schema
from mlpcli.data.targets import fit_classes
from mlpcli.data.task import infer_task

EQUAL = [
    ("0", "-0", "+0", "0.0", "-0.0", "0e5"),
    ("1", "1.0", "+1", "1e0", "10e-1"),
    ("9007199254740993", "+9007199254740993"),
    ("100000000000000000000", "1e20", "1E+20", "100000000000000000000.00"),
    ("0.1", ".1", "0.10", "0.1000000000000000055511151231257827"),
]
"""Numbers in several spellings; the last is what float64 makes of 0.1."""
DIFFERENT = [
    ("9007199254740992", "9007199254740993"),
    ("100000000000000000000", "100000000000000000001"),
    ("-9007199254740992", "-9007199254740993"),
    ("12345678901234567890123456789", "12345678901234567890123456788"),
    ("0.1", "0.10000000000000002"),
    ("a", "A"),
    ("1e400", "2e400"),
    ("1", "1_0"),
    ("7", "007"),
    ("07", "007"),
]


def codes(cells: list[str], levels: list[str]) -> list[int]:
    return level_codes(column_of_cells("c", cells), levels).tolist()


@pytest.mark.parametrize("words", EQUAL, ids=lambda words: words[0])
def test_one_number_is_one_class_and_one_level_however_it_is_written(words: tuple[str, ...]) -> None:
    for first, second in permutations(words, 2):
        assert codes([first, "", "no"], [second]) == [0, EMPTY, UNKNOWN]
    cells = [*words, "x", *words]
    table = table_from({"c": cells})
    (kept,) = [level for level in count_levels(table.column("c")) if level != "x"]
    assert meaning(kept) == meaning(words[0])
    assert fit_classes(table, "c").classes == fit_classes(table_from({"c": cells[::-1]}), "c").classes
    assert fit_classes(table, "c").encode(table).tolist() == [0] * len(words) + [1] + [0] * len(words)
    column = fit_categorical(table, "c", "level", 100)
    assert column.levels == (kept, "x")
    assert column.most_frequent == kept  # all spellings count for it
    task, _ = infer_task(table, ("c",), as_classes=True)
    assert task == "classification"
    assert fit_classes(table, "c").fault() == ""


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_other_numbers_and_other_texts_stay_apart(first: str, second: str) -> None:
    assert codes([first, second], [first, second]) == [0, 1]
    assert codes([first], [second]) == [UNKNOWN]
    assert len(in_order([first, second])) == 2


@given(st.lists(st.integers(-(10**25), 10**25), min_size=2, max_size=6, unique=True))
def test_whole_numbers_keep_their_identity_and_their_order(numbers: list[int]) -> None:
    words = [f"+{number}" if at % 2 and number > 0 else str(number) for at, number in enumerate(numbers)]
    assert [int(Fraction(word)) for word in in_order(words)] == sorted(numbers)
    assert codes([str(number) for number in numbers], words) == list(range(len(numbers)))


def test_numbers_of_arrays_are_the_classes_that_a_file_has_of_them() -> None:
    large = np.array([2**53 + 1, 2**53, 2**63 - 1], np.int64)
    column = table_from({"y": large}).column("y")
    assert [column.cell(row) for row in range(3)] == list(map(str, large.tolist()))
    assert len({meaning(level) for level in count_levels(column)}) == 3
    with_missing = table_from({"y": [2**53 + 1, None, 2**53]})
    assert fit_classes(with_missing, "y").classes == ("9007199254740992", "9007199254740993")
    assert count_levels(Column(name="y", numbers=np.array([-0.0, 0.0, np.nan]))) == {"0": 2}


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
@pytest.mark.parametrize("numeric", ["mean", "median", "zero"])
@pytest.mark.parametrize("categorical", ["level", "most_frequent"])
def test_a_column_without_a_value_is_0_whatever_comes_later(
    scaling: str, numeric: str, categorical: str
) -> None:
    whole = table_from({"n": [np.nan, np.nan, 5.0], "t": ["", "", "b"], "none": ["NA"] * 3, "m": [1, 2, 3]})
    config = DataConfig(train="", scaling=scaling, missing=MissingConfig(numeric, categorical))
    schema = infer_schema(whole, config, ()).schema
    typed = schema.read(whole)
    columns = fit_columns(typed.take(np.array([0, 1])), schema, whole.names, config)
    assert sum(column.width for column in columns) == 3  # a column that is empty in the whole file is left out
    assert [name for column in columns for name in column.empty] == ["n", "t"]
    out, told = np.ones((3, 3)), []
    at = 0
    for column in columns:
        told.append(column.apply(typed, out[:, at : at + column.width]).unknown)
        at += column.width
    assert not out[:, :2].any()
    assert [each for each in told if each] == [
        {"t": UnknownCells(1, 3, "b")}
    ]  # the rows for training hold no news
    later = table_from({"n": [7.0], "t": ["c"], "none": ["3"], "m": [2.0]})
    at, out = 0, np.ones((1, 3))
    for column in columns:
        column.apply(schema.read(later), out[:, at : at + column.width])
        at += column.width
    assert out[0, :2].tolist() == [0, 0]
