"""Table: named columns of equal length, as a file holds them, before anything is known of their meaning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.cell_values import EXACT, as_text, numbers
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]

IN_MEMORY = "the table"
"""The source of a table that comes from no file."""


@dataclass(frozen=True)
class Column:
    """A named column. cells: text (a list of rows), or numbers (rows,) in which NaN is a missing cell."""

    name: str
    cells: list[str] | Array

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)


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
    """Rows under named columns. `lines` gives the line (or row, says `unit`) in the file `source` of each."""

    source: str
    columns: tuple[Column | Block, ...]
    lines: Sequence[int]
    unit: str = "row"
    declared: Mapping[str, ColumnSchema] = field(default_factory=dict)
    """What the file itself says of the meaning of columns, by name."""
    files: tuple[tuple[int, str], ...] = ()
    """Where several files are one table: how many of the numbers in `lines` come before each file, and
    what is said before the number of a line in it, as "part-2.csv line"."""

    @property
    def rows(self) -> int:
        return len(self.lines)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.names)

    @cached_property
    def _places(self) -> dict[str, tuple[Column | Block, int]]:
        return {name: (column, at) for column in self.columns for at, name in enumerate(column.names)}

    def cells(self, name: str) -> list[str] | Array:
        """Return the cells of one column: a list of text, or numbers (rows,)."""
        column, at = self._places[name]
        return column.cells if isinstance(column, Column) else column.values[:, at]

    def text(self, name: str) -> list[str]:
        """Return the cells of one column as text."""
        cells = self.cells(name)
        return cells if isinstance(cells, list) else as_text(cells)

    def numbers(self, name: str) -> Array:
        """Return a column as numbers (rows,), NaN where missing. Raises DataError for other text."""
        cells = self.cells(name)
        if not isinstance(cells, list):
            return cells
        values, bad = numbers(cells)
        if len(bad):
            raise DataError(
                Fault(
                    self.where(bad[0], name),
                    f"{cells[bad[0]]!r} is not a finite number" + more(len(bad)) + ".",
                    "Mend the cell, or leave it empty where the value is not known.",
                )
            )
        return values

    def matrix(self, names: tuple[str, ...]) -> Array:
        """Return columns as numbers (rows, columns), not copied where possible. Raises DataError for text."""
        blocks = {id(column): column for column, _ in (self._places[name] for name in names)}
        first = next(iter(blocks.values()))
        if len(blocks) == 1 and isinstance(first, Block):
            if first.names == names:
                return first.values
            return first.values[:, [self._places[name][1] for name in names]]
        if len(names) == 1:
            return self.numbers(names[0]).reshape(-1, 1)
        return np.stack([self.numbers(name).astype(np.float64, copy=False) for name in names], axis=1)

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
        indices = rows.tolist()
        return Table(
            self.source,
            tuple(_take(column, rows, indices) for column in self.columns),
            [self.lines[index] for index in indices],
            self.unit,
        )

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


def more(count: int) -> str:
    """Say how many cells like the one just named there are."""
    return f" ({count} such cells)" if count > 1 else ""


def _take(column: Column | Block, rows: Array, indices: list[int]) -> Column | Block:
    if isinstance(column, Block):
        return replace(column, values=column.values[rows])
    cells = column.cells
    if isinstance(cells, list):
        return Column(column.name, list(map(cells.__getitem__, indices)))
    return Column(column.name, cells[rows])


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
        return [Column(name, values.tolist() if values.dtype.kind == "U" else values)]
    flat = values.reshape(len(values), -1) if len(values) else values.reshape(0, 0)
    if not flat.shape[1]:
        raise DataError(
            Fault(where, f"{name!r} has no rows or columns: {values.shape}.", "Give one of each.")
        )
    names = tuple(f"{name}{at}" for at in range(1, flat.shape[1] + 1))
    if values.dtype.kind == "U":
        return [Column(each, flat[:, at].tolist()) for at, each in enumerate(names)]
    return [Block(names, flat, pooled=values.ndim > 2)]


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
        cells = column.cells if isinstance(column, Column) else column.values
        lengths[column.names[0]] = len(cells)
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
