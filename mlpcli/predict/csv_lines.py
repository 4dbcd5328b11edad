"""Predictions as lines of CSV, put together for many rows at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.predict.number_cells import (
    BLANK,
    END_AT,
    QUOTE_AT,
    QUOTED_AT,
    SEPARATOR_AT,
    WORD,
    number_cells,
)

Array = NDArray[Any]

CELLS, BYTES = 1 << 13, 1 << 21
"""Numbers and bytes that are put together at once: few enough for the cache of a processor."""


class CsvLines:
    """Lines of CSV of a label, where there are classes, and of numbers.

    Cells are quoted where they have to be, or all of them.
    """

    def __init__(
        self, columns: int, classes: Sequence[str] = (), quoted: bool = False, digits: int | None = None
    ) -> None:
        """columns: numbers in a row. quoted: whether all cells are. digits: most of a number, None: all."""
        self._columns, self._digits = columns, digits
        self._labels = _label_cells(classes, quoted)
        prefix = np.full((columns, WORD), BLANK, np.uint8)
        suffix = prefix.copy()
        prefix[0 if classes else 1 :, SEPARATOR_AT] = ord(",")
        if quoted:
            prefix[:, QUOTE_AT] = suffix[:, QUOTED_AT] = ord('"')
        suffix[-1, END_AT] = ord("\n")
        self._prefix, self._suffix = prefix.view(np.uint64)[:, 0], suffix.view(np.uint64)[:, 0]

    def lines(self, values: Array, codes: Array | None = None) -> Iterator[Array]:
        """Yield the bytes of the lines, uint8 arrays, in order. values: (rows, columns); codes: (rows,)."""
        label = WORD * self._labels.shape[1]
        step = max(1, min(CELLS // self._columns, BYTES // max(label, 1)))
        for start in range(0, len(values), step):
            part = slice(start, start + step)
            numbers = number_cells(np.ravel(values[part]), self._digits)
            cells = numbers.reshape(-1, self._columns, numbers.shape[1])
            cells[:, :, 0] &= self._prefix
            cells[:, :, -1] &= self._suffix
            rows = cells.reshape(len(cells), -1)
            if codes is not None:
                rows = np.concatenate([self._labels.take(codes[part], axis=0), rows], axis=1)
            written = rows.view(np.uint8).ravel()
            yield np.compress(written != BLANK, written)


def header_line(names: Sequence[str], quoted: bool) -> bytes:
    """Return the line of the names."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerow(
        names
    )
    return text.getvalue().encode()


def _label_cells(classes: Sequence[str], quoted: bool) -> Array:
    """Return the first cell of a row for each class, uint64 (classes, words), padded with BLANK."""
    # With a second cell behind it, as there is one: alone, an empty text would be quoted.
    end = len(header_line(["", "0"], quoted)) - (2 if quoted else 0)
    cells = [header_line([name, "0"], quoted)[:-end] for name in classes]
    words = -(-max(map(len, cells), default=0) // WORD)
    padded = b"".join(cell.ljust(words * WORD, bytes([BLANK])) for cell in cells)
    return np.frombuffer(padded, np.uint64).reshape(len(cells), words)
