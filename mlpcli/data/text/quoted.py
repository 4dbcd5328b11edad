"""Text of which some cells stand within quotes, cut where the quotes stand around whole cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.text.cells import BLANK, CR, LF, PADDING, Cells, in_rows, places_of

Array = NDArray[Any]


def cells_in_quotes(block: bytes, separator: int, quote: int, width: int) -> tuple[Cells | None, int]:
    """Find cells of which some stand within quotes; a text that goes on behind its last row is fine."""
    text = block + PADDING
    array = np.frombuffer(text, np.uint8)
    returns = CR in block

    def is_mark(part: Array) -> Array:
        found: Array = (part == separator) | (part == LF) | (part == quote)
        return found | (part == CR) if returns else found

    marks = places_of(array[: len(block)], is_mark)
    if returns:  # A line end of two characters is known by its first.
        marks = marks[~((array[marks] == LF) & (array[marks - 1] == CR) & (marks > 0))]
        if len(marks) and marks[-1] == len(block) - 1 and array[marks[-1]] == CR:
            marks = marks[:-1]  # the second may follow
    kinds = array[marks]
    is_quote = kinds == quote
    before = np.cumsum(is_quote)
    parts = ~is_quote & (before & 1 == 0)
    if not _are_around_cells(array, marks[is_quote], separator, len(block)):
        return None, 0
    is_line_end = (kinds == LF) | (kinds == CR)
    final = np.flatnonzero(parts & is_line_end)
    if not len(final):
        return _cells_none(width), 0
    marks, kinds, is_quote, parts = (each[: final[-1] + 1] for each in (marks, kinds, is_quote, parts))
    is_line_end = is_line_end[: final[-1] + 1]
    ends = marks[parts].copy()
    following = ends + 1
    if returns:
        following += (array[ends] == CR) & (array[ends + 1] == LF)
    starts = np.concatenate(([0], following[:-1]))
    last = np.flatnonzero(is_line_end[parts])
    lines = np.concatenate(([0], np.cumsum(is_line_end)[final[:-1]]))
    text, starts, ends = _unwrapped(text, starts, ends, marks[is_quote])
    found = in_rows(text, starts, ends, last, lines, width)
    return found, int(following[-1])


def _cells_none(width: int) -> Cells:
    empty = np.zeros((0, width), np.int64)
    return Cells(text=PADDING, starts=empty, lengths=empty, lines=np.zeros(0, np.int64))


def _are_around_cells(array: Array, quotes: Array, separator: int, size: int) -> bool:
    """Tell whether every quote begins a cell, ends one, or is one of two in a row within a quoted cell."""
    opening, closing = quotes[::2], quotes[1::2]
    after = array[closing + 1]
    ends = (after == separator) | (after == LF) | (after == CR) | (closing == size - 1)
    doubled = np.zeros(len(closing), bool)
    following = opening[1:]
    doubled[: len(following)] = closing[: len(following)] + 1 == following
    if not (ends | doubled).all():
        return False
    begins = opening[~np.concatenate(([False], doubled))[: len(opening)]]
    place = begins - 1
    while True:  # Blanks before a quoted cell belong to no cell.
        blank = (array[place] == BLANK) & (place >= 0)
        if not blank.any():
            break
        place = place - blank
    before = array[place]
    at_start = (place < 0) | (before == separator) | (before == LF) | (before == CR)
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
        rest = [text[: -len(PADDING)]]
        size = len(rest[0])
        for cell in np.unique(np.searchsorted(starts, closing[:-1][doubled], "right") - 1).tolist():
            content = text[starts[cell] : ends[cell]].replace(mark * 2, mark)
            rest.append(content)
            starts[cell], ends[cell] = size, size + len(content)
            size += len(content)
        text = b"".join(rest) + PADDING
    return text, starts, ends
