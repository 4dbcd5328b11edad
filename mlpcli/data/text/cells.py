"""Where the cells of a block of text lie: found for all at once, wherever the text is regular."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PADDING = bytes(80)  # so that the words of eight bytes of the longest cell looked at begin inside the buffer
_WINDOW = 1 << 17  # bytes looked at in one go, so that what comes of them stays in the cache
LF, CR, BLANK, TAB = b"\n\r \t"
SPACE = np.zeros(256, bool)
SPACE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = True
# What str.strip() takes away beyond ASCII.
WIDE_SPACE = re.compile(
    b"\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80"
)


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Cells without blanks around them, in a text that is valid UTF-8.

    text: the bytes, with some zero bytes behind them. starts, lengths: int64 (rows, columns), in bytes.
    lines: int64 (rows,), the line in which each row begins, from 0.
    """

    text: bytes
    starts: Array
    lengths: Array
    lines: Array

    @cached_property
    def words(self) -> Array:
        """The eight bytes from each place of the text on, as uint64."""
        return np.ndarray((len(self.text) - 7,), "<u8", self.text, strides=(1,))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lines)

    def take(self, rows: slice | Array) -> Cells:
        """Return some of the rows."""
        return replace(self, starts=self.starts[rows], lengths=self.lengths[rows], lines=self.lines[rows])

    def between(self, first: int, last: int) -> Cells:
        """Return the columns from one place to another."""
        return replace(self, starts=self.starts[:, first:last], lengths=self.lengths[:, first:last])


def cells_of_records(records: Sequence[Sequence[str]], lines: Sequence[int]) -> Cells:
    """Lay out records, each of the same number of cells, as if they were a text."""
    cells = [cell.strip().encode() for record in records for cell in record]
    shape = (len(records), len(records[0]) if records else 0)
    lengths = np.fromiter(map(len, cells), np.int64, len(cells))
    starts = np.zeros(len(cells), np.int64)
    np.cumsum(lengths[:-1], out=starts[1:])
    return Cells(
        text=b"".join(cells) + PADDING,
        starts=starts.reshape(shape),
        lengths=lengths.reshape(shape),
        lines=np.array(lines, np.int64),
    )


def in_rows(text: bytes, starts: Array, ends: Array, last: Array, lines: Array, width: int) -> Cells | None:
    """Arrange cells in rows, without empty lines; None where they do not come in rows of this width.

    last: (lines,), the last cell of each line. lines: the number of each of these lines.
    """
    counts = np.diff(last, prepend=-1)
    empty = (counts == 1) & (starts[last] == ends[last]) & _is_at_line_start(text, starts[last])
    if not (counts[~empty] == width).all():
        return None
    kept = np.repeat(~empty, counts)
    starts, ends = starts[kept].reshape(-1, width), ends[kept].reshape(-1, width)
    return trimmed(text, starts, ends - starts, lines[~empty])


def _is_at_line_start(text: bytes, places: Array) -> Array:
    """Tell of each place whether a line begins there: a cell within quotes never does."""
    array = np.frombuffer(text, np.uint8)
    before = array[places - 1]
    found: Array = (places == 0) | (before == LF) | (before == CR)
    return found


def trimmed(text: bytes, starts: Array, lengths: Array, lines: Array) -> Cells | None:
    """Take blanks off both ends of the cells and leave out rows of nothing but empty cells.

    None where the csv module would find a cell too long, or where characters beyond ASCII are blanks.
    """
    if lengths.max(initial=0) > csv.field_size_limit():
        return None
    array = np.frombuffer(text, np.uint8)
    # Only where there are more control characters and blanks than ends of cells may one be beside a cell.
    if np.count_nonzero(array[: -len(PADDING)] <= BLANK) > len(lines):
        starts, lengths = _without_spaces(array, starts, lengths)
    if not text.isascii() and _has_wide_spaces(text, starts, lengths):
        return None
    return Cells(text=text, starts=starts, lengths=lengths, lines=lines)


def _without_spaces(array: Array, starts: Array, lengths: Array) -> tuple[Array, Array]:
    shape = starts.shape
    starts, ends = starts.ravel().copy(), (starts + lengths).ravel()
    at = np.flatnonzero(SPACE[array[starts]] & (starts < ends))
    while len(at):
        starts[at] += 1
        at = at[(starts[at] < ends[at])]
        at = at[SPACE[array[starts[at]]]]
    at = np.flatnonzero(SPACE[array[ends - 1]] & (starts < ends))
    while len(at):
        ends[at] -= 1
        at = at[(starts[at] < ends[at])]
        at = at[SPACE[array[ends[at] - 1]]]
    return starts.reshape(shape), (ends - starts).reshape(shape)


def _has_wide_spaces(text: bytes, starts: Array, lengths: Array) -> bool:
    """Tell whether a blank beyond ASCII stands at the beginning or the end of a cell."""
    found = [match.span() for match in WIDE_SPACE.finditer(text)]
    if not found:
        return False
    places = np.array(found)
    filled = lengths > 0
    begins = np.isin(places[:, 0], starts[filled])
    ends = np.isin(places[:, 1], (starts + lengths)[filled])
    return bool(begins.any() or ends.any())


def places_of(array: Array, is_mark: Any) -> Array:
    """Return the places of bytes, found window by window."""
    if len(array) <= _WINDOW:
        return np.flatnonzero(is_mark(array))
    found = []
    for first in range(0, len(array), _WINDOW):
        part = np.flatnonzero(is_mark(array[first : first + _WINDOW]))
        part += first
        found.append(part)
    return np.concatenate(found)
