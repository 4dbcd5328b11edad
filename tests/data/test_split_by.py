"""Splits by a column: groups whole, parts disjoint and complete, sizes near the shares."""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.schema import DataConfig, SplitConfig
from mlpcli.data.dataset import Dataset, read_dataset
from mlpcli.data.frames import table_from
from mlpcli.data.part_tables import divide
from mlpcli.data.read import read_table
from mlpcli.data.schema.column_schema import DATE, NUMBER
from mlpcli.data.split import Split
from mlpcli.data.split_by import (
    PART_WORDS,
    Shares,
    deal_groups,
    split_by_column,
    split_by_group,
    split_by_order,
)
from mlpcli.data.table import Table
from mlpcli.errors import DataError

SHARES = st.sampled_from([0.0, 0.1, 0.2, 0.4])
SIZES = st.lists(st.integers(1, 12), min_size=6, max_size=40)


def parts_of(split: Split) -> tuple[list[int], ...]:
    return tuple(each.tolist() for each in (split.training, split.validation, split.test))


def shuffled_groups(sizes: list[int], seed: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


@given(SIZES, SHARES, SHARES, st.integers(0, 9), st.booleans())
def test_groups_are_whole_and_sizes_near(
    sizes: list[int], validation: float, test: float, seed: int, stratified: bool
) -> None:
    groups = shuffled_groups(sizes, seed)
    rows, shares = len(groups), Shares(validation=validation, test=test)
    classes = np.random.default_rng(seed).integers(0, 3, rows) if stratified else None
    wanted = [int(share * rows + 0.5) for share in (validation, test)]
    if any(share and not size for share, size in zip((validation, test), wanted, strict=True)):
        with pytest.raises(DataError, match="A share of"):
            deal_groups(np.random.default_rng(seed), groups, shares, classes)
        return
    split = deal_groups(np.random.default_rng(seed), groups, shares, classes)
    parts = parts_of(split)
    assert sorted(chain(*parts)) == list(range(rows))
    assert all(part == sorted(part) for part in parts)
    held = [set(groups[part].tolist()) for part in parts]
    assert sum(map(len, held)) == len(set().union(*held))
    assert held[0]
    for part, size in zip(parts[1:], wanted, strict=True):
        assert bool(part) == bool(size)
        assert abs(len(part) - size) <= max(sizes)
    assert parts_of(deal_groups(np.random.default_rng(seed), groups, shares, classes)) == parts


@given(SIZES, st.integers(2, 5), st.sampled_from([0.0, 0.2]), st.sampled_from([0.0, 0.1]), st.integers(0, 9))
def test_folds_of_groups_hold_every_row_back_once(
    sizes: list[int], count: int, validation: float, test: float, seed: int
) -> None:
    groups = shuffled_groups(sizes, seed)
    rows = len(groups)
    if test and int(test * rows + 0.5) == 0:
        return
    few = len(sizes) < count + bool(test)
    try:
        splits = [
            deal_groups(
                np.random.default_rng(seed),
                groups,
                Shares(validation=validation, test=test, fold=(number, count)),
            )
            for number in range(1, count + 1)
        ]
    except DataError:
        assert few or validation  # one group more is needed for validation
        return
    assert not few
    held = list(chain(*(split.test.tolist() for split in splits)))
    assert len(held) == len(set(held))
    in_some = [set(chain(*parts_of(split))) for split in splits]
    assert all(each == in_some[0] for each in in_some)
    assert set(held) == in_some[0]
    apart = rows - len(held)
    assert abs(apart - int(test * rows + 0.5)) <= max(sizes)
    for split in splits:
        assert abs(len(split.test) - (rows - apart) / count) <= 2 * max(sizes)
        assert len(split.training)
        assert bool(len(split.validation)) == bool(validation)
        kinds = [set(groups[part].tolist()) for part in parts_of(split)]
        assert sum(map(len, kinds)) == len(set.union(*kinds))


@given(SIZES, SHARES, st.integers(0, 9))
def test_the_order_of_rows_decides_nothing_about_groups(sizes: list[int], test: float, seed: int) -> None:
    """Nor how a number is written."""
    rows = sum(sizes)
    if int(test * rows + 0.5) == 0:
        return
    names = np.repeat([f"{at}" for at in range(len(sizes))], sizes)
    classes = np.arange(rows) % 2
    turned = np.random.default_rng(seed).permutation(rows)
    found = []
    for order, cells in ((np.arange(rows), names), (turned, np.char.add(names, ".0"))):
        table = table_from({"who": cells[order].tolist()})
        rng = np.random.default_rng(seed)
        split, _ = split_by_group(rng, table, "who", Shares(test=test), classes[order])
        found.append(set(order[split.test].tolist()))
    assert found[0] == found[1]


def test_groups_of_one_class_each_are_stratified() -> None:
    """A hundred patients of ten rows, ten of them ill: of every fifth of the patients two are."""
    groups = np.repeat(np.arange(100), 10)
    ill = groups % 10 == 0
    for seed in range(10):
        split = deal_groups(np.random.default_rng(seed), groups, Shares(validation=0.2, test=0.2), ill)
        assert [int(ill[part].sum()) for part in (split.validation, split.test)] == [20, 20]
        assert [len(part) for part in (split.validation, split.test)] == [200, 200]
        for number in range(1, 6):
            fold = deal_groups(np.random.default_rng(seed), groups, Shares(fold=(number, 5)), ill)
            assert (len(fold.test), int(ill[fold.test].sum())) == (200, 20)


def test_groups_are_drawn_by_the_seed() -> None:
    groups = np.repeat(np.arange(50), 4)
    drawn = {
        tuple(deal_groups(np.random.default_rng(seed), groups, Shares(test=0.2)).test) for seed in range(20)
    }
    assert len(drawn) == 20
    often = np.bincount(
        np.concatenate(
            [deal_groups(np.random.default_rng(seed), groups, Shares(test=0.2)).test for seed in range(400)]
        )
    )
    # Each row is in a fifth of 400 draws, with a standard deviation of 8.
    assert (np.abs(often - 80) < 5 * 8).all()


@given(
    st.lists(st.integers(-20, 20), min_size=6, max_size=80), SHARES, SHARES, st.randoms(use_true_random=False)
)
def test_rows_in_order(values: list[int], validation: float, test: float, random: Any) -> None:
    rows = len(values)
    wanted = [int(share * rows + 0.5) for share in (validation, test)]
    shares = Shares(validation=validation, test=test)
    parts_asked = 1 + bool(validation) + bool(test)
    if len(set(values)) < parts_asked or any(
        share and not size for share, size in zip((validation, test), wanted, strict=True)
    ):
        with pytest.raises(DataError):
            split_by_order(table_from({"t": values}), "t", shares, NUMBER)
        return
    split, _ = split_by_order(table_from({"t": values}), "t", shares, NUMBER)
    parts = [[values[row] for row in part] for part in parts_of(split)]
    assert sorted(chain(*parts)) == sorted(values)
    there = [part for part in parts if part]
    assert len(there) == parts_asked
    assert all(max(before) < min(after) for before, after in pairwise(there))
    most = max(values.count(value) for value in values)
    if most == 1:
        assert [len(part) for part in parts[1:]] == wanted
    turned = values[:]
    random.shuffle(turned)
    again, _ = split_by_order(table_from({"t": turned}), "t", shares, NUMBER)
    assert [sorted(turned[row] for row in part) for part in parts_of(again)] == [sorted(p) for p in parts]


def test_what_was_done_is_said_with_the_first_and_last_value() -> None:
    table = table_from({"t": [5, 1, 2, 4, 3]})
    _, note = split_by_order(table, "t", Shares(validation=0.2, test=0.2), NUMBER)
    assert note.endswith(
        "rows are sorted by 't': 3 training (1 to 3), 1 validation (4 to 4), 1 test (5 to 5)."
    ), note
    days = table_from({"t": [86400.0 * at for at in range(4)] + [4 * 86400.0 + 3600]})
    _, note = split_by_order(days, "t", Shares(test=0.2), DATE)
    assert "4 training (1970-01-01 to 1970-01-04)" in note
    assert "1 test (1970-01-05 01:00:00 to 1970-01-05 01:00:00)" in note


@pytest.mark.parametrize(("part", "word"), [(part, word) for part in PART_WORDS for word in PART_WORDS[part]])
def test_words_of_parts_in_any_case(part: str, word: str) -> None:
    cells = ["train", word.upper(), word.title(), word, "train"]
    split, note = split_by_column(table_from({"s": cells}), "s")
    expected = [0, 1, 2, 3, 4] if part == "training" else [1, 2, 3]
    assert getattr(split, part).tolist() == expected
    assert f"{len(expected)} {part}" in note


@pytest.mark.parametrize("cell", ["tst", "1", "train test", "0.5"])
def test_a_word_of_no_part_is_a_fault_with_its_row(cell: str) -> None:
    with pytest.raises(DataError, match=f"row 2, column 's'.*\n  '{cell}' names no part") as refused:
        split_by_column(table_from({"s": ["train", cell, "test"]}), "s")
    assert "train, training" in refused.value.faults[0].remedy
    with pytest.raises(DataError, match="No row is for training"):
        split_by_column(table_from({"s": ["test", "dev"]}), "s")


def table_of(count: int) -> str:
    """Rows of five values of `who`; one cell of each of the columns by which rows are split is empty."""
    lines = ["a,y,part,who,t"]
    for at in range(count):
        part = "" if at == 3 else ("train", "train", "val", "test")[at % 4]
        who = "" if at == 5 else f"p{at % 5}"
        t = "" if at == 6 else str(at * 7 % count)
        lines.append(f"{at * 37 % 100},{'uv'[at * 3 // 2 % 2]},{part},{who},{t}")
    return "\n".join(lines) + "\n"


def read(tmp_path: Path, seed: int = 0, **settings: Any) -> tuple[Dataset, DataConfig, Table]:
    path = tmp_path / "t.csv"
    if not path.exists():
        path.write_text(table_of(41))
    config = DataConfig(**{"train": str(path), "target": "y", **settings})
    return read_dataset(config, np.random.default_rng(seed)), config, read_table(str(path))[0]


WAYS: dict[str, dict[str, Any]] = {
    "column": {"split": SplitConfig(column="part")},
    "group": {"split": SplitConfig(group="who"), "validation": 0.2, "test": 0.2},
    "group fold": {"split": SplitConfig(group="who"), "fold": "2/3"},
    "sort_by": {"split": SplitConfig(sort_by="t"), "validation": 0.2, "test": 0.2},
}


@pytest.mark.parametrize("settings", WAYS.values(), ids=WAYS)
def test_the_column_is_no_input_its_empty_cells_are_in_no_part_and_the_draw_repeats(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    dataset, config, table = read(tmp_path, **settings)
    [(key, column)] = config.split.columns().items()
    assert column not in dataset.preparation.names
    assert set(dataset.preparation.names) == {"a", "part", "who", "t"} - {column}
    lines = {
        name: set(np.asarray(part.lines).tolist())
        for name in ("training", "validation", "test")
        if (part := getattr(dataset, name)) is not None
    }
    empty = {"column": 5, "group": 7, "sort_by": 8}[key]
    assert set().union(*lines.values()) == set(range(2, 43)) - {empty}
    assert sum(map(len, lines.values())) == 40
    assert f"1 of 41 rows have no value in {column!r}" in " ".join(dataset.notes)
    again = divide(config, np.random.default_rng(0), table, dataset.task, dataset.preparation.schema)
    assert {name: set(np.asarray(part.lines).tolist()) for name, part in again.items()} == lines


def test_columns_that_are_not_there_are_said_as_the_target_is(tmp_path: Path) -> None:
    for key in ("column", "group", "sort_by"):
        with pytest.raises(DataError, match="no column 'whom'") as refused:
            read(tmp_path, split=SplitConfig(**{key: "whom"}), test=0.2)
        assert refused.value.faults[0].key == f"data.split.{key}"


def test_faults_of_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="5 values of 'who' cannot be dealt into 9 parts"):
        read(tmp_path, split=SplitConfig(group="who"), fold="1/9")
    with pytest.raises(DataError, match="Rows cannot be sorted by 'who': 'p0' is neither"):
        read(tmp_path, split=SplitConfig(sort_by="who"), test=0.2)
    (tmp_path / "t.csv").write_text("a,y,c\n" + "1,u,5\n2,v,5\n" * 5)
    with pytest.raises(DataError, match="1 value of 'c' cannot be cut into 2 parts"):
        read(tmp_path, split=SplitConfig(sort_by="c"), test=0.2)


def test_a_column_that_is_ignored_may_still_split(tmp_path: Path) -> None:
    plain, _, _ = read(tmp_path, split=SplitConfig(group="who"), test=0.2)
    ignored, _, _ = read(tmp_path, split=SplitConfig(group="who"), test=0.2, ignore=("who",))
    np.testing.assert_array_equal(plain.training.inputs, ignored.training.inputs)


def test_a_file_for_validation_beside_a_split(tmp_path: Path) -> None:
    other = tmp_path / "v.csv"
    other.write_text("a,y,part,t,who\n1,u,train,3,p9\n2,v,test,4,p0\n")
    dataset, _, _ = read(tmp_path, split=SplitConfig(group="who"), test=0.2, validation=str(other))
    assert dataset.validation is not None
    assert dataset.validation.rows == 2
    assert dataset.test is not None
    assert not any("columns that are not used" in note for note in dataset.notes)
    with pytest.raises(DataError, match="10 rows are validation rows by 'part'"):
        read(tmp_path, split=SplitConfig(column="part"), validation=str(other))


def test_a_class_that_training_is_left_without_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "a,y,t\n" + "".join(f"{at},{'u' if at < 8 else 'v'},{at}\n" for at in range(10))
    )
    dataset, _, _ = read(tmp_path, split=SplitConfig(sort_by="t"), test=0.2)
    assert any("no row of these classes for training: v" in note for note in dataset.notes)


