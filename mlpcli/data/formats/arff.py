"""ARFF: declared attributes, then rows, as Weka writes them.

Source: waikato.github.io/weka-wiki/formats_and_processing/arff_stable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import EXACT, Column
from mlpcli.data.lines import head_lines, line_blocks
from mlpcli.data.pieces import regrouped
from mlpcli.data.reader import Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.schema.column_schema import CATEGORY, DATE, ColumnSchema
from mlpcli.data.source import Source
from mlpcli.data.table import Table
from mlpcli.data.typed_columns import column_of_values
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[np.float64]

_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s{{'\"]\S*?)(?:\s+|(?=\{{))(.*)", re.I | re.S)
_CELL = re.compile(rf"\s*({_QUOTED}|[^,]*?)\s*(,|$)")
_BLANK_CELL = re.compile(rf"\s*({_QUOTED}|\S+)(\s+|$)")
_PAIR = re.compile(rf"\s*(\d+)\s+({_QUOTED}|[^,]*?)\s*(,|$)")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER, _NOMINAL, _TEXT, _DATE = "numeric", "nominal", "string", "date"
_TYPES = {"numeric": _NUMBER, "real": _NUMBER, "integer": _NUMBER, "string": _TEXT, "date": _DATE}
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_USUAL_DATE = "yyyy-MM-dd'T'HH:mm:ss"
_SIGNS = str.maketrans("", "", "0123456789.+-eE?")
# Letters of Java's SimpleDateFormat.
_JAVA = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


@dataclass(frozen=True)
class _Attribute:
    """A declared column. type: numeric, nominal, string or date; absent: what a sparse row leaves out."""

    name: str
    type: str
    levels: tuple[str, ...] = ()
    date_format: str = ""

    @property
    def absent(self) -> str:
        return "0" if self.type == _NUMBER else self.levels[0] if self.levels else ""

    def declared(self) -> ColumnSchema | None:
        """Return what the cells alone would not tell; None where they do."""
        if self.type == _NOMINAL:
            why = "the file lists its levels"
            return ColumnSchema(name=self.name, kind=CATEGORY, levels=self.levels, why=why)
        if self.type == _DATE:
            why = "the file says that these are dates"
            return ColumnSchema(name=self.name, kind=DATE, date_format=self.date_format, why=why)
        return None


class Arff(Reader):
    """Reader of rows under declared attributes, as a stream; `?` is a missing cell."""

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        self._reading = reading
        self._attributes: list[_Attribute] = []
        self._places: dict[str, int] = {}
        self._blocks = self._after_header()
        self._kept = [at for at, each in enumerate(self._attributes) if each.name not in reading.ignore]
        self.names = tuple(self._attributes[at].name for at in self._kept)
        found = [self._attributes[at].declared() for at in self._kept]
        self.declared = {each.name: each for each in found if each is not None}
        self.notes = (f"{source.name}: ARFF, columns as it declares them.",)

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        lines = (line for line in head_lines(head, 1000) if not line.startswith(b"%"))
        if re.match(rb"@relation\b", next(lines, b""), re.I):
            return 3
        return 2 if name.endswith(".arff") else 0

    def chunks(self, rows: int) -> Iterator[Table]:
        with self.source.stream:
            yield from regrouped(self._pieces(), rows)

    def _after_header(self) -> Iterator[tuple[int, list[str]]]:
        """Read the header; return the blocks of lines after it. Raises DataError where it is not sound."""
        blocks = line_blocks(self.source)
        for first, lines in blocks:
            for number, line in enumerate(lines, first):
                line = line.strip()
                if re.match(r"@data\b", line, re.I):
                    if not self._attributes:
                        raise self._fault(
                            number, "@data comes before any @attribute.", "Declare the columns."
                        )
                    return chain([(number + 1, lines[number + 1 - first :])], blocks)
                if re.match(r"@attribute\b", line, re.I):
                    self._declare(line, number)
                elif line and not line.startswith("%") and not re.match(r"@(relation|end)\b", line, re.I):
                    what = f"{line[:40]!r} is no line of a header."
                    raise self._fault(
                        number, what, "Before @data stand @relation, @attribute and % comments."
                    )
        raise DataError(Fault(self.source.name, "There is no @data line.", "It is cut off; fetch it again."))

    def _declare(self, line: str, number: int) -> None:
        found = _ATTRIBUTE.fullmatch(line)
        if not found:
            raise self._fault(number, f"{line[:60]!r} declares no column.", "Write `@attribute NAME TYPE`.")
        name, kind = _plain(found[1]), found[2].strip()
        if name in self._places:
            raise self._fault(number, f"The column {name!r} comes twice.", "Rename one of the two.")
        self._places[name] = len(self._attributes)
        word, _, rest = kind.partition(" ")
        if kind.startswith("{") and kind.endswith("}"):
            levels = tuple(dict.fromkeys(level.strip() for level in self._cells(kind[1:-1], number)))
            self._attributes.append(_Attribute(name, _NOMINAL, levels))
        elif word.lower() in _TYPES:
            form = _strptime(_plain(rest.strip()) or _USUAL_DATE)
            self._attributes.append(_Attribute(name, _TYPES[word.lower()], date_format=form))
        else:
            what = f"The type {kind[:40]!r} of {name!r} is not read."
            raise self._fault(number, what, "Known: numeric, real, integer, string, date and {levels}.")

    def _pieces(self) -> Iterator[Table]:
        for first, lines in self._blocks:
            numbers, rows = [], []
            for number, line in enumerate(lines, first):
                line = line.strip()
                if line and line[0] != "%":
                    numbers.append(number)
                    rows.append(self._row(line, number))
            if rows:
                cells = list(zip(*rows, strict=True))
                columns = tuple(self._column(self._attributes[at], cells[at], numbers) for at in self._kept)
                places = np.array(numbers)
                yield Table(
                    source=self.source.name,
                    columns=columns,
                    lines=places,
                    unit="line",
                    declared=self.declared,
                )

    def _row(self, line: str, number: int) -> Sequence[str]:
        """Return the cells of a row, `?` for missing ones. Raises DataError for too many or too few."""
        width = len(self._attributes)
        if line[0] == "{":
            return self._sparse_row(line, number)
        cells = self._cells(line, number)
        if len(cells) != width:
            what = f"{len(cells)} cells, where {width} columns are declared."
            raise self._fault(number, what, "Add or remove cells, or put one that holds a comma in quotes.")
        return cells

    def _cells(self, line: str, number: int) -> list[str]:
        if "'" not in line and '"' not in line and "\\" not in line:
            return [cell.strip() for cell in line.split(",")] if "," in line else line.split()
        cells: list[str] = []
        pattern = _CELL if re.search(rf"(?:{_QUOTED}|[^,'\"])*,", line) else _BLANK_CELL
        at, more = 0, ","
        while more and (at < len(line) or "," in more):
            found = pattern.match(line, at)
            if not found:
                what = f"{line[at : at + 40]!r} is no cell: a quote may not be closed."
                raise self._fault(number, what, "Close it, or write a backslash before a quote in a cell.")
            cells.append(_plain(found[1]))
            at, more = found.end(), found[2]
        return cells

    def _sparse_row(self, line: str, number: int) -> Sequence[str]:
        cells = [each.absent for each in self._attributes]
        inner, at = line[1:-1].strip(), 0
        while at < len(inner) or line[-1] != "}":
            found = _PAIR.match(inner, at)
            if not found or line[-1] != "}" or int(found[1]) >= len(cells):
                what = f"{inner[at : at + 40].strip()!r} is no place and value of a sparse row."
                remedy = f"Write it as {{0 1.5, 3 x}}, with places from 0 to {len(cells) - 1}."
                raise self._fault(number, what, remedy)
            cells[int(found[1])] = _plain(found[2])
            at = found.end()
        return cells

    def _column(self, attribute: _Attribute, cells: Sequence[str], numbers: list[int]) -> Column:
        """Make a column of the cells of a block. Raises DataError for a cell that is not as declared."""
        name = attribute.name
        if attribute.type == _NUMBER and name not in self._reading.as_text:
            numbers_alone = _numbers(cells)
            if numbers_alone is not None:
                return Column(name=name, numbers=numbers_alone)
        values = [None if cell == "?" else cell for cell in cells]
        column = column_of_values(name, values, name in self._reading.as_text)
        if attribute.type == _NOMINAL:
            for cell in dict.fromkeys(cells):
                if cell.strip() not in attribute.levels and cell != "?":
                    known = f"Declared are {listed(attribute.levels, 12)}."
                    raise self._wrong(attribute, cell, cells, numbers, known)
        elif attribute.type == _NUMBER and column.codes is not None:
            for word in column.words:
                if not _WHOLE.fullmatch(word) and name not in self._reading.as_text:
                    known = "A missing value is written as ?."
                    raise self._wrong(attribute, word, list(map(str.strip, cells)), numbers, known)
            return _with_leading_zeros(column)
        return column

    def _wrong(
        self, attribute: _Attribute, cell: str, cells: Sequence[str], numbers: list[int], remedy: str
    ) -> DataError:
        where = f"{self.source.name} line {numbers[cells.index(cell)]}, column {attribute.name!r}"
        what = f"{cell!r} does not fit the declaration, which is {attribute.type}."
        return DataError(Fault(where, what, remedy))

    def _fault(self, number: int, what: str, remedy: str) -> DataError:
        return DataError(Fault(f"{self.source.name} line {number}", what, remedy))


def _numbers(cells: Sequence[str]) -> Array | None:
    """Return cells that are all numbers that float64 holds, or `?`, as numbers; None where one is not."""
    if "".join(cells).translate(_SIGNS):
        return None
    try:
        values = np.fromiter(("nan" if cell == "?" else cell for cell in cells), np.float64, len(cells))
    except ValueError:
        return None
    return None if (np.abs(values) >= EXACT).any() else values


def _with_leading_zeros(column: Column) -> Column:
    """Read whole numbers with leading zeros as numbers, since the file says that they are some."""
    short = [abs(int(word)) < EXACT for word in column.words]
    if column.codes is None or not any(short):
        return column
    kept = np.cumsum(np.logical_not(short)) - 1
    places = np.array([*np.where(short, -1, kept), -1], np.int32)
    values = np.array(
        [*(float(word) if one else np.nan for word, one in zip(column.words, short, strict=True)), np.nan]
    )
    numbers = values[column.codes]
    if column.numbers is not None:
        numbers = np.where(np.isnan(numbers), column.numbers, numbers)
    words = tuple(word for word, one in zip(column.words, short, strict=True) if not one)
    return Column(
        name=column.name, numbers=numbers, codes=places[column.codes] if words else None, words=words
    )


def _plain(cell: str) -> str:
    """Return a cell without its quotes, escapes undone."""
    if len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "'\"":
        cell = cell[1:-1]
        return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), cell)
    return cell


def _strptime(java: str) -> str:
    """Return a date format of Java as one of strptime; nothing where it has no like, so that it is found."""
    found = ""
    for letters, _, quoted, other in re.findall(r"(([A-Za-z])\2*)|'([^']*)'|(.)", java):
        if letters and letters not in _JAVA:
            return ""
        found += _JAVA[letters] if letters else (quoted + other).replace("%", "%%")
    return found
