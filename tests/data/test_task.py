"""The task that target columns ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlpcli.data.table import table_from
from mlpcli.data.task import infer_task
from mlpcli.errors import DataError

REAL = [0.5 * at for at in range(40)]


def task(
    *targets: Any, given: str | None = None, as_classes: bool = False, loss: str = ""
) -> tuple[str, str]:
    names = tuple(f"y{at}" for at in range(len(targets)))
    table = table_from(dict(zip(names, targets, strict=True)))
    kind, notes = infer_task(table, names, given, as_classes, loss)
    return kind, " ".join(notes)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a", "b", "a"], "classification"),
        ([0, 1, 1], "classification"),
        ([0.5, 1.5, 0.5], "classification"),
        ([0, 1], "classification"),
        (list(range(20)) * 2, "classification"),
        (list(range(21)) * 2, "regression"),
        (list(range(10)), "regression"),
        (["a", "a"], "classification"),
        ([7, 7], "classification"),
        ([1.5, 1.5], "regression"),
        ([0.5, 1.5, 2.5] * 9, "regression"),
        (REAL, "regression"),
        ([str(each) for each in REAL], "regression"),
    ],
)
def test_one_target(cells: list[Any], expected: str) -> None:
    kind, note = task(cells)
    assert kind == expected
    assert f"task {expected}" in note


def test_what_is_ambiguous_is_said_with_the_remedy() -> None:
    assert "task: regression" in task([1, 2, 3] * 9)[1]
    assert "task: regression" not in task([0, 1, 1])[1]
    assert "task: classification" in task(list(range(30)))[1]
    assert "task: classification" not in task(REAL)[1]


def test_a_loss_of_numbers_makes_whole_numbers_a_regression() -> None:
    kind, note = task([1, 2, 3] * 9, loss="poisson")
    assert kind == "regression"
    assert "loss poisson is of numbers" in note
    assert "task: classification" in note
    assert task([0, 1, 1], loss="huber")[0] == "classification"
    assert task([0, 1, 0], [1, 1, 0], loss="huber")[0] == "multilabel"
    assert task([1, 2, 3] * 9, given="classification", loss="huber")[0] == "classification"
    assert task([1, 2, 3] * 9, as_classes=True, loss="huber")[0] == "classification"
    assert task(["a", "b"], loss="huber")[0] == "classification"


def test_several_targets() -> None:
    assert task([0, 1], [1, 1])[0] == "multilabel"
    assert task([0, 1], [1, 2])[0] == "regression"
    assert task([0, 1], ["no", "yes"])[0] == "multilabel"
    assert task(["no", "yes"], ["True", "False"])[0] == "multilabel"


def test_classes_and_numbers_are_no_targets_together() -> None:
    with pytest.raises(DataError, match="'y1' is text of 3 values, and numbers are in 'y0'") as refused:
        task(REAL[:6], ["a", "b", "c"] * 2)
    assert "configs of their own" in refused.value.faults[0].remedy
    with pytest.raises(DataError, match="'y0' is text of 2 values, and numbers are in 'y1'"):
        task(["no", "yes"], [0.5, 1.5])
    with pytest.raises(DataError, match="'y0' is text of 3 values"):
        task(["a", "b", "c"], [0, 1, 1])


def test_a_given_task_is_taken_without_a_word() -> None:
    assert task([1, 2, 3] * 9, given="regression") == ("regression", "")
    assert task(list(range(26)) * 3, given="classification") == ("classification", "")
    assert task([0, 1], given="multilabel") == ("multilabel", "")
    assert task([0.5, 1.5, 2.5], as_classes=True) == ("classification", "")


@pytest.mark.parametrize(
    ("targets", "given", "said"),
    [
        ([REAL], "classification", "task: regression"),
        ([list(range(30))], "classification", "task: regression"),
        ([["a", "b"]], "regression", "task: classification"),
        ([["a", "b", "c"]], "multilabel", "text of 3 values; a label has two"),
        ([["a", "a"], [0, 1]], "multilabel", "text of 1 value; a label has two"),
        ([[0, 2]], "multilabel", r"row 2, column 'y0'\n  2 is neither 0 nor 1"),
        ([[0, 1], [1, 0]], "classification", "task: multilabel"),
        ([[f"name {at}" for at in range(30)]], None, "too many to be classes"),
        ([[*map(str, range(30)), "1O"]], None, "row 31, column 'y0'\n  '1O' is not a finite number"),
        ([[*map(str, range(30)), "1O"]], "regression", "'1O'"),
    ],
)
def test_targets_that_do_not_serve(targets: list[Any], given: str | None, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        task(*targets, given=given)
    assert refused.value.faults[0].remedy


def test_array_types_do_not_matter() -> None:
    for dtype in (np.uint8, np.int64, np.float32):
        assert task(np.array([0, 1, 2] * 5, dtype))[0] == "classification"
