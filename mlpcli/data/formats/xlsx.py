"""XLSX: the first sheet of a workbook, xls and ods too. Needs `pip install python-calamine`.

Calamine takes a thirteenth of the time of openpyxl, and both have the MIT licence.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from mlpcli.data.column import Column
from mlpcli.data.column_names import distinct_names
from mlpcli.data.extras import require
from mlpcli.data.pieces import joined, sliced
from mlpcli.data.reader import Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.schema.column_schema import DATE, TRUTH, ColumnSchema
from mlpcli.data.source import Source
from mlpcli.data.table import Table
from mlpcli.data.typed_columns import cell_of, column_of_levels, column_of_values
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MEMBER = re.compile(
    rb"xl/|docProps/|_rels/|\[Content_Types\]\.xml|mimetypeapplication/vnd\.oasis\.opendocument\.spread"
)
_LOCAL_HEADER = 30
_PIECE_ROWS = 4096
_LOOKED_AT = 20
_DATE_LENGTH = len("2024-03-01")

_Row = tuple[int, list[Any]]
"""A row and its number in the sheet."""


class Xlsx(Reader):
    """Reader of the first sheet of a workbook; rows and columns around the table that are empty are left out.

    Dates are dates, flags are truth values, a cell that holds an error is empty.
    """

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        require("python_calamine", "pip install python-calamine", source.name, "A workbook")
        self._reading = reading
        self._types: list[set[type]] = []
        with source.stream:
            sheet, notes = self._sheet()
            rows = self._filled(sheet)
            start = list(islice(rows, _LOOKED_AT))
            names, start, more_notes = self._header(start)
            self._table = self._whole(names, self._pieces(start, rows))
        self.names, self.rows, self.declared = self._table.names, self._table.rows, self._table.declared
        self.notes = (*notes, *more_notes)

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        if head.startswith(_OLD_EXCEL) or (head.startswith(_ZIP) and _MEMBER.match(head, _LOCAL_HEADER)):
            return 3
        return 2 if name.endswith((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")) else 0

    def chunks(self, rows: int) -> Iterator[Table]:
        for start in range(0, self._table.rows, rows):
            yield sliced(self._table, start, min(start + rows, self._table.rows))

    def _sheet(self) -> tuple[Any, list[str]]:
        """Open the first sheet; return it with a note. Raises DataError for what is no workbook."""
        import python_calamine

        try:
            book = python_calamine.load_workbook(io.BytesIO(self.source.read(1 << 62)))
            sheet = book.get_sheet_by_index(0)
        except (python_calamine.CalamineError, OSError, ValueError, IndexError) as error:
            what = f"It cannot be read as a workbook: {error}."
            raise DataError(
                Fault(self.source.name, what, "Save it again, or export the sheet as CSV.")
            ) from error
        others = [name for name in book.sheet_names if name != sheet.name]
        rest = f"; not read: {listed(map(repr, others), 10)}" if others else ""
        return sheet, [f"{self.source.name}: workbook, first sheet {sheet.name!r}{rest}."]

    def _filled(self, sheet: Any) -> Iterator[_Row]:
        """Yield the rows of a sheet that have a filled cell, after those that are to be skipped."""
        for number, row in enumerate(sheet.iter_rows(), 1):
            if number > self._reading.skip and any(not _is_empty(cell) for cell in row):
                yield number, row

    def _header(self, start: list[_Row]) -> tuple[list[str], list[_Row], list[str]]:
        """Return names, or empty ones where there is no header, the rows after it, and notes.

        Raises DataError where there is no row.
        """
        if not start:
            raise DataError(Fault(self.source.name, "The first sheet is empty.", "Move the table to it."))
        width = len(start[0][1])
        lines, skipped = self._header_lines(start)
        names = [""] * width
        for _, row in start[skipped : skipped + lines]:
            for at, cell in enumerate(row):
                names[at] = f"{names[at]} {_name(cell)}".strip()
        notes = []
        if skipped:
            rows = listed(str(number) for number, _ in start[:skipped])
            notes.append(f"{self.source.name}: rows before the table are left out: {rows}.")
        if not lines:
            notes.append(f"{self.source.name}: no header line: columns x1 … x{width}.")
        return names, start[skipped + lines :], notes

    def _header_lines(self, start: list[_Row]) -> tuple[int, int]:
        """Return over how many rows the names go, and how many rows stand before them."""
        asked, wanted = self._reading.header, self._reading.names
        if wanted and asked is None:
            for at, (_, row) in enumerate(start):
                if wanted <= {_name(cell) for cell in row}:
                    return 1, at
        skipped = 0
        counts = [sum(not _is_empty(cell) for cell in row) for _, row in start]
        while counts[skipped] == 1 and skipped + 1 < len(counts) and max(counts) > 2:
            skipped += 1  # a title above the table
        if asked is not None:
            return int(asked), skipped
        first = [cell for cell in start[skipped][1] if not _is_empty(cell)]
        return int(len(start) > skipped + 1 and all(isinstance(cell, str) for cell in first)), skipped

    def _pieces(self, start: list[_Row], rest: Iterator[_Row]) -> Iterator[list[_Row]]:
        while start:
            yield start
            start = list(islice(rest, _PIECE_ROWS))

    def _whole(self, names: list[str], pieces: Iterator[list[_Row]]) -> Table:
        """Make the table without columns that have neither name nor cell. Raises DataError without a row."""
        named, _ = distinct_names(names, self.source.name)
        self._types = [set() for _ in names]
        tables = []
        for piece in pieces:
            cells = list(zip(*(row for _, row in piece), strict=True))
            columns = tuple(self._column(at, name, cells[at]) for at, name in enumerate(named))
            numbers = np.array([number for number, _ in piece])
            tables.append(Table(source=self.source.name, columns=columns, lines=numbers, unit="row"))
        if not tables:
            raise DataError(
                Fault(self.source.name, "There is a header but no row.", "Give one row per example.")
            )
        table = joined(tables)
        kept, declared = [], {}
        for at, column in enumerate(column for column in table.columns if isinstance(column, Column)):
            if (not names[at] and not self._types[at]) or column.name in self._reading.ignore:
                continue
            schema = _declared(column.name, self._types[at])
            if schema is not None:
                declared[column.name] = schema
            kept.append(_dates_alike(column) if schema is not None and schema.kind == DATE else column)
        return replace(table, columns=tuple(kept), declared=declared)

    def _column(self, at: int, name: str, values: Sequence[Any]) -> Column:
        cells = [None if _is_empty(value) else value for value in values]
        self._types[at].update({type(cell) for cell in cells} - {type(None)})
        return column_of_values(name, cells, name in self._reading.as_text)


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _name(cell: Any) -> str:
    """Return a cell of a header as a name: 2020 for the number 2020.0."""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    text, number = cell_of(cell)
    return text.strip() or ("" if np.isnan(number) else str(number))


def _declared(name: str, types: set[type]) -> ColumnSchema | None:
    if types == {bool}:
        return ColumnSchema(name=name, kind=TRUTH, levels=("0", "1"), why="the file holds true and false")
    if types and types <= {datetime.date, datetime.datetime}:
        return ColumnSchema(name=name, kind=DATE, why="the file holds dates")
    return None


def _dates_alike(column: Column) -> Column:
    """Write dates without a time as midnight where others have one, so that all are of one format."""
    lengths = {len(word) > _DATE_LENGTH for word in column.words}
    if len(lengths) < 2 or column.codes is None:
        return column
    texts = [word if len(word) > _DATE_LENGTH else f"{word}T00:00:00" for word in column.words]
    return column_of_levels(column.name, column.codes, texts)
