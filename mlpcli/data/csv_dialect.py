"""How the lines of a text file are cut into cells: separator and quotes, told from its beginning."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

SEPARATORS = {"\t": "tab", ";": "`;`", "|": "`|`", ",": "`,`", " ": "blanks"}
"""What may part cells, the rarest inside a cell first: where two fit every line, the earlier one is taken."""

_RUN_OF_BLANKS = re.compile(r"(\"(?:[^\"]|\"\")*\")|[ \t]+")


class Records(Protocol):
    """The iterator that csv.reader returns; its type has no public name."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...


def records(lines: Iterable[str], separator: str, quote: str, strict: bool = True) -> Records:
    """Yield the cells of each line (of several, where a quoted cell goes on); none for an empty line."""
    if separator == " ":
        lines = map(_single_blanks, lines)
    return csv.reader(
        lines, delimiter=separator, quotechar=quote, strict=strict, skipinitialspace=separator != " "
    )


def cut(lines: list[str], complete: bool, separator: str | None) -> tuple[str, str, list[list[str]]]:
    """Find out how lines are cut into cells; return separator, quote, and the rows that are not blank.

    complete: whether no record goes on behind the lines. separator: taken as it is, where given. A blank
    stands for runs of blanks and tabs. Cells come without blanks around them.
    """
    quote = _quote(lines)
    parsed = {mark: _parse(lines, complete, mark, quote) for mark in (separator or "".join(SEPARATORS))}
    best = separator or _best(parsed)
    return best, quote, parsed[best]


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
    return sum(is_number(cell) for row in rows for cell in row)


def is_number(cell: str) -> bool:
    """Tell whether a cell is a finite number, with or without leading zeros."""
    if "_" in cell or not cell.isascii():  # float() reads these, too
        return False
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