def test_dates_groups_that_look_like_identifiers_and_words_of_truth(tmp_path: Path) -> None:
    """The kinds by which a column is left out as an input, or is read as numbers, split as well."""
    days = np.datetime64("2024-03-01") + np.arange(40)
    turned = np.random.default_rng(1).permutation(40)
    lines = ["day,patient,fold,a,y"]
    lines += [
        f"{days[at]},{1000025 + 17 * at // 2},{'test' if at % 4 else 'train'},{at * 7 % 11},{'uv'[at % 2]}"
        for at in turned
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    dataset, _, _ = read(tmp_path, split=SplitConfig(sort_by="day"), validation=0.1, test=0.2)
    assert "day" not in dataset.preparation.names
    of_line = {line: days[at] for line, at in enumerate(turned, 2)}
    assert dataset.validation is not None
    assert dataset.test is not None
    assert sorted(of_line[line] for line in dataset.test.lines) == days[32:].tolist()
    assert sorted(of_line[line] for line in dataset.validation.lines) == days[28:32].tolist()
    said = "28 training (2024-03-01 to 2024-03-28), 4 validation (2024-03-29 to 2024-04-01)"
    assert any(said in note and "8 test (2024-04-02 to 2024-04-09)" in note for note in dataset.notes)
    dataset, _, _ = read(tmp_path, split=SplitConfig(group="patient"), test=0.2)
    assert "patient" not in dataset.preparation.names
    dataset, _, _ = read(tmp_path, split=SplitConfig(column="fold"))
    assert dataset.test is not None
    assert (dataset.training.rows, dataset.test.rows) == (10, 30)
