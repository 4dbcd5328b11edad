"""How a text table is laid out: what stands before its rows, what its columns are called, which there are."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from mlpcli.data.column_names import renamed
from mlpcli.data.csv_dialect import SEPARATORS, cut
from mlpcli.data.reading import Reading
from mlpcli.data.text.header import are_row_names, are_row_numbers, is_header
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed, plural

_SAMPLE_LINES = 200
_MOST_STRAY = 20
_UNNAMED = re.compile(r"x[1-9][0-9]*")

Rows = list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The layout of a text file. A single blank as `separator` stands for runs of blanks and tabs.

    width: cells per row. before: records before the first row, of which the last `headers` are the header.
    first, last: the columns that are kept lie between. names: theirs. passed: physical lines before all that.
    comment: what lines begin with that are passed over, wherever they stand. notes: what is to be said.
    """

    separator: str
    quote: str
    width: int
    before: int
    headers: int
    first: int
    last: int
    names: tuple[str, ...]
    passed: int
    comment: str
    notes: tuple[str, ...]
    skipped: tuple[str, ...]
    """The notes that may explain why rows do not fit."""


def lines_wanted(reading: Reading) -> int:
    """Return how many lines have to be there before anything can be told; more are better."""
    headers = 1 if reading.header is None else int(reading.header)
    if reading.header is None and reading.names and _are_unnamed(reading.names):
        headers = 0
    return reading.skip + headers + 1


def detect(name: str, text: str, complete: bool, reading: Reading, separator: str | None) -> Layout | None:
    """Detect the layout of a text file; None where there is not one line with a cell.

    name: what messages call the file. text: its beginning. complete: whether that is all of it. separator:
    taken as it is, where given. Raises DataError for a header that does not fit the rows.
    """
    lines = list(islice(io.StringIO(text, newline=""), reading.skip + _SAMPLE_LINES + 1))
    if len(lines) > reading.skip + _SAMPLE_LINES or (not complete and len(lines) > 1):
        lines, complete = lines[:-1], False
    lines = lines[reading.skip :]
    remarks = _remarks(lines, reading)
    lines = [line for line in lines[remarks:] if not (reading.comment and line.startswith(reading.comment))]
    separator, quote, rows = cut(lines, complete, separator)
    if not rows:
        return None
    return _Finder(name, reading, separator, quote, rows, remarks).layout()


def _remarks(lines: Sequence[str], reading: Reading) -> int:
    """Count the lines at the beginning that begin with #, where there is another line behind them."""
    if reading.comment is not None or reading.header:
        return 0
    for count, line in enumerate(lines):
        if not line.startswith("#"):
            held = reading.names & {
                cell.strip(" #\"'\r\n") for cell in re.split(r"[,;\t|]", "".join(lines[:1]))
            }
            return 0 if count == 1 and held else count
    return 0


def _are_unnamed(names: Collection[str]) -> bool:
    """Tell whether columns are called as those of a file without a header are."""
    return all(map(_UNNAMED.fullmatch, names))


