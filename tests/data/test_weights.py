"""How much rows count: columns of weights, weights of classes, and what cannot be one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.config.schema import DataConfig
from mlpcli.data.dataset import Dataset, build_dataset
from mlpcli.data.frames import table_from
from mlpcli.data.targets import ClassTarget
from mlpcli.data.weights import class_weights
from mlpcli.errors import DataError

ORACLE = json.loads((Path(__file__).parent.parent / "oracles" / "weighted_scores.json").read_text())
COLUMNS = {
    "a": [0.1 * at for at in range(12)],
    "w": [1.0, 2.0, 0.0, 3.0] * 3,
    "y": ["no", "no", "yes"] * 4,
}


def made(
    columns: dict[str, Any] | None = None, others: dict[str, Any] | None = None, **settings: Any
) -> Dataset:
    config = DataConfig(train="", **{"target": "y", "weight": "w", **settings})
    table = table_from(COLUMNS | (columns or {}))
    validation = table_from(others) if others else None
    return build_dataset(config, np.random.default_rng(0), table, validation)


def test_rows_count_by_the_column_with_a_mean_of_one() -> None:
    dataset = made()
    assert dataset.training.weights is not None
    np.testing.assert_allclose(dataset.training.weights, np.array([1.0, 2.0, 3.0] * 3) / 2)
    assert dataset.preparation.names == ("a",)
    assert any("rows are weighted by column 'w'" in note for note in dataset.notes)
    assert made(weight=None, ignore=("w",)).training.weights is None


def test_a_row_of_weight_0_is_as_if_not_in_the_file() -> None:
    kept = [at for at, weight in enumerate(COLUMNS["w"]) if weight]
    shorter = {name: [cells[at] for at in kept] for name, cells in COLUMNS.items()}
    with_zeros, without = made(validation=0.3), made(shorter, validation=0.3)
    assert any("3 of 12 rows have weight 0" in note for note in with_zeros.notes)
    assert with_zeros.preparation == without.preparation
    for part in ("training", "validation"):
        one, other = getattr(with_zeros, part), getattr(without, part)
        np.testing.assert_array_equal(one.inputs, other.inputs)
        np.testing.assert_array_equal(one.weights, other.weights)


def test_classes_count_by_their_name_times_the_row() -> None:
    dataset = made(class_weights={"yes": 4.0})
    factors = np.where(np.array(COLUMNS["y"]) == "yes", 4.0, 1.0) * COLUMNS["w"]
    factors = factors[factors > 0]
    assert dataset.training.weights is not None
    np.testing.assert_allclose(dataset.training.weights, factors / factors.mean())
    assert "by column 'w' and by class (no 1, yes 4)" in " ".join(dataset.notes)


def test_balanced_is_that_of_scikit_learn() -> None:
    cells = [str(each) for each in ORACLE["classes"]]
    target, table = ClassTarget("y", ("0", "1", "2")), table_from({"y": cells})
    np.testing.assert_allclose(class_weights("balanced", target, table), ORACLE["balanced"], rtol=1e-15)


def test_balanced_classes_are_counted_in_the_training_part() -> None:
    dataset = made(weight=None, ignore=("w",), class_weights="balanced", validation=0.25)
    weights, classes = dataset.training.weights, dataset.training.targets
    assert weights is not None
    assert weights[classes == 0].sum() == pytest.approx(weights[classes == 1].sum())
    assert dataset.validation is not None
    assert dataset.validation.weights is not None
    assert set(dataset.validation.weights) <= set(weights)


def test_numbers_name_classes_however_they_are_written() -> None:
    table = table_from({"y": [1, 2, 2]})
    assert class_weights({"2.0": 3.0}, ClassTarget("y", ("1", "2")), table) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (-1.0, "row 2, column 'w', key data.weight\n  The weight is negative \\(-1\\)"),
        (np.nan, "row 2, column 'w', key data.weight\n  The weight is missing"),
        (np.inf, "row 2, column 'w', key data.weight\n  'inf' is not a finite number"),
        ("much", "row 2, column 'w', key data.weight\n  'much' is not a finite number"),
        ("", "row 2, column 'w', key data.weight\n  The weight is missing"),
    ],
)
def test_what_is_no_weight_is_an_error_that_names_the_row(cell: Any, said: str) -> None:
    weights = [1, cell, *[1] * 10] if isinstance(cell, float) else ["1", cell, *["1"] * 10]
    with pytest.raises(DataError, match=said) as refused:
        made({"w": weights})
    assert refused.value.faults[0].remedy


@pytest.mark.parametrize(
    ("settings", "key", "said"),
    [
        ({"weight": "ww"}, "data.weight", "no column 'ww'"),
        ({"class_weights": {"yess": 2.0, "no": 1.0}}, "data.class_weights.yess", "'y' has no class 'yess'"),
        ({"class_weights": {"yes": 0.0, "no": 0.0}}, "data.class_weights", "every row is 0"),
        ({"target": "a", "class_weights": "balanced"}, "data.class_weights", "regression"),
    ],
)
def test_settings_that_do_not_fit_the_data(settings: dict[str, Any], key: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        made(**settings)
    (fault,) = refused.value.faults
    assert fault.key == key
    assert fault.remedy
    if "yess" in said:
        assert "Did you mean 'yes'?" in fault.remedy


@pytest.mark.parametrize(
    ("weights", "others", "settings", "key", "said"),
    [
        ([1e308] * 11 + [5e-324], None, {}, "data.weight", r"row 12, column 'w'.*too small \(4.94066e-324\)"),
        ([1e308] * 11 + [1e-300], None, {}, "data.weight", "row 12.*1e-300 is so small.* beside the mean"),
        ([1e300] * 12, [1e-300, 1.0], {}, "data.weight", "row 1.*1e-300 is so small"),
        ([1e-300] * 12, [1.0, 1e-300], {}, "data.weight", "row 1.*weight 1 is too large"),
        ([1.0] * 12, None, {"weight": None, "ignore": ("w",), "class_weights": {"yes": 1e308, "no": 1e-300}},
         "data.class_weights", "row 1.*1e-300 is so small"),
        ([1e300] * 12, None, {"class_weights": {"no": 1e300}}, "data.class_weights", "row 1.*out of range"),
    ],
)  # fmt: skip
def test_weights_too_far_apart_are_found_before_the_training(
    weights: list[float], others: list[float] | None, settings: dict[str, Any], key: str, said: str
) -> None:
    validation = {"a": [0.0, 1.0], "w": others, "y": ["no", "yes"]} if others else None
    with pytest.raises(DataError) as caught:
        made({"w": weights}, validation, **settings)
    assert re.search(said, str(caught.value), re.DOTALL)
    assert [fault.key for fault in caught.value.faults] == [key]


@pytest.mark.parametrize("factor", [1e-307, 1e-150, 1e307])
def test_the_size_of_all_weights_does_not_matter(factor: float) -> None:
    weights = [factor * weight for weight in COLUMNS["w"]]
    found, expected = made({"w": weights}).training.weights, made().training.weights
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_class_weights_of_several_labels_are_refused_with_the_remedy() -> None:
    columns = {"p": [0, 1, 1] * 4, "q": [1, 0, 1] * 4}
    with pytest.raises(DataError, match="the task is multilabel") as refused:
        made(columns, target=("p", "q"), ignore=("y",), class_weights="balanced")
    assert "data.weight" in refused.value.faults[0].remedy


def test_weights_of_nothing() -> None:
    with pytest.raises(DataError, match="weight of every row is 0"):
        made({"w": [0.0] * 12})
    others = {name: cells for name, cells in COLUMNS.items() if name != "w"}
    with pytest.raises(DataError, match="no column 'w' of weights"):
        made(others=others)


def test_weights_of_any_size_have_a_mean() -> None:
    for size in (1e300, 1e-300):
        weights = made({"w": [size, 2 * size, 3 * size] * 4}).training.weights
        assert weights is not None
        np.testing.assert_allclose(weights, [0.5, 1.0, 1.5] * 4)
