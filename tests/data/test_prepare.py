"""Fitted transforms: their values, their errors, and that JSON keeps every bit of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config.schema import DataConfig, MissingConfig
from mlpcli.data.frames import table_from
from mlpcli.data.numeric import Numeric
from mlpcli.data.preparation_warnings import PreparationWarnings, UnknownCells
from mlpcli.data.prepare import Preparation, fit_columns
from mlpcli.data.schema.infer import infer_schema
from mlpcli.data.table import Table
from mlpcli.data.targets import ClassTarget, MultilabelTarget, RegressionTarget, fit_classes, fit_regression
from mlpcli.errors import DataError, ModelFileError

MIXED = {
    "size": ["1", "2", "?", "6"],
    "kind": ["b", "a", "", "b"],
    "same": ["7", "7", "7", "7"],
    "y": ["1", "0", "1", "0"],
}


def fit(
    values: Any,
    scaling: str = "standard",
    numeric: str = "mean",
    categorical: str = "level",
    categories: tuple[str, ...] = (),
) -> Preparation:
    table = values if isinstance(values, Table) else table_from(values)
    config = DataConfig(
        train="",
        scaling=scaling,
        missing=MissingConfig(numeric, categorical),
        categorical=categories,
        use=table.names[:1],  # an array of rising numbers is no counter here
    )
    names = [name for name in table.names if name != "y"]
    schema = infer_schema(table, config, ("y",) if "y" in table.names else ()).schema
    columns = fit_columns(schema.read(table), schema, names, config)
    target = fit_classes(table, "y") if "y" in table.names else MultilabelTarget(("y",))
    return Preparation(columns, target, schema)


def inputs(preparation: Preparation, values: Any) -> Any:
    return preparation.inputs(values if isinstance(values, Table) else table_from(values))[0]


def test_standard() -> None:
    std = np.std([1, 2, 6])
    expected = [[-2, 0, 1, 0], [-1, 1, 0, 0], [0, 0, 0, 1], [3, 0, 1, 0]] / np.array([std, 1, 1, 1])
    found, counts = fit(MIXED).inputs(table_from(MIXED))
    np.testing.assert_allclose(found, np.insert(expected, 4, 0, axis=1), rtol=1e-15)
    assert counts == PreparationWarnings({"size": 1}, {}, ())


def test_minmax_and_none() -> None:
    np.testing.assert_allclose(inputs(fit(MIXED, "minmax"), MIXED)[:, 0], [0, 0.2, 0.4, 1])
    np.testing.assert_array_equal(inputs(fit(MIXED, "minmax"), MIXED)[:, 4], 0)
    np.testing.assert_array_equal(
        inputs(fit(MIXED, "none"), MIXED)[:, [0, 4]], [[1, 7], [2, 7], [3, 7], [6, 7]]
    )


@pytest.mark.parametrize(("numeric", "filled"), [("mean", 3.0), ("median", 2.0), ("zero", 0.0)])
def test_missing_numbers(numeric: str, filled: float) -> None:
    preparation = fit(MIXED, "none", numeric)
    assert inputs(preparation, MIXED)[2, 0] == filled
    assert inputs(preparation, {**MIXED, "same": ["?"] * 4})[0, 4] == (0 if numeric == "zero" else 7)


def test_missing_categories() -> None:
    assert inputs(fit(MIXED, categorical="most_frequent"), MIXED)[2, 1:3].tolist() == [0, 1]
    whole = {**MIXED, "kind": ["b", "a", "a", "b"]}
    found, counts = fit(whole).inputs(table_from(MIXED))
    assert found[2, 1:3].tolist() == [0, 0]
    assert counts.unknown == {"kind": UnknownCells(1, 4, "(missing)")}


def test_missing_cells_can_be_errors() -> None:
    for policy, cell in (
        ({"numeric": "error"}, "column 'size'"),
        ({"categorical": "error"}, "column 'kind'"),
    ):
        preparation = fit(MIXED, **policy)
        with pytest.raises(DataError, match=f"row 3, {cell}\n  The cell is missing"):
            inputs(preparation, MIXED)


def test_unknown_categories_give_zeros_and_are_counted() -> None:
    found, counts = fit(MIXED).inputs(table_from({**MIXED, "kind": ["b", "z", "w", "z"]}))
    assert found[:, 1:4].tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert counts.unknown == {"kind": UnknownCells(3, 4, "z")}
    total = PreparationWarnings.total(
        [counts, PreparationWarnings({"size": 2}, {"kind": UnknownCells(1, 2, "v")}, ("u",)), counts]
    )
    assert total == PreparationWarnings({"size": 4}, {"kind": UnknownCells(7, 10, "z")}, ("u",))
    assert any("3 of 4 cells" in line and "'z'" in line for line in counts.describe())


def test_a_constant_column_stays_zero_whatever_comes_later() -> None:
    preparation = fit({"a": [0.1] * 7, "b": list(range(7)), "y": [0, 1, 0, 1, 0, 1, 0]})
    assert inputs(preparation, {"a": [0.1, 99.0], "b": [1, 2]})[:, 0].tolist() == [0, 0]


def test_a_pooled_block_shares_its_statistics() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    table = table_from(images)
    (column,) = fit(images).columns
    assert column.pooled  # type: ignore[union-attr]
    preparation = Preparation((column,), MultilabelTarget(("y",)))
    np.testing.assert_allclose(
        inputs(preparation, table), (images.reshape(2, 12) - 11.5) / np.arange(24).std()
    )
    assert str(preparation.describe()[0]).startswith("x1 … x12: numeric, 12 columns")


def test_a_block_of_columns_equals_the_columns_one_by_one() -> None:
    values = np.random.default_rng(0).normal(5, 3, (5000, 40))
    values[7, 3] = np.nan
    matrix = inputs(fit(values), values)
    columns = {f"x{at}": values[:, at - 1] for at in range(1, 41)}
    np.testing.assert_allclose(inputs(fit(columns), columns), matrix, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(inputs(fit(values), columns), matrix)
    assert matrix[7, 3] == 0


def test_statistics_are_exact_where_the_mean_is_large() -> None:
    values = 1e9 + np.array([0.0, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        inputs(fit({"a": values}), {"a": values})[:, 0], (np.arange(4) - 1.5) / np.arange(4).std()
    )
    found, _ = fit({"a": values}).inputs(table_from({"a": values}), "float32")
    np.testing.assert_allclose(found[:, 0], (np.arange(4) - 1.5) / np.arange(4).std(), rtol=1e-7)


def test_statistics_survive_the_rounding_of_a_long_sum() -> None:
    steps = np.random.default_rng(0).integers(0, 3, 300_001)
    (column,) = fit({"a": 1e15 + steps, "y": steps}).columns
    assert isinstance(column, Numeric)
    np.testing.assert_allclose(column.std, steps.std(), rtol=1e-9)
    np.testing.assert_allclose(column.mean[0] - 1e15, steps.mean(), atol=0.1)


def test_numbers_that_cannot_be_used() -> None:
    with pytest.raises(DataError, match="row 2, column 'a'\n  'inf' is not a finite number"):
        fit({"a": [1.0, np.inf]})
    with pytest.raises(DataError, match="row 1, column 'a'\n  'inf' is not a finite number"):
        inputs(fit({"a": [1.0, 2.0]}), {"a": [np.inf]})
    with pytest.raises(DataError, match="'a' are too large"):
        fit({"a": [1e308, -1e308]})
    with pytest.raises(DataError, match="float32"):
        fit({"a": [1e100, 2e100]}, "none").inputs(table_from({"a": [1e100]}), "float32")
    with pytest.raises(DataError, match="row 3, column 'size'\n  'x' is not a finite number"):
        inputs(fit(MIXED), {**MIXED, "size": ["1", "2", "x", "3"]})


def test_columns_are_matched_by_name() -> None:
    preparation = fit(MIXED)
    turned = {name: MIXED[name] for name in ("extra", *reversed(MIXED)) if name in MIXED} | {
        "more": [1, 2, 3, 4]
    }
    found, counts = preparation.inputs(table_from(turned))
    np.testing.assert_array_equal(found, inputs(preparation, MIXED))
    assert counts.ignored == ("more",)
    assert preparation.match(["kind", "size", "same"], "f") == ()
    with pytest.raises(DataError, match="'size', 'kind'") as refused:
        preparation.inputs(table_from({"Size": [1], "knid": ["a"], "same": [7]}))
    assert "Did you mean 'Size'" in str(refused.value)
    assert "Did you mean 'knid'" in str(refused.value)
    with pytest.raises(DataError, match="An array has no names"):
        preparation.inputs(table_from(np.zeros((1, 3))))


def test_class_targets() -> None:
    target = fit_classes(table_from({"y": ["10", "9", "b", "10"]}), "y")
    assert target.classes == ("9", "10", "b")
    assert target.encode(table_from({"y": [10.0, 9.0]})).tolist() == [1, 0]
    assert target.encode(table_from({"y": ["b"]})).dtype == np.int64
    with pytest.raises(DataError, match=r"row 2, column 'y'\n  'B' is no class.*\n.*Did you mean 'b'"):
        target.encode(table_from({"y": ["9", "B"]}))
    with pytest.raises(DataError, match="missing"):
        target.encode(table_from({"y": ["9", ""]}))


@pytest.mark.parametrize("scaling", ["standard", "minmax", "none"])
def test_regression_targets_return(scaling: str) -> None:
    table = table_from({"u": [1.0, 2.0, 6.0], "v": ["7", "7", "7"]})
    target = fit_regression(table, ("u", "v"), scaling)
    found = target.encode(table)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(target.unscale(found), [[1, 7], [2, 7], [6, 7]], rtol=1e-15)
    if scaling == "standard":
        np.testing.assert_allclose([found[:, 0].mean(), found[:, 0].std()], [0, 1], atol=1e-15)
    with pytest.raises(DataError, match="missing"):
        target.encode(table_from({"u": [np.nan], "v": [1.0]}))


def test_multilabel_targets() -> None:
    target = MultilabelTarget(("u", "v"))
    assert target.encode(table_from({"v": [1, 0], "u": ["0", "1"]})).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(DataError, match="2 is neither 0 nor 1"):
        target.encode(table_from({"v": [1, 0], "u": [0, 2]}))


ODD = st.floats(-1e12, 1e12) | st.sampled_from([0.0, -0.0, 1e-300, 1 / 3])


@settings(max_examples=40)
@given(
    st.lists(st.tuples(ODD, st.sampled_from(["a", "b", "", "ü"])), min_size=2, max_size=20),
    st.sampled_from(["standard", "minmax", "none"]),
)
def test_json_keeps_every_bit(rows: list[tuple[float, str]], scaling: str) -> None:
    table = table_from({"n": [row[0] for row in rows], "t": [*(row[1] for row in rows[1:]), "a"]})
    fitted = fit(table, scaling, categories=("t",))
    for target in (
        ClassTarget("y", ("a", "b")),
        RegressionTarget(("y", "z"), (0.1, 1 / 3), (1e-9, 7.0)),
        MultilabelTarget(("y",)),
    ):
        made = Preparation(fitted.columns, target, fitted.schema)
        again = Preparation.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False)))
        assert again == made
        assert again.inputs(table)[0].tobytes() == made.inputs(table)[0].tobytes()


def _set(plain: dict[str, Any], path: str, value: Any) -> None:
    *keys, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place: Any = plain
    for key in keys:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("columns", ...),
        ("more", 1),
        ("columns", []),
        ("columns", {}),
        ("columns.0", 3),
        ("columns.0.kind", "Text"),
        ("columns.0.kind", ...),
        ("columns.0.mean", ...),
        ("columns.0.extra", 1),
        ("columns.0.mean", 1.0),
        ("columns.0.mean", ["1"]),
        ("columns.0.mean", [True]),
        ("columns.0.mean", [float("nan")]),
        ("columns.0.mean", [1.0, 2.0]),
        ("columns.0.std", [-1.0]),
        ("columns.0.scaling", "log"),
        ("columns.0.missing", [0.5]),
        ("columns.1.levels", ["a", "a"]),
        ("columns.1.levels", "ab"),
        ("columns.1.missing_as", "x"),
        ("columns.1.most_frequent", "q"),
        ("columns.1.name", "size"),
        ("target", None),
        ("target.classes", []),
        ("target.codes", [1.0]),
        ("target.classes", ["a", "a"]),
        ("target.name", 1),
    ],
)
def test_json_that_is_not_ours_is_refused(path: str, value: Any) -> None:
    plain = fit(MIXED).to_json()
    assert Preparation.from_json(plain) == fit(MIXED)
    _set(plain, path, value)
    with pytest.raises(ModelFileError) as refused:
        Preparation.from_json(plain, "model.npz")
    assert refused.value.faults[0].where.startswith("model.npz")
    with pytest.raises(ModelFileError):
        Preparation.from_json([plain])


def test_description() -> None:
    size, kind, same, target = (str(line) for line in fit(MIXED).describe())
    assert size == "size: numeric, mean 3, std 2.16, from 1 to 6, 1 missing"
    assert kind == "kind: categorical, 3 levels: a, b, (missing), 1 missing"
    assert same == "same: numeric, always 7"
    assert target == "y: target, classification, 2 classes: 0, 1"
