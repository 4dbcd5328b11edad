"""Which rows train, validate and test: seeded, disjoint; for classes, every part has its share of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.errors import DataError, Fault

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row indices of each part, in the order of the file; empty where there is no such part."""

    training: Rows
    validation: Rows
    test: Rows


def split(
    rng: np.random.Generator,
    rows: int,
    validation: float = 0.0,
    test: float = 0.0,
    classes: NDArray[Any] | None = None,
    fold: tuple[int, int] | None = None,
) -> Split:
    """Draw rows for validation and test; the rest is for training. Raises DataError when rows are too few.

    validation, test: shares of all `rows`, rounded. classes: (rows,) int: each part gets its share of every
    class as nearly as whole rows allow, and training keeps at least one row of each. fold: (number, count):
    the rows outside of `test` are dealt into so many equal parts, and the part of that number, from 1, takes
    the place of the test part: over all numbers each of these rows is in it once.
    """
    sizes = {"validation": size_of("validation", validation, rows), "test": size_of("test", test, rows)}
    groups = [np.arange(rows)] if classes is None else _groups(classes)
    left = [rng.permutation(group) for group in groups]
    parts: dict[str, Rows] = {}

    def take(key: str) -> None:
        nonlocal left
        # One row of each class stays for training.
        counts = _apportion(sizes[key], [len(group) for group in groups], [len(each) - 1 for each in left])
        if sum(counts) < sizes[key]:
            what = (
                f"{rows} rows are too few: training keeps a row of each class, so {sizes[key]} are not left."
            )
            where = "data.validation" if validation else "data.test"
            raise DataError(Fault("", what, "Take smaller shares, or give more rows.", where))
        drawn = [group[:count] for group, count in zip(left, counts, strict=True)]
        left = [group[count:] for group, count in zip(left, counts, strict=True)]
        parts[key] = _sorted(drawn)

    if fold is None:
        take("validation")
        take("test")
    else:
        take("test")
        left, parts["test"] = _dealt(left, *fold)
        take("validation")
    return Split(_sorted(left), parts["validation"], parts["test"])


def _dealt(groups: list[NDArray[Any]], number: int, count: int) -> tuple[list[NDArray[Any]], Rows]:
    """Return the groups without the fold of that number, and the rows of the fold. Raises DataError.

    One deal goes over all groups, so that folds are of equal size and have their share of each; but a group
    of one row is never held back.
    """
    rows = sum(map(len, groups))
    if rows < count:
        what = f"{rows} rows cannot be dealt into {count} folds."
        raise DataError(Fault("", what, "Take fewer folds, or give more rows.", "data.fold"))
    kept, held, dealt = [], [], 0
    for group in groups:
        mine = (np.arange(dealt, dealt + len(group)) % count) == number - 1
        if len(group) == 1:
            mine[:] = False
        else:
            dealt += len(group)
        kept.append(group[~mine])
        held.append(group[mine])
    return kept, _sorted(held)


def _sorted(groups: Sequence[NDArray[Any]]) -> Rows:
    return np.sort(np.concatenate(groups)).astype(np.int64)


def size_of(key: str, share: float, rows: int) -> int:
    """Return the size of a part of that share. key: validation or test. Raises DataError where it is none."""
    size = int(share * rows + 0.5)
    if share and not 0 < size < rows:
        what = f"A share of {share:g} of {rows} rows is {size} rows."
        raise DataError(
            Fault("", what, "Give more rows, another share, or a file of its own.", f"data.{key}")
        )
    return size


def _groups(classes: NDArray[Any]) -> list[NDArray[np.int64]]:
    order = np.argsort(classes, kind="stable")
    _, starts = np.unique(classes[order], return_index=True)
    return list(np.split(order, starts[1:]))


def _apportion(size: int, weights: Sequence[int], limits: Sequence[int]) -> list[int]:
    """Share out `size` by weight, largest remainders first, none above its limit."""
    exact = [size * weight / sum(weights) for weight in weights]
    counts = [min(int(share), limit) for share, limit in zip(exact, limits, strict=True)]
    by_remainder = sorted(range(len(weights)), key=lambda at: counts[at] - exact[at])
    while (missing := size - sum(counts)) > 0:
        open_ = [at for at in by_remainder if counts[at] < limits[at]][:missing]
        if not open_:
            break
        for at in open_:
            counts[at] += 1
    return counts
