"""Tables and texts that fit the terminal.

No number is ever cut: headings are stacked, texts shortened, the last columns moved below.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from mlpcli.wording import printable, shortened

USUAL = 80
"""Columns where the output is no terminal."""
NARROWEST = 20
"""Columns below which nothing is fitted any more."""
MOST_READABLE = 100
"""Columns of a text at most, however wide the terminal is."""
LONGEST_LINE = 400
"""Letters of a line of a config that are shown; --json has all."""
LEAST_TEXT = 12
"""Letters of a text that shortening leaves."""
LONGEST_NUMBER = 24
NUMBER_LETTERS = frozenset("0123456789.,+-/%[]()e±~ #")
"""Letters that numbers, and bars of #, are made of."""
GAP = "  "

Row = Sequence[str]


def terminal_columns() -> int:
    """Return the width of the terminal that the standard output is; USUAL in a pipe or a file."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):  # no terminal; a stream without a file
        return USUAL
    return max(NARROWEST, columns) if columns else USUAL


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1, columns: int | None = None
) -> str:
    """Align columns, the first `left` of them to the left, within so many columns (None: the terminal's).

    Where they do not fit, headings are stacked, then texts lose their middles, then the last columns follow
    below, beside the first one again.
    """
    columns = terminal_columns() if columns is None else columns
    cells = [[_cell(value) for value in row] for row in rows]
    stacked = [[printable(heading) for heading in header]]
    if _total(_widths([*stacked, *cells])) > columns:
        stacked = stacked_headings(stacked[0])
    if _total(_widths([*stacked, *cells])) > columns:
        cells = _shortened(stacked, cells, columns)
    widths = _widths([*stacked, *cells])
    blocks = [_lines([*stacked, *cells], widths, left, some) for some in _groups(widths, columns)]
    return "\n\n".join("\n".join(lines) for lines in blocks)


def paragraph(text: str, margin: int = 0, word: str = "") -> str:
    """Break a text into lines that fit the terminal, but no number; word: in the margin of the first line."""
    columns = max(NARROWEST, min(terminal_columns(), MOST_READABLE) - margin)
    lines = wrap(text, columns, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join(f"{word if at == 0 else '':<{margin}}{line}".rstrip() for at, line in enumerate(lines))


def stacked_headings(header: Sequence[str]) -> list[list[str]]:
    """Set headings with a word a line, the last words on the last line: a row of words for each line."""
    words = [heading.split() if heading.strip() else [heading] for heading in header]
    height = max(map(len, words))
    return [
        [each[at - height + len(each)] if at >= height - len(each) else "" for each in words]
        for at in range(height)
    ]


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else printable(str(value))


def _widths(lines: Sequence[Row]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _shortened(stacked: list[list[str]], cells: list[list[str]], columns: int) -> list[list[str]]:
    """Return the cells, the longest texts cut until the rows fit; `stacked` is cut as well."""
    numbers = _widths([[cell if _is_number(cell) else "" for cell in row] for row in (*stacked, *cells)])
    widths = [min(width, columns) for width in _widths([*stacked, *cells])]
    least = [max(number, min(width, LEAST_TEXT)) for number, width in zip(numbers, widths, strict=True)]
    while _total(widths) > columns and any(width > low for width, low in zip(widths, least, strict=True)):
        spare = [width - low for width, low in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    for row in (*stacked, *cells):
        row[:] = [
            cell if _is_number(cell) else shortened(cell, width)
            for cell, width in zip(row, widths, strict=True)
        ]
    return cells


def _is_number(cell: str) -> bool:
    """Tell whether a cell is a number, or several with signs between; no float is over LONGEST_NUMBER."""
    return len(cell) <= LONGEST_NUMBER and not set(cell) - NUMBER_LETTERS


def _groups(widths: Sequence[int], columns: int) -> Iterator[list[int]]:
    """Yield the numbers of the columns of each block; the first column stands in all of them."""
    group = [0]
    for at in range(1, len(widths)):
        if len(group) > 1 and _total([widths[each] for each in (*group, at)]) > columns:
            yield group
            group = [0]
        group.append(at)
    yield group


def _lines(rows: Sequence[Row], widths: Sequence[int], left: int, some: Sequence[int]) -> Iterator[str]:
    for row in rows:
        if not any(row[at] for at in some):  # a line of stacked headings that none of these has
            continue
        aligned = (row[at].ljust(widths[at]) if at < left else row[at].rjust(widths[at]) for at in some)
        yield GAP.join(aligned).rstrip()
