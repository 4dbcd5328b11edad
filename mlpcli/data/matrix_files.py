"""Input matrices written straight to files, piece by piece, so that memory never holds one."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.array_files import PIECE_BYTES, StoredArray, reason, remedy, write_pieces
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.prepare import Preparation
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

Array = NDArray[Any]

SPARE = 1 << 30
"""Bytes that have to stay free on the disk."""


class MatrixFiles:
    """Files of a folder that matrices are written to, and mapped from.

    folder: where they go; it exists. must: whether memory is too small for them, so that a full disk is an
    error; else the matrix is made in memory then, and `failure` says why.
    """

    def __init__(self, folder: Path, must: bool = False) -> None:
        self._folder = folder
        self._must = must
        self.failure: OSError | None = None

    @property
    def spool(self) -> Path | None:
        """The folder that columns are spooled to; None where memory holds them."""
        return self._folder if self._must else None

    def matrix(
        self, file: str, preparation: Preparation, table: Table, dtype: str
    ) -> tuple[Array, PreparationWarnings]:
        """Return what Preparation.matrix does, in a file of that name. Raises DataError as it does."""
        shape = (table.rows, preparation.width)
        if self.failure is not None:
            return preparation.matrix(table, dtype)
        path = self._folder / file
        try:
            _check_room(self._folder, shape[0] * shape[1] * np.dtype(dtype).itemsize)
            warnings = _write(path, preparation, table, dtype)
            return StoredArray(file, dtype, shape).map(self._folder), warnings
        except OSError as error:
            if self._must:
                raise _no_room(self._folder, table, error) from error
            self.failure = error
        path.unlink(missing_ok=True)
        return preparation.matrix(table, dtype)


def _write(path: Path, preparation: Preparation, table: Table, dtype: str) -> PreparationWarnings:
    """Write the matrix of a table; return what was filled or not known. Raises OSError, DataError."""
    found: list[PreparationWarnings] = []
    step = max(1, PIECE_BYTES // (preparation.width * np.dtype(dtype).itemsize))

    def prepared() -> Iterator[Array]:
        for piece in table.pieces(step):
            matrix, warnings = preparation.matrix(piece, dtype)
            found.append(warnings)
            yield matrix

    write_pieces(path, prepared())
    total = PreparationWarnings.total(found)
    # A piece without unknown cells says nothing of its rows.
    unknown = {name: replace(cells, rows=table.rows) for name, cells in total.unknown.items()}
    return replace(total, unknown=unknown)


def _check_room(folder: Path, size: int) -> None:
    """Raise OSError where the disk would be as good as full with so many bytes more."""
    if shutil.disk_usage(folder).free < size + SPARE:
        raise OSError(errno.ENOSPC, "No space left on device")


def _no_room(folder: Path, table: Table, error: OSError) -> DataError:
    what = f"Its prepared rows do not fit into memory, and cannot be kept in {folder}: {reason(error)}."
    return DataError(Fault(table.source, what, remedy(error)))
