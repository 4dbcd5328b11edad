"""CSV and its kin: text, one row per line, cells parted by `,` `;` `|`, tabs or runs of blanks."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.reader import WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import HEAD_BYTES, Source
from mlpcli.data.table import Table
from mlpcli.data.text.cells import Cells, cells_of_records
from mlpcli.data.text.columns import CellReader, GrowingColumns
from mlpcli.data.text.cutting import cells_of_text
from mlpcli.data.text.layout import detect, lines_wanted
from mlpcli.data.text.lines import Lines, not_text, not_utf8
from mlpcli.errors import DataError, Fault
from mlpcli.wording import plural

Array = NDArray[Any]

_WRITTEN = {"\\t": "\t", "tab": "\t", "blank": " ", "blanks": " "}
_BLOCK_BYTES = 1 << 18  # so small that what comes of a block stays in the cache
_LARGEST_BLOCK = 1 << 22
_LONG_QUOTE = 1 << 20  # bytes after which a quote that is still open is looked at by the csv module
_RECORDS = 1000
_LONGEST_LINES = 1 << 27  # bytes of the first lines; some formats of other programs have no line end at all


class Csv(Reader):
    """Reader of text tables, as a stream: memory holds one chunk of rows and one block of text.

    Blanks around cells are dropped, empty lines are skipped.
    """

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        separator = _separator(reading.separator)
        self._look(reading)
        layout = detect(source.name, _text_of(source), source.head_is_all, reading, separator)
        if layout is None:
            raise DataError(Fault(source.name, "There is no row in the file.", "Give one row per example."))
        self._layout, self.names, self.notes = layout, layout.names, layout.notes
        self._as_text = [at for at, name in enumerate(self.names) if name in reading.as_text]
        self._lines = Lines(source, _BLOCK_BYTES)
        self._lines.comment = layout.comment.encode()
        for _ in range(layout.passed):
            self._lines.next_line()
        self._pass(layout.before - layout.headers, strict=False)
        self._pass(layout.headers, strict=True)
        self._empty_rows = 0

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        return 1

    def _look(self, reading: Reading) -> None:
        """See to it that enough of the beginning is there, without waiting for more than is needed."""
        wanted = lines_wanted(reading)
        # A pipe may be silent until what was written to it is answered.
        known = reading.header is not None or reading.names
        least = 0 if self.source.live and known else HEAD_BYTES

        def enough(head: bytes) -> bool:
            if b"\0" in head[-_LARGEST_BLOCK:] or len(head) > _LONGEST_LINES:
                return True
            return len(head) >= least and max(head.count(b"\n"), head.count(b"\r")) >= wanted

        self.source.look_further(enough)
        if len(self.source.head) > _LONGEST_LINES and not self.source.head_is_all:
            what = f"The first lines have more than {_LONGEST_LINES >> 20} MiB: this is hardly a table."
            raise DataError(Fault(self.source.name, what, "Give a text file with one row per line."))

    def _pass(self, rows: int, strict: bool) -> None:
        """Take so many records that are not blank. Raises DataError where strict and quotes are wrong."""
        if not rows:
            return
        for record, _ in self._lines.records(self._layout.separator, self._layout.quote, strict):
            rows -= any(cell.strip() for cell in record) or len(record) > 1
            if not rows:
                return

    def chunks(self, rows: int) -> Iterator[Table]:
        reader = CellReader(len(self.names), self._as_text)
        with self.source.stream:
            columns: GrowingColumns | None = None
            lines: list[Array] = []
            for cells in self._blocks():
                if self.progress is not None:
                    self.progress(cells.rows, self.source.position(), self.source.stored_size)
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
        if self._empty_rows:
            said = f"{plural(self._empty_rows, 'row')} without a filled cell left out."
            self.notes = (*self.notes, f"{self.source.name}: {said}")

    def _expected(self, cells: Cells, rows: int) -> int:
        """Return how many rows a table may have, at most `rows`: a guess by the bytes of the first ones."""
        guess = 4 * cells.rows
        if self.source.size is not None:
            guess = max(guess, int(1.02 * cells.rows * self.source.size / max(len(cells.text), 1)) + 64)
        return min(rows, guess)

    def _blocks(self) -> Iterator[Cells]:
        """Yield the cells of block after block. Raises DataError."""
        lines = self._lines
        unfinished = 0  # bytes of a row whose end was not there yet
        while True:
            block = lines.rest()
            if not lines.ended and len(block) in (0, unfinished):
                lines.more()
                continue
            if not block:
                return
            size = len(block)
            if lines.ended and not block.endswith(b"\n"):
                block += b"\n"
            cells, used = self._cells_of(block)
            if cells is not None and not used and not lines.ended and size < _LONG_QUOTE:
                unfinished = size
            elif cells is None or not used:
                unfinished = -1
                yield from self._by_csv()
            else:
                cells.lines[:] += lines.line
                lines.advance(min(used, size))
                unfinished = size - used
                if cells.rows:
                    lines.block_bytes = min(max(_BLOCK_BYTES, 16 * used // cells.rows), _LARGEST_BLOCK)
                yield self._kept(cells)

    def _cells_of(self, block: bytes) -> tuple[Cells | None, int]:
        layout, mark = self._layout, self._lines.comment
        if mark and (block.startswith(mark) or b"\n" + mark in block or b"\r" + mark in block):
            return None, 0
        return cells_of_text(block, layout.separator, layout.quote, layout.width)

    def _by_csv(self) -> Iterator[Cells]:
        """Yield the cells of the next records as the csv module reads them. Raises DataError."""
        found = list(islice(self.records(), _RECORDS))
        if found:
            yield cells_of_records([record for record, _ in found], [line for _, line in found])

    def records(self) -> Iterator[tuple[list[str], int]]:
        """Yield the cells of one row after the other, with its first line, as the csv module reads them.

        Rows without a filled cell are left out where there are several columns. Raises DataError.
        """
        layout = self._layout
        for record, line in self._lines.records(layout.separator, layout.quote):
            filled = any(cell.strip() for cell in record)
            if len(record) == layout.width:
                if any(cell.strip() for cell in record[layout.last :]):
                    raise self._beyond(line)
                if filled or layout.width == 1:
                    yield record[layout.first : layout.last], line
                else:
                    self._empty_rows += 1
            elif filled:
                raise self._ragged(record, line)

    def _kept(self, cells: Cells) -> Cells:
        """Leave out nameless columns, and, where there are several, rows of nothing but empty cells."""
        layout = self._layout
        empty = cells.lengths[:, 0] == 0
        if layout.width > 1 and empty.any():
            at = np.flatnonzero(empty)
            empty[at] = ~cells.lengths[at].any(axis=1)
            self._empty_rows += int(np.count_nonzero(empty))
            cells = cells.take(~empty)
        beyond = cells.lengths[:, layout.last :].any(axis=1)
        if beyond.any():
            raise self._beyond(int(cells.lines[beyond][0]))
        return cells if len(self.names) == layout.width else cells.between(layout.first, layout.last)

    def _beyond(self, line: int) -> DataError:
        what = "The last column has a cell here, but no name, and it was empty in the lines before."
        remedy = "Give the column a name in the header, or delete the cell."
        return DataError(Fault(f"{self.source.name} line {line}", what, remedy))

    def _table(self, columns: GrowingColumns, lines: list[Array]) -> Table:
        separator = self._layout.separator
        return Table(
            source=self.source.name,
            columns=columns.finish(),
            lines=_joined(lines),
            unit="line",
            separator=separator,
        )

    def _ragged(self, record: list[str], line: int) -> DataError:
        last = self._lines.line - 1
        where = f"{self.source.name} line {line}" + (f" to {last}" if last > line else "")
        remedy = "Add or remove cells, or put a cell that holds the separator in quotes."
        if last > line:
            remedy += " A quote opened there may not be closed."
        what = f"{plural(len(record), 'cell')}, where all rows should have {self._layout.width}."
        what = "\n".join((what, *self._layout.skipped))
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
