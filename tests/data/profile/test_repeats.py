"""Equal columns and rows that come twice, against a dictionary of tuples."""

from collections import Counter

import numpy as np
import pytest

from mlpcli.data.column import Column, column_of_cells
from mlpcli.data.profile.repeats import equal_columns, repeated_rows
from mlpcli.data.table import Block, Table

RNG = np.random.default_rng(3)


def table(*columns):
    rows = columns[0].rows if isinstance(columns[0], Column) else len(columns[0].values)
    return Table(source="t.csv", columns=tuple(columns), lines=range(1, rows + 1))


def number(name, values):
    return Column(name=name, numbers=np.asarray(values, float))


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_rows_are_counted_as_a_dictionary_counts_them(levels):
    numbers = RNG.integers(0, levels, (400, 2)).astype(float)
    numbers[RNG.random((400, 2)) < 0.1] = np.nan
    words = ["abc"[at] for at in RNG.integers(0, 3, 400)]
    found = repeated_rows(
        table(number("x", numbers[:, 0]), column_of_cells("w", words), number("y", numbers[:, 1]))
    )
    rows = Counter(
        (word, *("" if np.isnan(v) else v for v in pair))
        for word, pair in zip(words, numbers.tolist(), strict=True)
    )
    assert found.rows == 400 - len(rows)
    assert found.kinds == sum(count > 1 for count in rows.values())


@pytest.mark.parametrize("rows", [1, 2])
def test_few_rows(rows):
    found = repeated_rows(table(number("x", [1.0] * rows)))
    assert (found.rows, found.kinds) == (rows - 1, rows - 1)


def test_rows_that_differ_in_the_last_bit_differ():
    assert repeated_rows(table(number("x", [1.0, 1.0 + 2**-52]))).rows == 0
    assert repeated_rows(table(number("x", [0.0, -0.0]))).rows == 1


def test_equal_columns_are_found_among_blocks_and_columns():
    values = RNG.normal(size=(50, 3))
    block = Block(("p", "q", "r"), np.column_stack([values[:, 0], values[:, 1], values[:, 0]]), pooled=False)
    words = ["ab"[at % 2] for at in range(50)]
    found = equal_columns(
        table(
            block,
            number("again", values[:, 1]),
            column_of_cells("v", words),
            column_of_cells("w", words),
            column_of_cells("other words", ["xy"[at % 2] for at in range(50)]),
            number("constant", np.ones(50)),
            number("constant too", np.ones(50)),
        )
    )
    assert found == [("p", "r"), ("q", "again"), ("v", "w")]
