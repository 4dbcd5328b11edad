"""Columns that are equal, and rows that come twice, found by numbers that stand for their cells."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from mlpcli.data.profile.stacks import stacks
from mlpcli.data.row_hash import row_hashes
from mlpcli.data.table import Table


@dataclass(frozen=True)
class RepeatedRows:
    """Rows that are like an earlier one. rows: how many; kinds: how many different ones come again."""

    rows: int
    kinds: int


def equal_columns(table: Table) -> list[tuple[str, ...]]:
    """Return groups of columns that are equal in all rows, in order; those of one value are in no group.

    table: as the schema reads it.
    """
    groups: dict[tuple[bytes, tuple[str, ...]], list[str]] = {}
    for columns, cells in stacks(table, table.names):
        varied = np.fmin.reduce(cells, axis=1) < np.fmax.reduce(cells, axis=1)
        for at in np.flatnonzero(varied).tolist():
            column = columns[at]
            digest = hashlib.blake2b(cells[at].tobytes(), digest_size=16).digest()
            words = column.words if column.codes is not None else ()
            groups.setdefault((digest, words), []).append(column.name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def repeated_rows(table: Table) -> RepeatedRows:
    """Count the rows that are like an earlier one in every column. table: as the schema reads it."""
    sums = np.zeros((2, table.rows), np.uint64)
    rng = np.random.default_rng(0)
    for columns, cells in stacks(table, table.names):
        halves = cells.view(np.uint32).reshape(len(columns), table.rows, 2)
        factors = rng.integers(0, 1 << 64, (2, len(columns), 2), np.uint64)
        for half in range(2):
            words = np.ascontiguousarray(halves[:, :, half].T, np.uint64)
            sums += (words @ factors[:, :, half].T).T
    ordered = np.sort(row_hashes(*sums))
    again = np.append(False, ordered[1:] == ordered[:-1])
    begins = again & ~np.append(False, again[:-1])
    return RepeatedRows(int(np.count_nonzero(again)), int(np.count_nonzero(begins)))
