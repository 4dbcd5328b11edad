"""Columns that are equal, and rows that come twice, found by numbers that stand for their cells."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.table import Table

Array = NDArray[Any]

HIGH = np.uint64(0xFFFFFFFF00000000)
"""Upper halves of two sums of 32-bit words times random factors make a number; that of two different rows is
the same for 2⁻⁶⁴ of the factors (Dietzfelbinger 1996, Universal hashing and k-wise independent variables)."""


@dataclass(frozen=True)
class RepeatedRows:
    """Rows that are like an earlier one. rows: how many they are; kinds: how many different rows come again."""

    rows: int
    kinds: int


def equal_columns(table: Table) -> list[tuple[str, ...]]:
    """Return groups of columns that are equal in all rows, in order; those of one value are in no group.

    table: as the schema reads it.
    """
    groups: dict[tuple[bytes, tuple[str, ...]], list[str]] = {}
    for column in _columns(table):
        cells = _numbers_of(column)
        present = cells[~np.isnan(cells)]
        if not len(present) or (present == present[0]).all():
            continue
        digest = hashlib.blake2b(cells.tobytes(), digest_size=16).digest()
        words = column.words if column.codes is not None else ()
        groups.setdefault((digest, words), []).append(column.name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def repeated_rows(table: Table) -> RepeatedRows:
    """Count the rows that are like an earlier one in every column. table: as the schema reads it."""
    first, second = np.zeros(table.rows, np.uint64), np.zeros(table.rows, np.uint64)
    rng = np.random.default_rng(0)
    for column in _columns(table):
        halves = _numbers_of(column).view(np.uint32).reshape(-1, 2).astype(np.uint64)
        factors = rng.integers(0, 1 << 64, (2, 2), np.uint64)
        first += halves[:, 0] * factors[0, 0] + halves[:, 1] * factors[0, 1]
        second += halves[:, 0] * factors[1, 0] + halves[:, 1] * factors[1, 1]
    ordered = np.sort((first & HIGH) | (second >> np.uint64(32)))
    again = ordered[1:] == ordered[:-1]
    begins = again & ~np.concatenate([[False], again[:-1]]) if len(again) else again
    return RepeatedRows(int(np.count_nonzero(again)), int(np.count_nonzero(begins)))


def _columns(table: Table) -> Iterator[Column]:
    return (table.column(name) for name in table.names)


def _numbers_of(column: Column) -> Array:
    """Return numbers that are equal where cells are, float64 (rows,): codes, or numbers; NaN for no value."""
    if column.codes is not None:
        return np.where(column.codes < 0, np.nan, column.codes.astype(np.float64))
    assert column.numbers is not None
    values = column.numbers.astype(np.float64) + 0.0  # -0.0 becomes 0.0, which it is equal to
    values[np.isnan(values)] = np.nan  # of which there are several
    return values
