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

_PADDING = bytes(80)  # so that the words of eight bytes of the longest cell looked at begin inside the buffer
_WINDOW = 1 << 17  # bytes looked at in one go, so that what comes of them stays in the cache
_LF, _CR, _BLANK, _TAB = b"\n\r \t"
_SPACE = np.zeros(256, bool)
_SPACE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = True
# What str.strip() takes away beyond ASCII.
_WIDE_SPACE = re.compile(
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
        text=b"".join(cells) + _PADDING,
        starts=starts.reshape(shape),
        lengths=lengths.reshape(shape),
        lines=np.array(lines, np.int64),
    )


def cells_of_text(block: bytes, separator: str, quote: str, width: int) -> tuple[Cells | None, int]:
    """Find the cells of the whole rows in a text that begins with a row; return them and the bytes they took.

    A separator of one blank stands for runs of blanks and tabs. The cells are None where the text is not
    regular: where a row has another number of cells, a quote is not one around a whole cell, a cell is
    longer than the csv module lets it be, or the bytes are not UTF-8 or hold a zero byte.
    """
    mark = ord(quote)
    quoted = mark in block
    if not quoted:
        end = max(block.rfind(b"\n"), block.rfind(b"\r", 0, -1)) + 1
        block = block[:end]
        if _CR in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    else:
        end = 0
    if not _is_text(block, allow_cut=quoted):
        return None, end
    if separator == " ":
        return (None, end) if quoted else (_parted_by_blanks(block, width), end)
    if ord(separator) > 127:
        return None, end
    if quoted:
        return _quoted(block, ord(separator), mark, width)
    return _unquoted(block, ord(separator), width), end


def _is_text(block: bytes, allow_cut: bool) -> bool:
    """Tell whether bytes are UTF-8 without a zero byte; allow_cut: the last character may be cut off."""
    if 0 in block:
        return False
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError as error:
        return allow_cut and error.reason == "unexpected end of data" and error.start > len(block) - 4
    return True


def _unquoted(block: bytes, separator: int, width: int) -> Cells | None:
    text = block + _PADDING
    array = np.frombuffer(text, np.uint8)[: len(block)]
    marks = _places(array, lambda part: (part == separator) | (part == _LF))
    starts = np.empty_like(marks)
    starts[:1] = 0
    np.add(marks[:-1], 1, out=starts[1:])
    ends_line = array[marks] == _LF
    rows = len(marks) // width
    if width > 1 and len(marks) == rows * width:
        table = ends_line.reshape(rows, width)
        if table[:, -1].all() and np.count_nonzero(ends_line) == rows:
            shape = (rows, width)
            lengths = (marks - starts).reshape(shape)
            return _trimmed(text, starts.reshape(shape), lengths, np.arange(rows))
    lines = np.arange(np.count_nonzero(ends_line))
    return _in_rows(text, starts, marks, np.flatnonzero(ends_line), lines, width)


def _in_rows(text: bytes, starts: Array, ends: Array, last: Array, lines: Array, width: int) -> Cells | None:
    """Arrange cells in rows, without empty lines; None where they do not come in rows of this width.

    last: (lines,), the last cell of each line. lines: the number of each of these lines.
    """
    counts = np.diff(last, prepend=-1)
    empty = (counts == 1) & (starts[last] == ends[last]) & _is_at_line_start(text, starts[last])
    if not (counts[~empty] == width).all():
        return None
    kept = np.repeat(~empty, counts)
    starts, ends = starts[kept].reshape(-1, width), ends[kept].reshape(-1, width)
    return _trimmed(text, starts, ends - starts, lines[~empty])


def _is_at_line_start(text: bytes, places: Array) -> Array:
    """Tell of each place whether a line begins there: a cell within quotes never does."""
    array = np.frombuffer(text, np.uint8)
    before = array[places - 1]
    return (places == 0) | (before == _LF) | (before == _CR)


def _trimmed(text: bytes, starts: Array, lengths: Array, lines: Array) -> Cells | None:
    """Take blanks off both ends of the cells and leave out rows of nothing but empty cells.

    None where the csv module would find a cell too long, or where characters beyond ASCII are blanks.
    """
    if lengths.max(initial=0) > csv.field_size_limit():
        return None
    array = np.frombuffer(text, np.uint8)
    # Only where there are more control characters and blanks than ends of cells may one be beside a cell.
    if np.count_nonzero(array[: -len(_PADDING)] <= _BLANK) > len(lines):
        starts, lengths = _without_spaces(array, starts, lengths)
    if not text.isascii() and _has_wide_spaces(text, starts, lengths):
        return None
    return Cells(text=text, starts=starts, lengths=lengths, lines=lines)


def _without_spaces(array: Array, starts: Array, lengths: Array) -> tuple[Array, Array]:
    shape = starts.shape
    starts, ends = starts.ravel().copy(), (starts + lengths).ravel()
    at = np.flatnonzero(_SPACE[array[starts]] & (starts < ends))
    while len(at):
        starts[at] += 1
        at = at[(starts[at] < ends[at])]
        at = at[_SPACE[array[starts[at]]]]
    at = np.flatnonzero(_SPACE[array[ends - 1]] & (starts < ends))
    while len(at):
        ends[at] -= 1
        at = at[(starts[at] < ends[at])]
        at = at[_SPACE[array[ends[at] - 1]]]
    return starts.reshape(shape), (ends - starts).reshape(shape)


def _has_wide_spaces(text: bytes, starts: Array, lengths: Array) -> bool:
    """Tell whether a blank beyond ASCII stands at the beginning or the end of a cell."""
    found = [match.span() for match in _WIDE_SPACE.finditer(text)]
    if not found:
        return False
    places = np.array(found)
    filled = lengths > 0
    begins = np.isin(places[:, 0], starts[filled])
    ends = np.isin(places[:, 1], (starts + lengths)[filled])
    return bool(begins.any() or ends.any())


