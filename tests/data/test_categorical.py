"""Categorical columns against collections.Counter; the commonest levels are told apart, others are one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.schema import DataConfig
from mlpcli.data.categorical import MISSING_LEVEL, OTHER_LEVEL, Categorical, fit_categorical
from mlpcli.data.dataset import read_dataset
from mlpcli.data.frames import table_from
from mlpcli.data.json_records import as_tagged, read_tagged
from mlpcli.data.prepare import Preparation
from mlpcli.errors import DataError

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f g", "ö", ""]), min_size=1, max_size=60)


def one_hot(column: Categorical, cells: list[str]) -> np.ndarray:
    out = np.full((len(cells), column.width), np.nan)
    column.apply(table_from({"k": cells}), out)
    return out


@given(WORDS, st.integers(2, 5), st.sampled_from(["level", "most_frequent"]))
def test_levels_are_the_commonest(cells: list[str], most: int, missing: str) -> None:
    counts = Counter(cell for cell in cells if cell)
    column = fit_categorical(table_from({"k": cells}), "k", missing, most)
    assert not column.fault()
    assert column.missing == cells.count("")
    assert read_tagged((Categorical,), as_tagged(column), "") == column
    if not counts:
        assert column.empty == ("k",)
        assert not one_hot(column, cells).any()
        return
    kept = [level for level in column.levels if level not in (OTHER_LEVEL, MISSING_LEVEL)]
    assert len(kept) == min(most, len(counts))
    assert sum(counts[level] for level in kept) == sum(count for _, count in counts.most_common(most))
    assert kept == sorted(kept)
    assert counts[column.most_frequent] == max(counts.values())
    assert column.rare_levels == len(counts) - len(kept)
    assert column.rare_cells == sum(counts.values()) - sum(counts[level] for level in kept)
    assert (OTHER_LEVEL in column.levels) == (len(counts) > most)
    matrix = one_hot(column, cells)
    stand_in = MISSING_LEVEL if missing == "level" else column.most_frequent
    for row, cell in zip(matrix.tolist(), cells, strict=True):
        level = stand_in if not cell else cell if cell in kept else OTHER_LEVEL
        assert row == [float(each == level) for each in column.levels]
    turned = fit_categorical(table_from({"k": cells[::-1]}), "k", missing, most)
    assert turned == column


def test_levels_that_training_never_saw() -> None:
    few = fit_categorical(table_from({"k": list("aabbc")}), "k", "level", 2)
    assert few.levels == ("a", "b", OTHER_LEVEL)
    assert one_hot(few, ["new", "c", "a"]).tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 0]]
    out = np.empty((1, 3))
    assert not few.apply(table_from({"k": ["new"]}), out).unknown
    all_known = fit_categorical(table_from({"k": list("aabbc")}), "k", "level", 3)
    assert all_known.levels == ("a", "b", "c")
    assert one_hot(all_known, ["new", "c"]).tolist() == [[0, 0, 0], [0, 0, 1]]
    unknown = all_known.apply(table_from({"k": ["new", "c"]}), np.empty((2, 3))).unknown["k"]
    assert (unknown.count, unknown.example) == (1, "new")


def test_a_level_that_is_called_other_is_kept_apart_from_nothing() -> None:
    """A cell `(other)` is one of the others where there are such, and itself where there are none."""
    cells = ["(other)"] * 5 + ["a"] * 4 + ["b"] * 3 + ["c"]
    column = fit_categorical(table_from({"k": cells}), "k", "level", 3)
    assert not column.fault()
    assert column.levels.count(OTHER_LEVEL) == 1
    assert (one_hot(column, cells).sum(axis=1) == 1).all()
    alone = fit_categorical(table_from({"k": cells}), "k", "level", 9)
    assert not alone.fault()
    assert one_hot(alone, ["new"]).sum() == 0


def test_missing_cells_are_refused_where_that_is_asked_for() -> None:
    column = fit_categorical(table_from({"k": ["a", "b"]}), "k", "error", 9)
    with pytest.raises(DataError, match=r"row 2.*\n.*missing"):
        one_hot(column, ["a", "", "b"])


@pytest.mark.parametrize("most", [2, 7, 100])
def test_from_a_file_to_later_rows_and_back_from_json(tmp_path: Path, most: int) -> None:
    rng = np.random.default_rng(0)
    cells = [f"v{min(int(each), 30)}" for each in rng.exponential(4, 600)]
    lines = ["k,a,y"] + [f"{cell},{at % 13},{at % 5}.5" for at, cell in enumerate(cells)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    config = DataConfig(train=str(tmp_path / "t.csv"), target="y", levels=most)
    dataset = read_dataset(config, np.random.default_rng(0))
    counts = Counter(cells)
    width = min(most, len(counts)) + (len(counts) > most)
    assert dataset.width == width + 1
    said = [note for note in dataset.notes if "rare level" in note]
    rare = len(cells) - sum(count for _, count in counts.most_common(most))
    assert bool(said) == bool(rare)
    assert all(f"{rare} rows of training" in note for note in said)
    again = Preparation.from_json(dataset.preparation.to_json())
    assert again == dataset.preparation
    later = table_from({"k": ["never", cells[0], ""], "a": [1, 2, 3]})
    first, second = (each.inputs(later)[0] for each in (dataset.preparation, again))
    np.testing.assert_array_equal(first, second)
