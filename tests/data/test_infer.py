"""Column types from cells, and the columns that are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlpcli.data.cell_values import as_text, codes, in_order, number, numbers
from mlpcli.data.infer import Group, infer, yaml_list
from mlpcli.data.table import table_from
from mlpcli.errors import DataError

LETTERS = [chr(ord("a") + at % 26) * (1 + at // 26) for at in range(200)]


def groups(columns: object, targets: tuple[str, ...] = (), categorical: tuple[str, ...] = ()) -> list[Group]:
    return list(infer(table_from(columns), targets, categorical).groups)


@pytest.mark.parametrize("cell", ["", "?", "NA", "nan", "NaN", "n/a", "NULL", "Na"])
def test_missing_marks(cell: str) -> None:
    assert math.isnan(number(cell))
    values, bad = numbers(["1", cell, "2.5"])
    assert np.isnan(values[1])
    assert not len(bad)


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "1_000", "١٢", "12,5", "abc", "0x10", "--1"])
def test_what_is_no_finite_number(cell: str) -> None:
    values, bad = numbers(["1", cell, "2"])
    assert bad.tolist() == [1]
    assert values[[0, 2]].tolist() == [1, 2]


def test_numbers_are_read_exactly() -> None:
    cells = ["0.1", "-1e-3", "+7", ".5", "1e22", "123456789012345678"]
    assert numbers(cells)[0].tolist() == [float(cell) for cell in cells]


def test_order_and_codes_know_numbers() -> None:
    assert in_order(["10", "b", "9", "a", "1.5", "9"]) == ("1.5", "9", "10", "a", "b")
    assert codes(["1", "1.0", "x", "?", "2"], ("1", "2"), missing=7).tolist() == [0, 0, -1, 7, 1]
    assert codes(["1.0"], ("1", "1.0"), missing=-1).tolist() == [1]
    assert as_text(np.array([3.0, np.nan, 0.1, -2])) == ["3", "", "0.1", "-2"]


def test_types() -> None:
    table = {"n": ["1", "?", "2.5"], "t": ["a", "b", ""], "c": ["1", "2", "1"], "y": ["p", "q", "p"]}
    assert groups(table, ("y",), ("c",)) == [
        Group("numeric", ("n",)),
        Group("categorical", ("t",)),
        Group("categorical", ("c",)),
    ]
    typed = infer(table_from(table), ("y",)).table
    np.testing.assert_array_equal(typed.cells("n"), [1, np.nan, 2.5])
    assert typed.cells("y") == table["y"]


def test_blocks_are_cut_by_targets_and_categories() -> None:
    values = np.arange(20.0).reshape(4, 5)
    assert groups(values, ("x5",), ("x2",)) == [
        Group("numeric", ("x1",)),
        Group("categorical", ("x2",)),
        Group("numeric", ("x3", "x4")),
    ]
    pooled = infer(table_from(np.zeros((4, 2, 2))), ())
    assert pooled.groups == (Group("pooled", ("x1", "x2", "x3", "x4")),)
    assert "4 columns x1 … x4, scaled together" in pooled.notes[0]


@pytest.mark.parametrize(
    ("cells", "refused"),
    [
        (LETTERS, True),  # 200 levels in 200 rows
        (LETTERS[:21], True),  # all different, in more than 20 rows
        (LETTERS[:20], False),
        (LETTERS[:51] * 3, True),  # 51 levels, a third of the rows
        (LETTERS[:51] * 4, False),  # a quarter
        (LETTERS[:50] * 2, False),  # half, but 50 only
        (LETTERS[:21] + [""] * 400, True),  # missing cells do not count as rows
    ],
)
def test_identifiers(cells: list[str], refused: bool) -> None:
    table = {"id": cells, "n": ["1"] * len(cells)}
    if refused:
        with pytest.raises(DataError, match=r"data: \{ignore: \[id\]\}"):
            groups(table)
    else:
        assert groups(table)[0] == Group("categorical", ("id",))
    assert groups(table, categorical=("id",))[0] == Group("categorical", ("id",))


def test_all_that_is_wrong_is_said_at_once() -> None:
    table = {
        "id": LETTERS,
        "key": [*LETTERS[:-1], "no"],
        "typo": [*map(str, range(1, 200)), "12O"],
        "comma": ["7,5"] * 200,
        "infinite": ["1"] * 199 + ["inf"],
    }
    with pytest.raises(DataError) as refused:
        groups(table)
    said = {fault.where: str(fault) for fault in refused.value.faults}
    assert len(refused.value.faults) == 4
    assert "'12O' is not a finite number" in said["the table row 200, column 'typo'"]
    assert "'7,5' has a decimal comma (200 such cells)" in said["the table row 1, column 'comma'"]
    assert "'inf'" in said["the table row 200, column 'infinite'"]
    text = str(refused.value)
    assert "ignore: [id, key]" in text


def test_a_text_first_cell_may_be_the_header() -> None:
    with pytest.raises(DataError, match="header: true"):
        groups({"x1": ["size", *map(str, range(20))]})


def test_columns_that_count_rows_are_noted() -> None:
    table = table_from(
        {"id": np.arange(1, 31), "zero": np.arange(30), "n": np.arange(30) * 2, "m": np.arange(30) % 29}
    )
    notes = infer(table, ()).notes
    assert len(notes) == 2
    assert "'id' only counts the rows" in notes[0]
    assert "'zero'" in notes[1]


def test_names_are_quoted_where_yaml_asks_for_it() -> None:
    assert yaml_list(["a b", "no", "x: y", "it's", "7"]) == "[a b, 'no', 'x: y', 'it''s', '7']"


def test_no_input_column_is_an_error() -> None:
    with pytest.raises(DataError, match="no input column"):
        groups({"y": ["a", "b"]}, ("y",))
