"""How a text file is laid out: separator, quotes, header, a stray first line; told from its beginning."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from mlpcli.data.cell_values import is_missing, number

SEPARATORS = {"\t": "tab", ";": "`;`", "|": "`|`", ",": "`,`", " ": "blanks"}
"""What may part cells, the rarest inside a cell first: where two fit every line, the earlier one is taken."""

_SAMPLE_LINES = 200
_RUN_OF_BLANKS = re.compile(r"(\"(?:[^\"]|\"\")*\")|[ \t]+")


class Records(Protocol):
    """The iterator that csv.reader returns; its type has no public name."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of a text file. A single blank as `separator` stands for runs of blanks and tabs."""

    separator: str
    quote: str
    width: int
    """Cells per row."""
    header: bool
    stray: int
    """Cells in a first line that has another number of them than all others; 0: there is none."""


def records(lines: Iterable[str], separator: str, quote: str, strict: bool = True) -> Records:
    """Yield the cells of each line (of several, where a quoted cell goes on); none for an empty line."""
    if separator == " ":
        lines = map(_single_blanks, lines)
    return csv.reader(
        lines, delimiter=separator, quotechar=quote, strict=strict, skipinitialspace=separator != " "
    )


def detect(text: str, complete: bool, header: bool | None, separator: str | None) -> Layout | None:
    """Detect the layout of a text file; None where there is not one line with a cell.

    text: the beginning of the file. complete: whether that is all of it. header, separator: taken as they
    are, where given; None: detected.
    """
    lines = list(islice(io.StringIO(text, newline=""), _SAMPLE_LINES + 1))
    if len(lines) > _SAMPLE_LINES or (not complete and len(lines) > 1):
        lines, complete = lines[:-1], False
    quote = _quote(lines)
    parsed = {mark: _parse(lines, complete, mark, quote) for mark in (separator or "".join(SEPARATORS))}
    best = separator or _best(parsed)
    rows = parsed[best]
    if not rows:
        return None
    widths = [len(row) for row in rows]
    width = Counter(widths[1:] or widths).most_common(1)[0][0]
    stray = widths[0] if len(widths) > 2 and widths[0] != width and set(widths[1:]) == {width} else 0
    rows = rows[1:] if stray else rows
    if header is None:
        header = _is_header(rows[0], [row for row in rows[1:] if len(row) == width])
    return Layout(
        separator=best, quote=quote, width=len(rows[0]) if header else width, header=header, stray=stray
    )


def _single_blanks(line: str) -> str:
    return _RUN_OF_BLANKS.sub(lambda run: run[1] or " ", line.strip())


def _quote(lines: list[str]) -> str:
    """Return the double quote, unless there is none and every line has a cell within single ones."""
    single = re.compile(r"(^|[\t;|, ])'[^']*'($|[\t;|, \r\n])")
    filled = [line for line in lines if line.strip()]
    if filled and all('"' not in line and single.search(line) for line in filled[1:] or filled):
        return "'"
    return '"'


def _parse(lines: list[str], complete: bool, separator: str, quote: str) -> list[list[str]]:
    rows = []
    try:
        for row in records(lines, separator, quote, strict=False):
            rows.append([cell.strip() for cell in row])
    except csv.Error:
        pass  # Reading it in earnest meets the same fault, and can say in which line.
    # The last record of a part may be the beginning of a quoted cell that goes on for many lines.
    rows = rows if complete or len(rows) < 3 else rows[:-1]
    return [row for row in rows if any(row) or len(row) > 1]


def _best(parsed: dict[str, list[list[str]]]) -> str:
    """Return the separator that cuts all lines alike; failing that, all but the first; or the most."""
    scores: dict[str, tuple[int, float]] = {}
    for mark, rows in parsed.items():
        widths = [len(row) for row in rows]
        if not widths:
            continue
        width, count = Counter(widths).most_common(1)[0]
        if width > 1:
            all_alike, others_alike = count == len(widths), len(widths) > 2 and set(widths[1:]) == {width}
            scores[mark] = (2 if all_alike else int(others_alike), count / len(widths))
    if not scores:
        return ","
    best = max(scores.values())
    fitting = [mark for mark in scores if scores[mark] == best]
    # A tab before the last column of a table set in blanks (the old UCI files) is one more blank.
    if fitting[0] == "\t" and " " in fitting and _numbers(parsed[" "]) > _numbers(parsed["\t"]):
        return " "
    return fitting[0]


def _numbers(rows: list[list[str]]) -> int:
    return sum(_is_number(cell) for row in rows for cell in row)


def _is_number(cell: str) -> bool:
    return math.isfinite(number(cell))


def _is_header(first: list[str], rest: list[list[str]]) -> bool:
    """Tell whether a first row names the columns: it has no number, and looks unlike what is below it."""
    if any(_is_number(cell.replace(",", ".", 1)) for cell in first):  # 7,4 is no name either
        # Data frames without names are saved under 0, 1, 2, …
        return len(first) > 2 and first == [str(at) for at in range(len(first))]
    columns: Iterator[tuple[str, ...]] = zip(*rest, strict=True)
    below = list(columns)
    for name, cells in zip(first, below, strict=False):
        present = [cell for cell in cells if not is_missing(cell)]
        if present and not is_missing(name) and all(map(_is_number, present)):
            return True
    named = len(set(first)) == len(first) and not any(map(is_missing, first))
    return named and not any(name in cells for name, cells in zip(first, below, strict=False))
