"""Which cells are equal: one class, one level, however they are written."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.schema import MissingConfig
from mlpcli.data.categorical import fit_categorical
from mlpcli.data.cell_values import as_text, codes, in_order, meaning
from mlpcli.data.infer import infer
from mlpcli.data.prepare import fit_columns
from mlpcli.data.table import table_from
from mlpcli.data.targets import fit_classes
from mlpcli.data.task import infer_task

EQUAL = [
    ("0", "-0", "+0", "0.0", "-0.0", "0e5"),
    ("1", "1.0", "+1", "01", "1e0", "10e-1"),
    ("9007199254740993", "9007199254740993.0", "+9007199254740993", "0.9007199254740993e16"),
    ("100000000000000000000", "1e20", "1E+20", "100000000000000000000.00"),
    ("-9007199254740993", "-9007199254740993.0"),
    ("0.1", ".1", "0.10", "0.1000000000000000055511151231257827"),
]
"""Numbers in several spellings; the last is what float64 makes of 0.1."""
DIFFERENT = [
    ("9007199254740992", "9007199254740993"),
    ("9007199254740993.0", "9007199254740992.0"),
    ("100000000000000000000", "100000000000000000001"),
    ("-9007199254740992", "-9007199254740993"),
    ("12345678901234567890123456789", "12345678901234567890123456788"),
    ("0.1", "0.10000000000000002"),
    ("a", "A"),
    ("1e400", "2e400"),
    ("1", "1_0"),
]


@pytest.mark.parametrize("words", EQUAL, ids=lambda words: words[0])
def test_one_number_is_one_class_and_one_level_however_it_is_written(words: tuple[str, ...]) -> None:
    for first, second in permutations(words, 2):
        assert codes([first, "", "no"], [second], -2).tolist() == [0, -2, -1]
    cells = [*words, "x", *words]
    table = table_from({"c": cells})
    (kept,) = [word for word in in_order(cells) if word != "x"]
    assert len(kept) == min(map(len, words))
    assert fit_classes(table, "c").classes == fit_classes(table_from({"c": cells[::-1]}), "c").classes
    assert fit_classes(table, "c").encode(table).tolist() == [0] * len(words) + [1] + [0] * len(words)
    column = fit_categorical(table, "c", "level")
    assert column.levels == (kept, "x")
    assert column.most_frequent == kept  # all spellings count for it
    task, _ = infer_task(table, ("c",), as_classes=True)
    assert task == "classification"
    assert fit_classes(table, "c").fault() == ""


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_other_numbers_and_other_texts_stay_apart(first: str, second: str) -> None:
    assert codes([first, second], [first, second], -2).tolist() == [0, 1]
    assert codes([first], [second], -2).tolist() == [-1]
    assert len(in_order([first, second])) == 2


@given(st.lists(st.integers(-(10**25), 10**25), min_size=2, max_size=6, unique=True))
def test_whole_numbers_keep_their_identity_and_their_order(numbers: list[int]) -> None:
    words = [f"{number}.0" if at % 2 else str(number) for at, number in enumerate(numbers)]
    assert [int(Fraction(word)) for word in in_order(words)] == sorted(numbers)
    assert codes([str(number) for number in numbers], words, -2).tolist() == list(range(len(numbers)))


def test_numbers_of_arrays_are_the_classes_that_a_file_has_of_them() -> None:
    large = np.array([2**53 + 1, 2**53, 2**63 - 1], np.int64)
    assert as_text(large) == ["9007199254740993", "9007199254740992", "9223372036854775807"]
    assert len({meaning(word) for word in as_text(large)}) == 3
    with_missing = table_from({"y": [2**53 + 1, None, 2**53]})
    assert fit_classes(with_missing, "y").classes == ("9007199254740992", "9007199254740993")
    assert as_text(np.array([-0.0, 0.0])) == ["0", "0"]


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
@pytest.mark.parametrize("numeric", ["mean", "median", "zero"])
@pytest.mark.parametrize("categorical", ["level", "most_frequent"])
def test_a_column_without_a_value_is_0_whatever_comes_later(
    scaling: str, numeric: str, categorical: str
) -> None:
    whole = table_from({"n": [np.nan, np.nan, 5.0], "t": ["", "", "b"], "none": ["NA"] * 3, "m": [1, 2, 3]})
    inference = infer(whole, ())
    training = inference.table.take(np.array([0, 1]))
    missing = MissingConfig(numeric, categorical)
    columns = fit_columns(training, inference.groups, scaling, missing)
    assert sum(column.width for column in columns) == 4
    assert [name for column in columns for name in column.empty] == ["n", "t", "none"]
    out, told = np.ones((3, 4)), []
    at = 0
    for column in columns:
        told.append(column.apply(inference.table, out[:, at : at + column.width]).unknown)
        at += column.width
    assert not out[:, :3].any()
    assert [each for each in told if each] == [{"t": (1, "b")}]  # the rows for training hold no news
    later = table_from({"n": [7.0], "t": ["c"], "none": ["3"], "m": [2.0]})
    at, out = 0, np.ones((1, 4))
    for column in columns:
        column.apply(later, out[:, at : at + column.width])
        at += column.width
    assert out[0, :3].tolist() == [0, 0, 0]
