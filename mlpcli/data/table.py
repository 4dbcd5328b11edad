"""Table: named columns of equal length, as a file holds them, before anything is known of their meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import EXACT, Column, column_of_cells
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]

IN_MEMORY = "the table"
"""The source of a table that comes from no file."""


@dataclass(frozen=True)
class Block:
    """Many numeric columns in one array. values: (rows, columns).

    `pooled`: the columns share a unit (the pixels of an image) and are scaled together.
    """

    names: tuple[str, ...]
    values: Array
    pooled: bool


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    columns: all cells as they were read. lines: the line, or row, says `unit`, of each row in the file
    `source`; int64 (rows,) where it is no range. picked: the rows of `columns` that the table has, int64
    (rows,) or a slice; None: all. They are gathered column by column when asked for, since a second table
    would take as much memory as the first.
    """

    source: str
    columns: tuple[Column | Block, ...]
    lines: range | Array
    unit: str = "row"
    picked: Array | slice | None = None
    separator: str = ""
    """The mark between the cells of a text file, which tells what 1,250 is."""
    declared: Mapping[str, ColumnSchema] = field(default_factory=dict)
    """What the file itself says of the meaning of columns, by name."""
    files: tuple[tuple[int, str], ...] = ()
    """Where several files are one table: how many of the numbers in `lines` come before each file, and
    what is said before the number of a line in it, as "part-2.csv line"."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lines)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.names)

    @cached_property
    def _places(self) -> dict[str, tuple[Column | Block, int]]:
        return {name: (column, at) for column in self.columns for at, name in enumerate(column.names)}

    def column(self, name: str) -> Column:
        """Return one column; one of a block has numbers alone."""
        column, at = self._places[name]
        whole = column if isinstance(column, Column) else Column(name=name, numbers=column.values[:, at])
        return whole if self.picked is None else whole.take(self.picked)

    def numbers(self, name: str) -> Array:
        """Return a column as numbers (rows,), NaN where empty. Raises DataError where a cell is a word."""
        column = self.column(name)
        words = np.flatnonzero(column.is_word())
        if len(words):
            raise DataError(
                Fault(
                    self.where(words[0], name),
                    f"{column.cell(words[0])!r} is not a finite number" + more(len(words)) + ".",
                    "Mend the cell, or leave it empty where the value is not known.",
                )
            )
        return np.full(self.rows, np.nan) if column.numbers is None else column.numbers

    def matrix(self, names: tuple[str, ...]) -> Array:
        """Return columns as numbers (rows, columns), not copied where possible. Raises DataError for words."""
        block = self.block(names)
        if block is not None:
            return block
        if len(names) == 1:
            return self.numbers(names[0]).reshape(-1, 1)
        return np.stack([self.numbers(name).astype(np.float64, copy=False) for name in names], axis=1)

    def block(self, names: tuple[str, ...]) -> Array | None:
        """Return columns of one array as they stand there, (rows, columns); None where they are of several."""
        first = self._places[names[0]][0]
        if isinstance(first, Column) or any(self._places[name][0] is not first for name in names):
            return None
        values = first.values if self.picked is None else first.values[self.picked]
        return values if first.names == names else values[:, [self._places[name][1] for name in names]]

    def where(self, row: int, name: str = "") -> str:
        """Say where a row (and column) is, for an error."""
        number = int(self.lines[row])
        before, where = 0, f"{self.source} {self.unit}"
        for lines, file in self.files:
            if lines < number:
                before, where = lines, file
        return f"{where} {number - before}" + (f", column {name!r}" if name else "")

    def take(self, rows: Array) -> Table:
        """Return the rows with these indices, (n,) int, in this order."""
        picked = rows
        if isinstance(self.picked, slice):
            picked = rows + self.picked.start
        elif self.picked is not None:
            picked = self.picked[rows]
        return self._with_rows(line_numbers(self.lines)[rows], picked)

    def pieces(self, rows: int) -> Iterator[Table]:
        """Yield the table in pieces of at most so many rows, in order."""
        assert self._places is not None  # once, for all pieces
        for start in range(0, self.rows, rows):
            part = slice(start, min(start + rows, self.rows))
            picked: Array | slice = part
            if isinstance(self.picked, slice):
                picked = slice(self.picked.start + part.start, self.picked.start + part.stop)
            elif self.picked is not None:
                picked = self.picked[part]
            yield self._with_rows(self.lines[part], picked)

    def _with_rows(self, lines: range | Array, picked: Array | slice) -> Table:
        """Return the table with other rows of its columns."""
        table = replace(self, lines=lines, picked=picked)
        # Where the columns stand is the same, and not looked for anew for each of many pieces.
        table.__dict__.update(
            {key: self.__dict__[key] for key in ("names", "_places") if key in self.__dict__}
        )
        return table

    def without(self, names: Collection[str]) -> Table:
        """Return the table without these columns."""
        kept: list[Column | Block] = []
        for column in self.columns:
            places = [at for at, name in enumerate(column.names) if name not in names]
            if len(places) == len(column.names):
                kept.append(column)
            elif places and isinstance(column, Block):
                kept.append(
                    Block(tuple(column.names[at] for at in places), column.values[:, places], column.pooled)
                )
        return replace(self, columns=tuple(kept))


def line_numbers(lines: range | Array) -> Array:
    """Return the numbers of lines as an array, int64 (rows,); NumPy makes one of a range number by number."""
    return np.arange(lines.start, lines.stop, lines.step) if isinstance(lines, range) else lines


def more(count: int) -> str:
    """Say how many cells like the one just named there are."""
    return f" ({count} such cells)" if count > 1 else ""


def columns_of(name: str, values: Array, where: str) -> list[Column | Block]:
    """Make columns of an array.

    (rows,) is the column `name`; (rows, w) the columns name1 … namew; more axes: a pooled block, flat.
    Raises DataError for a single value and for what is neither number nor text.
    """
    if values.dtype.names:
        fields = ((field, values[field]) for field in values.dtype.names)
        return [column for field, cells in fields for column in columns_of(field, cells, where)]
    if values.ndim == 0:
        raise DataError(Fault(where, f"{name!r} is a single value, not rows.", "Give one row per example."))
    values = _plain(name, values, where)
    if values.ndim == 1:
        return [_column(name, values)]
    flat = values.reshape(len(values), -1) if len(values) else values.reshape(0, 0)
    if not flat.shape[1]:
        raise DataError(
            Fault(where, f"{name!r} has no rows or columns: {values.shape}.", "Give one of each.")
        )
    names = tuple(f"{name}{at}" for at in range(1, flat.shape[1] + 1))
    if values.dtype.kind == "U":
        return [_column(each, flat[:, at]) for at, each in enumerate(names)]
    return [Block(names, flat, pooled=values.ndim > 2)]


def _column(name: str, values: Array) -> Column:
    """Make a column of numbers or of texts, (rows,)."""
    large = values.dtype.kind in "ui" and values.dtype.itemsize == 8 and len(values)
    if large and max(abs(int(values.max())), abs(int(values.min()))) >= EXACT:
        values = values.astype(str)  # as float64 such numbers would become their neighbours
    if values.dtype.kind == "U":
        return column_of_cells(name, values.tolist())
    return Column(name=name, numbers=values)


def _plain(name: str, values: Array, where: str) -> Array:
    """Return numbers as they are, flags as 0 and 1, text as stripped Unicode. Raises DataError."""
    kind = values.dtype.kind if values.dtype.itemsize else "of no width"
    if kind == "b":
        return values.astype(np.uint8)
    if kind == "S":
        try:
            values, kind = np.char.decode(values, "utf-8"), "U"
        except UnicodeDecodeError as error:
            raise DataError(
                Fault(where, f"{name!r} holds text that is not UTF-8: {error}.", "Save it as text.")
            ) from error
    if kind == "U":
        values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
        letters = values.reshape(-1).view(np.uint32)
        # NumPy does not check letters in files; half of a surrogate pair could not be printed either.
        if np.any((letters > 0x10FFFF) | ((letters >= 0xD800) & (letters < 0xE000))):
            raise DataError(
                Fault(where, f"{name!r} holds text that is no Unicode.", "Write it again as UTF-8.")
            )
        return np.char.strip(values)
    if kind in "uif":
        return values
    raise DataError(Fault(where, f"{name!r} has the type {values.dtype}.", "Convert it to numbers or text."))


def check_columns(columns: Iterable[Column | Block], where: str) -> int:
    """Return the number of rows. Raises DataError when a name comes twice or the lengths differ."""
    seen: set[str] = set()
    lengths: dict[str, int] = {}
    for column in columns:
        for name in column.names:
            if name in seen:
                raise DataError(Fault(where, f"The column {name!r} comes twice.", "Rename one of the two."))
            seen.add(name)
        rows = column.rows if isinstance(column, Column) else len(column.values)
        lengths[column.names[0]] = rows
    if len(set(lengths.values())) > 1:
        counts = listed(f"{name} {length}" for name, length in lengths.items())
        what = f"The columns differ in length: {counts}."
        raise DataError(Fault(where, what, "Give each one row per example."))
    rows = next(iter(lengths.values()), 0)
    if not rows:
        raise DataError(Fault(where, "There are no rows.", "Give one row per example."))
    return rows


def table_from(values: Any, source: str = IN_MEMORY) -> Table:
    """Make a table of what is in memory.

    values: a mapping from name to sequence (a data frame, an Arrow table), or from name to single values: one
    row; a list of such rows; or an array, of which (rows, w) gives the columns x1 … xw. None, NaN and pandas'
    NA are missing cells, and so is what a row of a list lacks. Raises DataError.
    """
    columns: list[Column | Block] = []
    if hasattr(values, "to_pydict"):  # an Arrow table; its own arrays lose what is missing among categories
        values = values.to_pydict()
    if isinstance(values, Mapping):
        values = _one_row(values)
    elif isinstance(values, (list, tuple)) and any(isinstance(row, Mapping) for row in values):
        values = _rows(values, source)
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        names = list(values.columns) if hasattr(values, "columns") else list(values)
        for name, count in Counter(names).items():
            if count > 1:  # a data frame gives all columns of a name at once
                what = f"The column {name!r} comes {'twice' if count == 2 else f'{count} times'}."
                raise DataError(Fault(source, what, "Rename all but one."))
        for name in names:
            columns += columns_of(str(name), _array(values[name], source), source)
    else:
        array = _array(values, source)
        columns += columns_of("x" if array.ndim > 1 else "x1", array, source)
    return Table(source, tuple(columns), range(1, check_columns(columns, source) + 1))


def _one_row(values: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Take a mapping of single values for one row; any other mapping stays."""
    if values and all(map(_is_single, values.values())):
        return {name: [value] for name, value in values.items()}
    return values


