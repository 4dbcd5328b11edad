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
) -> Split:
    """Parts of `validation` and `test` (shares of all `rows`, rounded), the rest for training.

    `classes`, (rows,) int: each part gets its share of every class as nearly as whole rows allow, and
    training keeps at least one row of each. Raises DataError when there are too few rows for that.
    """
    sizes = [_size("validation", validation, rows), _size("test", test, rows)]
    groups = [np.arange(rows)] if classes is None else _groups(classes)
    left = [rng.permutation(group) for group in groups]
    taken: list[Rows] = []
    for size in sizes:
        counts = _apportion(size, [len(group) for group in groups], [len(group) - 1 for group in left])
        if sum(counts) < size:
            what = f"{rows} rows are too few: training keeps a row of each class, so {size} are not left."
            raise DataError(
                Fault(
                    "",
                    what,
                    "Take smaller shares, or give more rows.",
                    "data.validation" if validation else "data.test",
                )
            )
        parts = [group[:count] for group, count in zip(left, counts, strict=True)]
        left = [group[count:] for group, count in zip(left, counts, strict=True)]
        taken.append(np.sort(np.concatenate(parts)).astype(np.int64))
    return Split(np.sort(np.concatenate(left)).astype(np.int64), *taken)


def _size(key: str, share: float, rows: int) -> int:
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
    """`size` shared out by weight, largest remainders first, none above its limit."""
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