class _Finder:
    """What is found out about the first rows of a file, step by step."""

    def __init__(
        self, name: str, reading: Reading, separator: str, quote: str, rows: Rows, remarks: int
    ) -> None:
        self._name, self._reading, self._separator, self._quote = name, reading, separator, quote
        self._rows, self._remarks = rows, remarks
        self._notes: list[str] = []
        self._skipped: list[str] = []
        self._first = 0

    def layout(self) -> Layout:
        """Find header, width and columns."""
        rows = self._rows
        start, headers = self._table_start()
        below = rows[start + headers :]
        width = _commonest([len(row) for row in below] or [len(rows[start])])
        below = [row for row in below if len(row) == width]
        if start:
            self._say_skipped(rows[:start], width)
        last = width
        if headers:
            cells = self._header(rows[start : start + headers], below, width)
            if not below:
                width = last = self._first + len(cells)
            if len(cells) > 1 and not cells[-1] and not any(row[-1] for row in below):
                cells = cells[:-1]
            last = self._first + len(cells)
            if last < width:
                self._notes.append("the last column has neither name nor cells, and is left out.")
            names = self._named(cells, below)
            last = self._first + len(names)
        else:
            ends_empty = len(below) > 1 and not any(row[-1] for row in below)
            if width > 2 and ends_empty and f"x{width}" not in self._reading.names:
                last = width - 1
                self._notes.append("the last column has no cells, and is left out.")
            names = tuple(f"x{at}" for at in range(1, last + 1))
        return Layout(
            separator=self._separator,
            quote=self._quote,
            width=width,
            before=start + headers,
            headers=headers,
            first=self._first,
            last=last,
            names=names,
            passed=self._reading.skip + self._remarks,
            comment=self._reading.comment or "",
            notes=self._said(headers, len(names)),
            skipped=tuple(self._skipped),
        )

    def _table_start(self) -> tuple[int, int]:
        """Return how many rows stand before the table, and how many of it are the header."""
        rows, reading = self._rows, self._reading
        widths = [len(row) for row in rows]
        if reading.header is None and reading.names:
            for at, row in enumerate(rows[:_MOST_STRAY]):
                if 2 * len(reading.names.intersection(row)) >= len(reading.names):
                    return at, 1
        # Lines before the table have another number of cells than all of its rows.
        start = widths.index(widths[-1])
        start = start if start <= _MOST_STRAY and 1 < len(widths) - start == widths.count(widths[-1]) else 0
        if reading.header is not None:
            start -= int(reading.header) if start and self._is_short_header(start) else 0
            return max(min(start, len(rows) - 1), 0), int(reading.header)
        if _are_unnamed(reading.names) and reading.names:
            return start, 0
        if start and self._is_short_header(start):
            return start - 1, 1
        return start, int(is_header(rows[start], [r for r in rows[start + 1 :] if len(r) == widths[-1]]))

    def _is_short_header(self, start: int) -> bool:
        """Tell whether the last row before the others is a header with a name too few or too many."""
        header, below = self._rows[start - 1], self._rows[start:]
        width = len(below[0])
        if not header[-1]:
            return len(header) == width + 1 and is_header(header[:-1], below)
        if len(header) != width - 1 or len(set(header)) < len(header) or len(header) == 1:
            return False
        return not any(row[-1] for row in below) or not is_header(below[0], below[1:])

    def _header(self, header: Rows, below: Rows, width: int) -> list[str]:
        """Return the names of the header, one for each column that is kept, empty where there is none.

        Raises DataError where there are too few or too many.
        """
        count = max(map(len, header))
        padded = [row + [""] * (count - len(row)) for row in header]
        cells = [" ".join(filter(None, column)) for column in zip(*padded, strict=True)]
        if not below or len(cells) == width:
            return cells
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) == width - 1:
            if not any(row[-1] for row in below):
                return cells
            if are_row_names([row[0] for row in below]):
                self._first = 1
                self._notes.append("the first column has no name: it is taken for row names, and left out.")
                return cells
        if len(cells) != width:
            what = f"The header has {plural(len(cells), 'name')}, all rows have {plural(width, 'cell')}."
            if len(cells) == width - 1:
                what = (
                    f"{len(cells)} cells, all other lines have {width}. If it is the header, it lacks a name."
                )
            remedy = (
                "Give every column a name, or delete the line. Where it is no header, say "
                f"`data: {{header: false, skip: {self._reading.skip + 1}}}`."
            )
            raise DataError(Fault(f"{self._name} line {self._line_of(header)}", what, remedy))
        return cells

    def _line_of(self, header: Rows) -> int:
        at = next(at for at, row in enumerate(self._rows) if row is header[0])
        return self._reading.skip + self._remarks + at + 1

    def _named(self, cells: list[str], below: Rows) -> tuple[str, ...]:
        """Give every column a name of its own; a nameless first column of row names is left out."""
        may_be = len(cells) > 1 and not cells[0] and not self._first
        used = "x1" in self._reading.names - set(cells)
        if may_be and not used and are_row_numbers([row[0] for row in below]):
            self._first = 1
            cells = cells[1:]
            self._notes.append("the first column has no name: it is taken for row names, and left out.")
        names, nameless, again = renamed(cells)
        if nameless:
            self._notes.append(f"columns without a name are called {listed(nameless)}.")
        if again:
            self._notes.append(f"names that come again are told apart: {listed(again)}.")
        return names

    def _say_skipped(self, skipped: Rows, width: int) -> None:
        for at, row in enumerate(skipped, self._reading.skip + self._remarks + 1):
            self._skipped.append(
                f"{self._name}: line {at} is skipped: {plural(len(row), 'cell')} ({row[0][:40]!r}), "
                f"all others have {width}."
            )

    def _said(self, headers: int, columns: int) -> tuple[str, ...]:
        parted = f"separated by {SEPARATORS.get(self._separator, self._separator)}"
        quoted = f", quoted by {self._quote}" if self._quote != '"' else ""
        titled = "with a header line" if headers else f"no header line: columns x1 … x{columns}"
        if headers > 1:
            titled = f"with names over {headers} lines"
        passed = []
        if self._reading.skip:
            passed.append(f"{plural(self._reading.skip, 'line')} at the beginning passed over (data.skip).")
        if self._remarks:
            passed.append(
                f"{plural(self._remarks, 'line')} at the beginning passed over, which begin with '#'."
            )
        if self._reading.comment:
            passed.append(f"lines that begin with {self._reading.comment!r} are passed over.")
        first, *rest = (
            f"{self._name}: {note}" for note in (f"{parted}{quoted}, {titled}.", *passed, *self._notes)
        )
        return (first, *self._skipped, *rest)


def _commonest(counts: list[int]) -> int:
    return Counter(counts).most_common(1)[0][0]