def _parted_by_blanks(block: bytes, width: int) -> Cells | None:
    if _WIDE_SPACE.search(block):
        return None
    text = block + _PADDING
    array = np.frombuffer(text, np.uint8)[: len(block)]
    line_ends = array == _LF
    if np.count_nonzero(_SPACE[array]) != np.count_nonzero(line_ends | (array == _BLANK) | (array == _TAB)):
        return None
    inside = np.concatenate(([False], ~_SPACE[array]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    places = np.flatnonzero(line_ends)
    counts = np.diff(np.searchsorted(starts, places), prepend=0)
    filled = counts > 0
    if not (counts[filled] == width).all():
        return None
    shape = (-1, width)
    lengths = (ends - starts).reshape(shape)
    return _trimmed(text, starts.reshape(shape), lengths, np.flatnonzero(filled))


def _quoted(block: bytes, separator: int, quote: int, width: int) -> tuple[Cells | None, int]:
    """Find cells of which some stand within quotes; a text that goes on behind its last row is fine."""
    text = block + _PADDING
    array = np.frombuffer(text, np.uint8)
    returns = _CR in block

    def is_mark(part: Array) -> Array:
        found = (part == separator) | (part == _LF) | (part == quote)
        return found | (part == _CR) if returns else found

    marks = _places(array[: len(block)], is_mark)
    if returns:  # A line end of two characters is known by its first.
        marks = marks[~((array[marks] == _LF) & (array[marks - 1] == _CR) & (marks > 0))]
        if len(marks) and marks[-1] == len(block) - 1 and array[marks[-1]] == _CR:
            marks = marks[:-1]  # the second may follow
    kinds = array[marks]
    is_quote = kinds == quote
    before = np.cumsum(is_quote)
    parts = ~is_quote & (before & 1 == 0)
    if not _are_around_cells(array, marks[is_quote], separator, len(block)):
        return None, 0
    is_line_end = (kinds == _LF) | (kinds == _CR)
    final = np.flatnonzero(parts & is_line_end)
    if not len(final):
        return _cells_none(width), 0
    marks, kinds, is_quote, parts = (each[: final[-1] + 1] for each in (marks, kinds, is_quote, parts))
    is_line_end = is_line_end[: final[-1] + 1]
    ends = marks[parts].copy()
    following = ends + 1
    if returns:
        following += (array[ends] == _CR) & (array[ends + 1] == _LF)
    starts = np.concatenate(([0], following[:-1]))
    last = np.flatnonzero(is_line_end[parts])
    lines = np.concatenate(([0], np.cumsum(is_line_end)[final[:-1]]))
    text, starts, ends = _unwrapped(text, starts, ends, marks[is_quote])
    found = _in_rows(text, starts, ends, last, lines, width)
    return found, int(following[-1])


def _cells_none(width: int) -> Cells:
    empty = np.zeros((0, width), np.int64)
    return Cells(text=_PADDING, starts=empty, lengths=empty, lines=np.zeros(0, np.int64))


def _are_around_cells(array: Array, quotes: Array, separator: int, size: int) -> bool:
    """Tell whether every quote begins a cell, ends one, or is one of two in a row within a quoted cell."""
    opening, closing = quotes[::2], quotes[1::2]
    after = array[closing + 1]
    ends = (after == separator) | (after == _LF) | (after == _CR) | (closing == size - 1)
    doubled = np.zeros(len(closing), bool)
    following = opening[1:]
    doubled[: len(following)] = closing[: len(following)] + 1 == following
    if not (ends | doubled).all():
        return False
    begins = opening[~np.concatenate(([False], doubled))[: len(opening)]]
    place = begins - 1
    while True:  # Blanks before a quoted cell belong to no cell.
        blank = (array[place] == _BLANK) & (place >= 0)
        if not blank.any():
            break
        place = place - blank
    before = array[place]
    at_start = (place < 0) | (before == separator) | (before == _LF) | (before == _CR)
    return bool(at_start.all())


def _unwrapped(text: bytes, starts: Array, ends: Array, quotes: Array) -> tuple[bytes, Array, Array]:
    """Take off the quotes around cells; cells with a doubled quote are written again behind the text."""
    opening, closing = quotes[::2], quotes[1::2]
    doubled = closing[:-1] + 1 == opening[1:]
    first = opening[np.concatenate(([True], ~doubled))] if len(opening) else opening
    final = closing[np.concatenate((~doubled, [True]))] if len(closing) else closing
    cells = np.searchsorted(starts, first, "right") - 1
    starts, ends = starts.copy(), ends.copy()
    starts[cells], ends[cells] = first + 1, final
    if doubled.any():
        mark = text[quotes[0] : quotes[0] + 1]
        rest = [text[: -len(_PADDING)]]
        size = len(rest[0])
        for cell in np.unique(np.searchsorted(starts, closing[:-1][doubled], "right") - 1).tolist():
            content = text[starts[cell] : ends[cell]].replace(mark * 2, mark)
            rest.append(content)
            starts[cell], ends[cell] = size, size + len(content)
            size += len(content)
        text = b"".join(rest) + _PADDING
    return text, starts, ends


def _places(array: Array, is_mark: Any) -> Array:
    """Return the places of bytes, found window by window."""
    if len(array) <= _WINDOW:
        return np.flatnonzero(is_mark(array))
    found = []
    for first in range(0, len(array), _WINDOW):
        part = np.flatnonzero(is_mark(array[first : first + _WINDOW]))
        part += first
        found.append(part)
    return np.concatenate(found)
