"""Indicators: one more input for each column of numbers with missing cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.config.schema import DataConfig, MissingConfig
from mlpcli.data.dataset import Dataset, read_dataset
from mlpcli.data.frames import table_from
from mlpcli.data.indicator import Indicator
from mlpcli.data.prepare import Preparation
from mlpcli.problem.matching import input_names

ROWS = [
    ("1", "2", "", "", "u"),
    ("", "3", "4", "", "v"),
    ("5", "", "6", "", "u"),
    ("", "9", "1", "", "v"),
    ("2", "1", "7", "", "u"),
    ("8", "4", "2", "", "v"),
]
"""Columns a, b, c with missing cells, d without any value, a target; a category comes on top."""


def dataset(folder: Path, indicator: bool = True, **settings: Any) -> Dataset:
    lines = ["a,full,b,c,d,word,y"]
    for at, (a, b, c, d, y) in enumerate(ROWS * 4):
        lines.append(f"{a},{at * 5 % 7},{b},{c},{d},{('', 'x', 'z')[at % 3]},{y}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    config = DataConfig(
        train=str(folder / "t.csv"), target="y", missing=MissingConfig(indicator=indicator), **settings
    )
    return read_dataset(config, np.random.default_rng(0))


def test_one_for_each_column_of_numbers_with_missing_cells(tmp_path: Path) -> None:
    with_it, without = dataset(tmp_path), dataset(tmp_path, indicator=False)
    assert with_it.width == without.width + 3
    np.testing.assert_array_equal(with_it.training.inputs[:, : without.width], without.training.inputs)
    expected = [[cell == "" for cell in row[:3]] for row in ROWS * 4]
    np.testing.assert_array_equal(with_it.training.inputs[:, without.width :], np.array(expected, float))
    named = [name for _, name in input_names(with_it.preparation)]
    assert len(named) == with_it.width
    assert named[-3:] == ["a is missing", "b is missing", "c is missing"]
    assert with_it.preparation.names == without.preparation.names
    assert not any(isinstance(column, Indicator) for column in without.preparation.columns)


def test_no_missing_cell_no_indicator(tmp_path: Path) -> None:
    found = dataset(tmp_path, ignore=("a", "b", "c"))
    assert not any(isinstance(column, Indicator) for column in found.preparation.columns)


def test_later_rows_and_a_round_trip(tmp_path: Path) -> None:
    preparation = dataset(tmp_path).preparation
    again = Preparation.from_json(preparation.to_json())
    assert again == preparation
    later = table_from({"a": [None, 1.0], "full": [1, 2], "b": [3.0, 4.0], "c": [None, None], "d": [1, 1]})
    rows = table_from(
        {**{name: later.column(name).numbers for name in later.names}, "word": ["x", "never seen"]}
    )
    for each in (preparation, again):
        matrix, _ = each.inputs(rows)
        assert matrix[:, -3:].tolist() == [[1, 0, 1], [0, 0, 1]]
        assert np.isfinite(matrix).all()


@pytest.mark.parametrize("columns", [(), ("a", "a")])
def test_what_cannot_be_true_is_a_fault(columns: tuple[str, ...]) -> None:
    assert Indicator(columns).fault()
    assert not Indicator(("a", "b")).fault()
