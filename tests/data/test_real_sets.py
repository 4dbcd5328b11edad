"""Every real data set works as it is. Counts are those of the README of the folder, not of our code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mlpcli.config.schema import DataConfig
from mlpcli.data.dataset import Dataset, read_dataset
from mlpcli.data.read import read_table
from mlpcli.errors import DataError
from sampling import sampled
from shared_data import shared_file


@dataclass(frozen=True)
class Case:
    file: str
    rows: int
    columns: int
    target: str | None
    task: str
    outputs: int
    missing: int = 0
    labels: str | None = None
    ignore: tuple[str, ...] = ()


CASES = [
    Case(
        "mnist/t10k-images-idx3-ubyte.gz",
        10_000,
        784,
        None,
        "classification",
        10,
        labels="mnist/t10k-labels-idx1-ubyte.gz",
    ),
    Case(
        "mnist/train-images-idx3-ubyte.gz",
        60_000,
        784,
        None,
        "classification",
        10,
        labels="mnist/train-labels-idx1-ubyte.gz",
    ),
    Case(
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        10_000,
        784,
        None,
        "classification",
        10,
        labels="fashion-mnist/t10k-labels-idx1-ubyte.gz",
    ),
    Case(
        "fashion-mnist/train-images-idx3-ubyte.gz",
        60_000,
        784,
        None,
        "classification",
        10,
        labels="fashion-mnist/train-labels-idx1-ubyte.gz",
    ),
    Case("adult/adult.data.gz", 32_561, 15, "x15", "classification", 2, 4_262),
    Case("adult/adult.test.gz", 16_281, 15, "x15", "classification", 2, 2_203),
    Case("adult/adult-train.csv.gz", 32_561, 15, "income", "classification", 2, 4_262),
    Case("adult/adult-test.csv.gz", 16_281, 15, "income", "classification", 2, 2_203),
    Case("covertype/covtype-train.csv", 11_340, 55, "Cover_Type", "classification", 7),
    Case("covertype/covtype-validation.csv", 3_780, 55, "Cover_Type", "classification", 7),
    Case("california-housing/housing.csv", 20_640, 10, "median_house_value", "regression", 1, 207),
    Case("auto-mpg/mpg.csv", 398, 9, "mpg", "regression", 1, 6, ignore=("name",)),
    # Whole numbers from 3 to 9: read as classes, which is said aloud.
    Case("wine-quality/winequality-red.csv", 1_599, 12, "quality", "regression", 1),
    Case("wine-quality/winequality-white.csv", 4_898, 12, "quality", "regression", 1),
    Case("spambase/spambase.data", 4_601, 58, "x58", "classification", 2),
    Case("spambase/spambase.csv", 4_601, 58, "class", "classification", 2),
    Case("letter-recognition/letter-recognition.data", 20_000, 17, "x1", "classification", 26),
    Case("letter-recognition/letter-recognition.csv", 20_000, 17, "lettr", "classification", 26),
    Case("pima-diabetes/pima-indians-diabetes.data", 768, 9, "x9", "classification", 2),
    Case("pima-diabetes/pima-indians-diabetes.csv", 768, 9, "Outcome", "classification", 2),
    Case(
        "titanic/train.csv", 891, 12, "Survived", "classification", 2, 179, ignore=("Name", "Ticket", "Cabin")
    ),
    Case("concrete/concrete.csv", 1_030, 9, "compressive_strength", "regression", 1),
    Case("abalone/abalone.data", 4_177, 9, "x9", "regression", 1),
    Case("abalone/abalone.csv", 4_177, 9, "Rings", "regression", 1),
    Case("iris/iris.csv", 150, 5, "species", "classification", 3),
    Case("wine/wine.csv", 178, 14, "cultivar", "classification", 3),
    Case("breast_cancer/breast_cancer.csv", 569, 31, "diagnosis", "classification", 2),
    Case("digits/digits.csv", 1_797, 65, "digit", "classification", 10),
    Case("diabetes/diabetes.csv", 442, 11, "progression", "regression", 1),
]


TWINS = (
    "fashion-mnist/t10k-images-idx3-ubyte.gz",
    "adult/adult-train.csv.gz",
    "adult/adult-test.csv.gz",
    "covertype/covtype-train.csv",
    "letter-recognition/letter-recognition.data",
)
"""Large files that hold what another has, or are written as another: by make test-all."""


def is_quick(case: Case) -> bool:
    return case.rows * case.columns < 8_000_000 and case.file not in TWINS


def _read(case: Case, dtype: str = "float64", **more: Any) -> Dataset:
    labels = shared_file(case.labels) if case.labels else None
    config = DataConfig(
        train=shared_file(case.file), labels=labels, target=case.target, ignore=case.ignore, **more
    )
    return read_dataset(config, np.random.default_rng(0), dtype)


@pytest.mark.parametrize("case", sampled(CASES, is_quick), ids=lambda case: case.file)
def test_rows_columns_task_and_missing_cells_are_those_of_the_readme(case: Case) -> None:
    table, _ = read_table(shared_file(case.file))
    assert (table.rows, len(table.names)) == (case.rows, case.columns)
    dataset = _read(case)
    assert (dataset.task, dataset.preparation.outputs) == (case.task, case.outputs)
    assert dataset.training.rows == case.rows
    summaries = dataset.preparation.describe()
    assert sum(each.missing for each in summaries) == case.missing
    assert np.isfinite(dataset.training.inputs).all()
    assert dataset.training.inputs.flags.c_contiguous


@pytest.mark.parametrize(
    "case",
    sampled([case for case in CASES if case.rows < 50_000], lambda case: case.rows < 10_000),
    ids=lambda case: case.file,
)
def test_a_fifth_for_validation_holds_every_class(case: Case) -> None:
    dataset = _read(case, "float32", validation=0.2)
    assert dataset.validation is not None
    assert dataset.validation.rows == int(case.rows * 0.2 + 0.5)
    assert dataset.training.rows + dataset.validation.rows == case.rows
    assert dataset.training.inputs.dtype == np.float32
    if case.task == "classification":
        counts = [
            np.bincount(part.targets, minlength=case.outputs) / part.rows
            for part in (dataset.training, dataset.validation)
        ]
        np.testing.assert_allclose(counts[0], counts[1], atol=1.5 / dataset.validation.rows)
    else:
        targets = dataset.training.targets
        np.testing.assert_allclose([targets.mean(), targets.std()], [0, 1], atol=1e-12)


@pytest.mark.parametrize(
    ("file", "target", "ids"),
    [
        ("titanic/train.csv", "Survived", {"PassengerId", "Name", "Ticket", "Cabin"}),
        ("auto-mpg/mpg.csv", "mpg", {"name"}),
    ],
)
def test_identifiers_are_left_out_with_the_way_to_use_them(file: str, target: str, ids: set[str]) -> None:
    dataset = read_dataset(DataConfig(train=shared_file(file), target=target), np.random.default_rng(0))
    assert not ids & {*dataset.preparation.names}
    for name in ids:
        assert any(repr(name) in note and "use" in note for note in dataset.notes)


def test_the_stray_first_line_of_adult_test_is_skipped_aloud() -> None:
    table, notes = read_table(shared_file("adult/adult.test.gz"))
    assert table.lines[0] == 2
    assert any("line 1 is skipped" in note and "|1x3 Cross validator" in note for note in notes)
    assert table.column("x2").cell(0) == "Private"


def test_adult_reads_alike_with_and_without_header() -> None:
    (raw, _), (named, _) = (
        read_table(shared_file(f"adult/adult{end}.gz")) for end in (".data", "-train.csv")
    )
    for own, other in zip(raw.names, named.names, strict=True):
        first, second = raw.column(own), named.column(other)
        assert first.words == second.words
        np.testing.assert_array_equal(first.codes, second.codes)
        np.testing.assert_array_equal(first.numbers, second.numbers)


def test_titanic_rows_without_target_cannot_test_but_can_be_predicted() -> None:
    ignore = ("Name", "Ticket", "Cabin")
    config = DataConfig(train=shared_file("titanic/train.csv"), target="Survived", ignore=ignore)
    preparation = read_dataset(config, np.random.default_rng(0)).preparation
    table, _ = read_table(shared_file("titanic/test.csv"))
    inputs, counts = preparation.inputs(table)
    assert inputs.shape == (418, preparation.width)
    assert counts.filled == {"Age": 86, "Fare": 1}
    assert set(counts.ignored) == {*ignore, "PassengerId"}
    with pytest.raises(DataError, match="'Survived'"):
        preparation.read(table, targets=True)


def test_covertype_reads_its_validation_file() -> None:
    path = shared_file("covertype/covtype-validation.csv")
    case = next(case for case in CASES if case.file == "covertype/covtype-train.csv")
    dataset = _read(case, validation=path)
    assert dataset.validation is not None
    assert dataset.validation.rows == 3_780
    assert any("Soil_Type7" in note and "always 0" in note for note in dataset.notes)


def test_mnist_pixels_are_scaled_together() -> None:
    dataset = _read(CASES[0], scaling="minmax")
    assert (dataset.training.inputs.min(), dataset.training.inputs.max()) == (0.0, 1.0)
    assert len(dataset.preparation.columns) == 1
    assert dataset.preparation.target.classes == tuple("0123456789")  # type: ignore[union-attr]


def test_labels_of_another_set_are_refused_with_both_counts() -> None:
    images, labels = (
        shared_file(f"mnist/{name}-ubyte.gz") for name in ("t10k-images-idx3", "train-labels-idx1")
    )
    with pytest.raises(DataError, match=r"10,000 rows, but 60,000 labels") as refused:
        read_table(images, labels=labels)
    assert images in str(refused.value)
    assert labels in str(refused.value)
