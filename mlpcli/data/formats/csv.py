"""CSV and its kin: text, one row per line, cells parted by `,` `;` `|`, tabs or runs of blanks."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.csv_dialect import SEPARATORS, detect
from mlpcli.data.reader import WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import HEAD_BYTES, Source
from mlpcli.data.table import Table
from mlpcli.data.text.cells import Cells, cells_of_records, cells_of_text
from mlpcli.data.text.columns import CellReader, GrowingColumns
from mlpcli.data.text.lines import Lines, not_text, not_utf8
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]

_WRITTEN = {"\\t": "\t", "tab": "\t", "blank": " ", "blanks": " "}
_BLOCK_BYTES = 1 << 17  # so small that what comes of a block stays in the cache
_LARGEST_BLOCK = 1 << 22
_LONG_QUOTE = 1 << 20  # bytes after which a quote that is still open is looked at by the csv module
_RECORDS = 1000


class Csv(Reader):
    """Reader of text tables, as a stream: memory holds one chunk of rows and one block of text.

    Blanks around cells are dropped, empty lines are skipped.
    """

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        separator = _separator(reading.separator)
        header = None if reading.header is None else bool(reading.header)
        layout = detect(_text_of(source), source.head_is_all, header, separator)
        if layout is None:
            raise DataError(Fault(source.name, "There is no row in the file.", "Give one row per example."))
        self._layout = layout
        self._lines = Lines(source, _BLOCK_BYTES)
        self._width = layout.width
        first = self._next() if layout.stray or layout.header else []
        stray = []
        if layout.stray:
            self._check_stray(first or [], layout.header)
            shown = (first or [""])[0][:40]
            stray = [
                f"{source.name}: line {self._line} is skipped: {layout.stray} cells ({shown!r}), "
                f"all others have {layout.width}."
            ]
            first = self._next() if layout.header else []
        unnamed = tuple(f"x{at}" for at in range(1, layout.width + 1))
        self.names = self._named(first or []) if layout.header else unnamed
        parted = f"separated by {SEPARATORS.get(layout.separator, layout.separator)}"
        quoted = f", quoted by {layout.quote}" if layout.quote != '"' else ""
        titled = "with a header line" if layout.header else f"no header line: columns x1 … x{layout.width}"
        self.notes = (f"{source.name}: {parted}{quoted}, {titled}.", *stray, *self._renamed)
        self._as_text = [at for at, name in enumerate(self.names) if name in reading.as_text]

    _line = 0
    _renamed: tuple[str, ...] = ()

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        return 1

    def _next(self) -> list[str] | None:
        """Return the next record that is not blank, stripped, and set `_line`; return None at the end."""
        for record, self._line in self._lines.records(self._layout.separator, self._layout.quote):
            if any(cell.strip() for cell in record) or len(record) > 1:
                return [cell.strip() for cell in record]
        return None

    def _named(self, cells: list[str]) -> tuple[str, ...]:
        """Return the names in a header; an empty one becomes x and its place.

        Raises DataError where a name occurs twice.
        """
        names = tuple(cell or f"x{at}" for at, cell in enumerate(cells, 1))
        where = f"{self.source.name} line {self._line}"
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            which = listed(map(repr, twice))
            remedy = "Rename the columns, or, if this line is no header, say `data: {header: false}`."
            raise DataError(Fault(where, f"These column names come more than once: {which}.", remedy))
        empty = [name for name, cell in zip(names, cells, strict=True) if not cell]
        if empty:
            self._renamed = (f"{where}: columns without a name are called {listed(empty)}.",)
        return names

    def _check_stray(self, cells: list[str], header: bool) -> None:
        """Refuse a first line that looks like a header with one name too few, as some programs write it.

        Raises DataError: the columns would otherwise have names that nobody gave them.
        """
        if not header and len(cells) == self._width - 1 and len(set(cells)) == len(cells) > 1 and all(cells):
            raise DataError(
                Fault(
                    f"{self.source.name} line {self._line}",
                    f"{len(cells)} cells, all other lines have {self._width}. "
                    "If it is the header, it lacks a name.",
                    "Add the missing name, or delete the line.",
                )
            )

    def chunks(self, rows: int) -> Iterator[Table]:
        reader = CellReader(self._width, self._as_text)
        with self.source.stream:
            columns, lines = None, []
            for cells in self._blocks():
                at = 0
                while at < cells.rows:
                    if columns is None:
                        columns, lines = GrowingColumns(self.names, reader, self._expected(cells, rows)), []
                    part = cells.take(slice(at, at + rows - columns.rows))
                    columns.add(part)
                    lines.append(part.lines)
                    at += part.rows
                    if columns.rows == rows:
                        yield self._table(columns, lines)
                        columns = None
                if columns and self.source.live and rows < WHOLE:
                    yield self._table(columns, lines)
                    columns = None
            if columns:
                yield self._table(columns, lines)

    def _expected(self, cells: Cells, rows: int) -> int:
        """Return how many rows a table may have, at most `rows`: a guess by the bytes of the first ones."""
        guess = 4 * cells.rows
        if self.source.size is not None:
            guess = max(guess, int(1.02 * cells.rows * self.source.size / max(len(cells.text), 1)) + 64)
        return min(rows, guess)

    def _blocks(self) -> Iterator[Cells]:
        """Yield the cells of block after block. Raises DataError."""
        lines, layout = self._lines, self._layout
        while (block := lines.rest()) or lines.more():
            if not block:
                continue
            if lines.ended and not block.endswith(b"\n"):
                block += b"\n"
            first = lines.line
            cells, used = cells_of_text(block, layout.separator, layout.quote, self._width)
            if cells is not None and not used:
                if not lines.ended and len(block) < _LONG_QUOTE:
                    lines.more()
                    continue
                cells = None
            if cells is None:
                yield from self._by_csv()
                continue
            lines.advance(used)
            if cells.rows:
                lines.block_bytes = min(max(_BLOCK_BYTES, 16 * used // cells.rows), _LARGEST_BLOCK)
            cells.lines[:] += first
            yield self._filled(cells)

    def _by_csv(self) -> Iterator[Cells]:
        """Yield the cells of the next records as the csv module reads them. Raises DataError."""
        records: list[list[str]] = []
        starts: list[int] = []
        for record, line in self._lines.records(self._layout.separator, self._layout.quote):
            if len(record) == self._width:
                records.append(record)
                starts.append(line)
                if len(records) == _RECORDS:
                    break
            elif any(cell.strip() for cell in record):
                yield self._filled(cells_of_records(records, starts))
                raise self._ragged(record, line)
        if records:
            yield self._filled(cells_of_records(records, starts))

    def _filled(self, cells: Cells) -> Cells:
        """Leave out rows of which every cell is empty, where there are several columns."""
        empty = cells.lengths[:, 0] == 0
        if self._width == 1 or not empty.any():
            return cells
        at = np.flatnonzero(empty)
        empty[at] = ~cells.lengths[at].any(axis=1)
        return cells.take(~empty) if empty.any() else cells

    def _table(self, columns: GrowingColumns, lines: list[Array]) -> Table:
        separator = self._layout.separator
        return Table(self.source.name, columns.finish(), _joined(lines), "line", separator=separator)

    def _ragged(self, record: list[str], line: int) -> DataError:
        last = self._lines.line - 1
        where = f"{self.source.name} line {line}" + (f" to {last}" if last > line else "")
        remedy = "Add or remove cells, or put a cell that holds the separator in quotes."
        if last > line:
            remedy += " A quote opened there may not be closed."
        what = f"{len(record)} cells, where all rows should have {self._width}."
        return DataError(Fault(where, what, remedy))


def _separator(given: str | None) -> str | None:
    """Return the separator that was asked for as a character. Raises DataError where it cannot part cells."""
    separator = _WRITTEN.get(given, given) if given else None
    if separator and (len(separator) != 1 or separator in "\r\n\"'" or separator.isalnum()):
        what = f"The separator {separator!r} is not one character that can part cells."
        remedy = 'Give for instance ",", ";", "|", "tab" or "blanks".'
        raise DataError(Fault("", what, remedy, "data.separator"))
    return separator


def _joined(lines: list[Array]) -> Any:
    """Return line numbers as a range where none is left out, else as int64 (rows,)."""
    rows = sum(map(len, lines))
    first, last = int(lines[0][0]), int(lines[-1][-1])
    if last - first == rows - 1:
        return range(first, last + 1)
    return np.concatenate(lines)


def _text_of(source: Source) -> str:
    head = source.head.removeprefix(codecs.BOM_UTF8)
    if b"\0" in head:
        raise not_text(source.name, source.head.index(b"\0"))
    try:
        # A character cut in two by the end of the head is no fault.
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=len(source.head) < HEAD_BYTES)
    except UnicodeDecodeError as error:
        raise not_utf8(source.name, len(source.head) - len(head) + error.start) from error
