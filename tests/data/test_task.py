"""The task that target columns ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlpcli.data.frames import table_from
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


def of_counts(first: int, *counts: int) -> list[int]:
    """As many rows of each number from `first` on as counts says."""
    return [first + at for at, count in enumerate(counts) for _ in range(count)]


NUMBERED = {
    "iris": (of_counts(0, 50, 50, 50), "classification"),
    "wine": (of_counts(1, 59, 71, 48), "classification"),
    "labels -1 and 1": ([-1, 1] * 9, "classification"),
    "labels 1 and 2": ([1, 2] * 9, "classification"),
    "moods": ([-1, 0, 1] * 9, "classification"),
    "digits": (of_counts(0, 178, 182, 177, 183, 181, 182, 181, 179, 174, 180), "classification"),
    "passengers' classes": (of_counts(1, 216, 184, 491), "classification"),
    "glass types": (of_counts(1, 70, 76, 17, 0, 13, 9, 29), "classification"),
    "covertype": (of_counts(1, 2118, 2833, 357, 27, 94, 173, 205), "classification"),
    "shuttle": (of_counts(1, 4558, 5, 17, 890, 326, 2, 2), "classification"),
    "yeast": (of_counts(0, 463, 5, 35, 44, 51, 163, 244, 429, 20, 30), "classification"),
    "zoo": (of_counts(1, 41, 20, 5, 13, 4, 8, 10), "classification"),
    "numbered by how common they are": (
        of_counts(0, 5010, 4224, 476, 211, 39, 20, 14, 2, 2),
        "classification",
    ),
    "stars 1 to 5": (of_counts(1, 20, 30, 60, 150, 240), "classification"),
    "months": (of_counts(1, *[30] * 12), "classification"),
    "marks 1 to 10": (of_counts(1, 5, 10, 30, 60, 140, 300, 420, 280, 90, 20), "regression"),
    "children": (of_counts(0, 608, 209, 28, 16, 18, 5, 0, 0, 7), "regression"),
    "pregnancies": (
        of_counts(0, 111, 135, 103, 75, 68, 57, 50, 45, 38, 28, 24, 11, 9, 10, 2, 1, 0, 1),
        "regression",
    ),
    "counts 0 to 12": (of_counts(0, 50, 150, 224, 224, 168, 101, 50, 22, 8, 3, 1, 0, 1), "regression"),
    "quality": (of_counts(3, 10, 53, 681, 638, 199, 18), "regression"),
    "cylinders": ([*[3] * 4, *[4] * 204, *[5] * 3, *[6] * 84, *[8] * 103], "regression"),
    "model years": (of_counts(70, *[30] * 13), "regression"),
    "years": (of_counts(2010, *[30] * 9), "regression"),
    "doses": ([0, 5, 10, 20] * 9, "regression"),
    "tens": ([10, 20, 30, 40] * 3, "regression"),
    "moods in five steps": (of_counts(-2, 9, 20, 40, 20, 9), "regression"),
}


@pytest.mark.parametrize(("cells", "expected"), NUMBERED.values(), ids=NUMBERED)
def test_numbers_of_classes_and_numbers(cells: list[int], expected: str) -> None:
    """What a reader of the column would say; counts named after public sets are theirs. Order is no hint."""
    kind, note = task(np.random.default_rng(0).permutation(cells))
    assert kind == expected, note
    other = {"classification": "regression", "regression": "classification"}[expected]
    if len(set(cells)) > 2:
        assert f"task: {other}" in note


def test_many_steps_that_an_input_follows_are_numbers() -> None:
    y = np.repeat(np.arange(8), 20)
    for sign in (1, -1):
        table = table_from({"y0": y, "x": sign * (y**2 + 0.1 * np.arange(160) % 3)})
        kind, notes = infer_task(table, ("y0",), inputs=("x",))
        assert kind == "regression"
        assert f"{'rises' if sign > 0 else 'falls'} with 'x'" in notes[0]
    table = table_from({"y0": y, "x": np.random.default_rng(0).normal(size=160)})
    assert infer_task(table, ("y0",), inputs=("x",))[0] == "classification"


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
    ],
)
def test_targets_that_do_not_serve(targets: list[Any], given: str | None, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        task(*targets, given=given)
    assert refused.value.faults[0].remedy


def test_array_types_do_not_matter() -> None:
    for dtype in (np.uint8, np.int64, np.float32):
        assert task(np.array([0, 1, 2] * 5, dtype))[0] == "classification"
