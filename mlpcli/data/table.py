"""Table: named columns of equal length, as a file holds them, before anything is known of their meaning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.errors import DataError, Fault

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


@dataclass(frozen=True, kw_only=True)
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
        if column.codes is None and column.numbers is not None:
            return column.numbers
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
        """Return columns as numbers (rows, columns), uncopied where possible. Raises DataError for words."""
        block = self.block(names)
        if block is not None:
            return block
        if len(names) == 1:
            return self.numbers(names[0]).reshape(-1, 1)
        return np.stack([self.numbers(name).astype(np.float64, copy=False) for name in names], axis=1)

    def block(self, names: tuple[str, ...]) -> Array | None:
        """Return columns of one array as they stand there, (rows, columns); None for those of several."""
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
