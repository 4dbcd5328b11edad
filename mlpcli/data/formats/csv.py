"""CSV and its kin: text, one row per line, cells parted by `,` `;` `|`, tabs or runs of blanks."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from mlpcli.data.csv_dialect import SEPARATORS, detect, records
from mlpcli.data.formats import FORMATS
from mlpcli.data.reader import Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import HEAD_BYTES, Source
from mlpcli.data.source import reading as reading_bytes
from mlpcli.data.table import Column, Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

_WRITTEN = {"\\t": "\t", "tab": "\t", "blank": " ", "blanks": " "}
_BATCH_ROWS = 2048


class Csv(Reader):
    """Reader of text tables, as a stream: memory holds one chunk of rows.

    Blanks around cells are dropped, empty lines are skipped.
    """

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        header, separator = reading.header, reading.separator
        separator = _WRITTEN.get(separator, separator) if separator else None
        if separator and (len(separator) != 1 or separator in "\r\n\"'" or separator.isalnum()):
            what = f"The separator {separator!r} is not one character that can part cells."
            remedy = 'Give for instance ",", ";", "|", "tab" or "blanks".'
            raise DataError(Fault("", what, remedy, "data.separator"))
        layout = detect(_text_of(source), source.head_is_all, header, separator)
        if layout is None:
            raise DataError(Fault(source.name, "There is no row in the file.", "Give one row per example."))
        self._width = layout.width
        self._lines = _Lines(source)
        self._records = records(self._lines.text, layout.separator, layout.quote)
        self._first_line = 1
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

    _line = 0
    _renamed: tuple[str, ...] = ()

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        return 1

    def _next(self) -> list[str] | None:
        """Return the next record that is not blank, stripped, and set `_line`; return None at the end."""
        with self._faults():
            for record in self._records:
                self._line, self._first_line = self._first_line, self._records.line_num + 1
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
        with self.source.stream:
            columns: list[list[str]] = [[] for _ in self.names]
            lines: list[int] = []
            for batch, places in self._batches(min(rows, _BATCH_ROWS)):
                for column, cells in zip(columns, zip(*batch, strict=True), strict=True):
                    column.extend(map(str.strip, cells))
                lines += places
                if len(lines) >= rows:
                    yield self._table([column[:rows] for column in columns], lines[:rows])
                    columns, lines = [column[rows:] for column in columns], lines[rows:]
            if lines:
                yield self._table(columns, lines)

    def _batches(self, rows: int) -> Iterator[tuple[list[list[str]], list[int]]]:
        """Yield records of the right width and their first lines, `rows` at a time: few lists live at once.

        Raises DataError for a record of another width.
        """
        found: list[list[str]] = []
        lines: list[int] = []
        with self._faults():
            for record in self._records:
                line, self._first_line = self._first_line, self._records.line_num + 1
                if len(record) == self._width:
                    found.append(record)
                    lines.append(line)
                    if len(found) == rows:
                        yield found, lines
                        found, lines = [], []
                elif any(cell.strip() for cell in record):
                    raise self._ragged(record, line)
        if found:
            yield found, lines

    def _table(self, columns: list[list[str]], lines: list[int]) -> Table:
        named = zip(self.names, columns, strict=True)
        return Table(self.source.name, tuple(Column(name, cells) for name, cells in named), lines, "line")

    def _ragged(self, record: list[str], line: int) -> DataError:
        last = self._records.line_num
        where = f"{self.source.name} line {line}" + (f" to {last}" if last > line else "")
        remedy = "Add or remove cells, or put a cell that holds the separator in quotes."
        if last > line:
            remedy += " A quote opened there may not be closed."
        what = f"{len(record)} cells, where all rows should have {self._width}."
        return DataError(Fault(where, what, remedy))

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn whatever goes wrong while the text is read into a DataError with its place."""
        try:
            with reading_bytes(self.source.name):
                yield
        except UnicodeDecodeError as error:
            raise _not_utf8(self.source.name, self._lines.taken - len(error.object) + error.start) from error
        except csv.Error as error:
            where, what = f"{self.source.name} line {self._first_line}", f"Cannot be read as cells: {error}."
            remedy = "Close every quote, and double a quote that is part of a cell."
            if "field larger" in str(error):
                remedy = f"A cell may have {csv.field_size_limit():,} characters; a quote may not be closed."
            raise DataError(Fault(where, what, remedy)) from error


class _Lines(io.BufferedIOBase):
    """Bytes of a source for a TextIOWrapper: counted, to tell the place of a wrong one; NUL is refused."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.taken = len(codecs.BOM_UTF8) if source.head.startswith(codecs.BOM_UTF8) else 0
        source.stream.read(self.taken)
        # newline="" leaves line ends in quoted cells as they are; csv knows all kinds of them.
        self.text = io.TextIOWrapper(cast(BinaryIO, self), encoding="utf-8", newline="")

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        block = self._source.stream.read1(max(size, 1 << 16))
        self.taken += len(block)
        if b"\0" in block:
            raise _binary(self._source.name, self.taken - len(block) + block.index(b"\0"))
        return block


def _text_of(source: Source) -> str:
    head = source.head.removeprefix(codecs.BOM_UTF8)
    if b"\0" in head:
        raise _binary(source.name, source.head.index(b"\0"))
    try:
        # A character cut in two by the end of the head is no fault.
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=len(source.head) < HEAD_BYTES)
    except UnicodeDecodeError as error:
        raise _not_utf8(source.name, len(source.head) - len(head) + error.start) from error


def _not_utf8(name: str, offset: int) -> DataError:
    return DataError(
        Fault(
            f"{name} byte {offset}",
            "The text is not UTF-8.",
            "Save it as UTF-8, for instance with `iconv -f LATIN1 -t UTF-8 FILE`.",
        )
    )


def _binary(name: str, offset: int) -> DataError:
    others = ", ".join(other.upper() for other in FORMATS if other != "csv")
    return DataError(
        Fault(
            f"{name} byte {offset}",
            "There is a zero byte: this is no text file (UTF-16 text has them too).",
            f"Known formats: CSV and its kin in UTF-8, {others}, each also as .gz. "
            "UTF-16: `iconv -f UTF-16 -t UTF-8 FILE`.",
        )
    )
