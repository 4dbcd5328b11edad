"""From a data section to prepared parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.config.schema import DataConfig, MissingConfig
from mlpcli.data.dataset import Dataset, build_dataset, read_dataset
from mlpcli.data.frames import table_from
from mlpcli.data.read import open_reader
from mlpcli.errors import DataError


def rows(count: int, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    lines = (
        f"{rng.normal():.3f},{rng.choice(list('abc'))},{rng.choice(['yes', 'no'])}" for _ in range(count)
    )
    return "size,kind,answer\n" + "\n".join(lines) + "\n"


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    path.write_text(rows(50))
    return path


def read(train: Path, seed: int = 0, **settings: Any) -> Dataset:
    config = DataConfig(**{"train": str(train), "target": "answer", **settings})
    return read_dataset(config, np.random.default_rng(seed))


def test_parts(train: Path) -> None:
    dataset = read(train, validation=0.2, test=0.1)
    assert dataset.validation is not None
    assert dataset.test is not None
    assert [part.rows for part in (dataset.training, dataset.validation, dataset.test)] == [35, 10, 5]
    assert (dataset.task, dataset.width) == ("classification", 4)
    assert dataset.training.targets.dtype == np.int64
    assert dataset.preparation.target.classes == ("no", "yes")  # type: ignore[union-attr]
    again = read(train, validation=0.2, test=0.1)
    np.testing.assert_array_equal(again.training.inputs, dataset.training.inputs)
    assert not np.array_equal(
        read(train, 1, validation=0.2, test=0.1).training.inputs, dataset.training.inputs
    )


def test_no_share_means_no_part(train: Path) -> None:
    dataset = read(train)
    assert (dataset.validation, dataset.test) == (None, None)
    assert dataset.training.rows == 50


def test_scaling_sees_the_training_part_only(train: Path, tmp_path: Path) -> None:
    other = tmp_path / "validation.csv"
    found = []
    for content in (rows(20, 1), rows(20, 2).replace("0.", "900.")):
        other.write_text(content)
        found.append(read(train, validation=str(other)))
    first, second = found
    assert first.preparation == second.preparation
    np.testing.assert_array_equal(first.training.inputs, second.training.inputs)
    assert first.validation is not None
    assert second.validation is not None
    assert not np.array_equal(first.validation.inputs, second.validation.inputs)
    np.testing.assert_allclose(first.training.inputs[:, 0].std(), 1)
    held_out = read(train, validation=0.4)
    np.testing.assert_allclose(held_out.training.inputs[:, 0].std(), 1)
    assert held_out.preparation != first.preparation


def test_the_order_of_columns_in_another_file_does_not_matter(train: Path, tmp_path: Path) -> None:
    other = tmp_path / "turned.csv"
    other.write_text(
        "\n".join(",".join(reversed(line.split(","))) for line in train.read_text().splitlines())
    )
    dataset = read(train, test=str(other))
    assert dataset.test is not None
    np.testing.assert_array_equal(dataset.test.inputs, dataset.training.inputs)
    np.testing.assert_array_equal(dataset.test.targets, dataset.training.targets)


def test_headerless_files_match_by_place(train: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.data"
    bare.write_text(train.read_text().split("\n", 1)[1])
    dataset = read(bare, target="x3", validation=str(bare))
    assert dataset.preparation.names == ("x1", "x2")
    with pytest.raises(DataError, match="no header line"):
        read(train, validation=str(bare))


def test_chunks_prepare_like_the_whole(train: Path) -> None:
    preparation = read(train).preparation
    whole = read(train).training.inputs
    parts = [preparation.inputs(part)[0] for part in open_reader(str(train)).chunks(7)]
    assert len(parts) == 8
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_single_precision_is_the_double_one_rounded(train: Path) -> None:
    config = DataConfig(train=str(train), target="answer")
    single = read_dataset(config, np.random.default_rng(0), "float32").training.inputs
    assert single.dtype == np.float32
    assert single.flags.c_contiguous
    np.testing.assert_array_equal(single, read(train).training.inputs.astype(np.float32))


def test_wrong_names_are_said_at_once_with_the_nearest(train: Path) -> None:
    with pytest.raises(DataError) as refused:
        read(train, target="anser", ignore=("sizes",), categorical=("kin",))
    assert [fault.key for fault in refused.value.faults] == [
        "data.target",
        "data.ignore",
        "data.categorical",
    ]
    for fault, name in zip(refused.value.faults, ("answer", "size", "kind"), strict=True):
        assert str(train) in fault.where
        assert f"Did you mean {name!r}? Known: size, kind, answer." in fault.remedy


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"target": None}, "does not say which column"),
        ({"ignore": ("answer",)}, "ignored and used at once"),
        ({"ignore": ("size", "kind")}, "no input column"),
        ({"validation": 0.001}, "0 rows"),
        ({"validation": 0.6, "test": 0.39}, "too few"),
        ({"task": "regression"}, "is text"),
        ({"test": "nowhere.csv"}, "no such file"),
    ],
)
def test_settings_that_do_not_fit(train: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(train, **settings)


def test_rows_without_target_are_left_out_aloud(train: Path) -> None:
    train.write_text(train.read_text() + "1.0,a,\n2.0,b,?\n")
    dataset = read(train)
    assert dataset.training.rows == 50
    assert any("2 of 52 rows have no target" in note for note in dataset.notes)
    train.write_text("size,answer\n1,?\n2,\n")
    with pytest.raises(DataError, match="no row"):
        read(train, header=True)


def test_a_part_without_target_is_an_error(train: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("size,kind\n1,a\n2,b\n")
    with pytest.raises(DataError, match="no target 'answer'"):
        read(train, test=str(other))


def test_unknown_categories_and_classes_of_another_file(train: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("size,kind,answer\n1,z,yes\n2,z,no\n")
    notes = read(train, test=str(other)).notes
    assert any("test part" in note and "'kind'" in note and "'z'" in note for note in notes)
    other.write_text("size,kind,answer\n1,a,yes\n2,b,maybe\n")
    found = read(train, test=str(other))
    said = (
        f"{other}, test part: 1 of 2 rows is of a class that training never saw ('maybe'): it counts as wrong"
    )
    assert any(note.startswith(said) for note in found.notes)
    assert (found.test.rows, found.test.unseen.classes) == (1, ("maybe",))
    np.testing.assert_array_equal(found.test.unseen.targets, [2])


def test_a_class_of_one_row_is_said_aloud(train: Path) -> None:
    train.write_text(train.read_text() + "1.0,a,perhaps\n")
    dataset = read(train, validation=0.2)
    assert any("one row only" in note and "perhaps" in note for note in dataset.notes)
    assert 1 in dataset.training.targets


def test_missing_policy_error_names_the_first_cell(train: Path) -> None:
    train.write_text(train.read_text() + ",a,yes\n?,a,yes\n")
    with pytest.raises(DataError, match="line 52, column 'size'\n  The cell is missing"):
        read(train, missing=MissingConfig(numeric="error"))


def test_ignored_columns_of_other_files_are_no_news(train: Path) -> None:
    dataset = read(train, ignore=("kind",), test=str(train))
    assert dataset.preparation.names == ("size",)
    assert not any("not used" in note for note in dataset.notes)


def test_several_targets_and_tables_in_memory() -> None:
    values = np.random.default_rng(0).normal(size=(40, 4))
    config = DataConfig(train="", target=("x3", "x4"), validation=0.25, target_scaling="minmax")
    dataset = build_dataset(config, np.random.default_rng(0), table_from(values))
    assert dataset.task == "regression"
    assert dataset.training.targets.shape == (30, 2)
    assert (dataset.training.targets.min(), dataset.training.targets.max()) == (0, 1)
    assert dataset.validation is not None
    back = [dataset.preparation.unscale(part.targets) for part in (dataset.training, dataset.validation)]
    np.testing.assert_allclose(np.sort(np.concatenate(back), axis=0), np.sort(values[:, 2:], axis=0))


def test_tables_from_memory() -> None:
    table = table_from(
        {"n": [1, None, 3], "t": ["a", None, "b"], "m": [1, "x", 2.5], "flag": [True, False, True]}
    )
    np.testing.assert_array_equal(table.numbers("n"), [1, np.nan, 3])
    assert [table.column("t").cell(row) for row in range(3)] == ["a", "", "b"]
    assert [table.column("m").cell(row) for row in range(3)] == ["1", "x", "2.5"]
    assert table.numbers("flag").tolist() == [1, 0, 1]
    assert table_from([[1, 2], [3, 4]]).names == ("x1", "x2")
    unsound: list[Any] = [
        {"a": [1], "b": [1, 2]},
        {},
        {"a": []},
        {"a": [1], "b": 3},
        [{"a": 1}, [2]],
        3,
        [[1], [1, 2]],
        {"a": [1j]},
    ]
    for wrong in (*unsound, np.zeros((0, 3))):
        with pytest.raises(DataError):
            table_from(wrong)
