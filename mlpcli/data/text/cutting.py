"""A block of text cut into cells, all at once, wherever it is regular."""

from __future__ import annotations

import numpy as np

from mlpcli.data.text.cells import (
    BLANK,
    CR,
    LF,
    PADDING,
    SPACE,
    TAB,
    WIDE_SPACE,
    Cells,
    in_rows,
    places_of,
    trimmed,
)
from mlpcli.data.text.quoted import cells_in_quotes


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
        if CR in block:
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
        return cells_in_quotes(block, ord(separator), mark, width)
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
    text = block + PADDING
    array = np.frombuffer(text, np.uint8)[: len(block)]
    marks = places_of(array, lambda part: (part == separator) | (part == LF))
    starts = np.empty_like(marks)
    starts[:1] = 0
    np.add(marks[:-1], 1, out=starts[1:])
    ends_line = array[marks] == LF
    rows = len(marks) // width
    if width > 1 and len(marks) == rows * width:
        table = ends_line.reshape(rows, width)
        if table[:, -1].all() and np.count_nonzero(ends_line) == rows:
            shape = (rows, width)
            lengths = (marks - starts).reshape(shape)
            return trimmed(text, starts.reshape(shape), lengths, np.arange(rows))
    lines = np.arange(np.count_nonzero(ends_line))
    return in_rows(text, starts, marks, np.flatnonzero(ends_line), lines, width)


def _parted_by_blanks(block: bytes, width: int) -> Cells | None:
    if WIDE_SPACE.search(block):
        return None
    text = block + PADDING
    array = np.frombuffer(text, np.uint8)[: len(block)]
    line_ends = array == LF
    if np.count_nonzero(SPACE[array]) != np.count_nonzero(line_ends | (array == BLANK) | (array == TAB)):
        return None
    inside = np.concatenate(([False], ~SPACE[array]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    places = np.flatnonzero(line_ends)
    counts = np.diff(np.searchsorted(starts, places), prepend=0)
    filled = counts > 0
    if not (counts[filled] == width).all():
        return None
    shape = (-1, width)
    lengths = (ends - starts).reshape(shape)
    return trimmed(text, starts.reshape(shape), lengths, np.flatnonzero(filled))