def _is_single(value: Any) -> bool:
    return isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") or getattr(value, "ndim", 1) == 0


def _rows(values: Sequence[Any], source: str) -> Mapping[Any, Any]:
    """Turn rows, each a mapping from name to value, into columns. Raises DataError for a row that is none."""
    for at, row in enumerate(values, 1):
        if not isinstance(row, Mapping):
            what = f"Row {at} is no mapping from name to value, as others are."
            raise DataError(Fault(source, what, "Give rows of one kind: all mappings, or all lists."))
    names = dict.fromkeys(name for row in values for name in row)
    return {name: [row.get(name) for row in values] for name in names}


def _array(values: Any, source: str) -> Array:
    """Make an array of numbers where all values are, else of text; objects of any kind are told by hand."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        what = f"No array can be made of it: {error}."
        raise DataError(Fault(source, what, "Give rows of equal length.")) from error
    if array.dtype.kind != "O":
        return array
    cells = [None if _is_absent(value) else value for value in array.ravel().tolist()]
    present = [value for value in cells if value is not None]
    # A whole number too large for float64 would become its neighbour.
    large = any(isinstance(value, (int, np.integer)) and abs(int(value)) >= EXACT for value in present)
    if not large and not any(isinstance(value, (str, bytes)) for value in present):
        try:
            return np.array(cells, dtype=np.float64).reshape(array.shape)
        except (TypeError, ValueError):
            pass
    words = ["" if value is None else str(value) for value in cells]
    return np.array(words, dtype=str).reshape(array.shape)


def _is_absent(value: Any) -> bool:
    """Tell whether a value stands for none: None, NaN, NaT, and pandas' NA, which has no truth value."""
    if value is None or type(value).__name__ == "NAType":
        return True
    unequal = value != value
    return isinstance(unequal, (bool, np.bool_)) and bool(unequal)
