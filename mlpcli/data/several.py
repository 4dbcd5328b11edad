"""Several files as one table."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mlpcli.data.column import Column
from mlpcli.data.pieces import Lines, joined
from mlpcli.data.reader import WHOLE, Reader
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Columns = tuple[Column | Block, ...]


def files_of(path: str | Sequence[str]) -> tuple[str, ...]:
    """Return the files that a path, a pattern such as data/part-*.csv, or a list of both stands for.

    The files of a pattern are sorted by name, those of a list in its order. A file that is there under the
    very name is no pattern. Raises DataError for a pattern that fits no file, and for a file named twice.
    """
    found: list[str] = []
    for each in (path,) if isinstance(path, str) else path:
        if not glob.has_magic(each) or os.path.lexists(each):
            found.append(each)
            continue
        files = sorted(filter(os.path.isfile, glob.glob(each, recursive=True)))
        if not files:
            remedy = "Check the folder and the ending; * stands for any letters, ** for any folders."
            raise DataError(Fault(each, "There is no file that this pattern fits.", remedy))
        found += files
    if not found:
        raise DataError(Fault("", "The list of files is empty.", "Name one file at least."))
    for name, count in Counter(found).items():
        if count > 1:
            times = "twice" if count == 2 else f"{count} times"
            what = f"It is named {times}, so its rows would count as often."
            raise DataError(Fault(name, what, "Name each file once."))
    return tuple(found)


class Several(Reader):
    """A reader of files one after another, which all have the same columns, in any order.

    A row keeps its file and line: `Table.files`. One file is open at a time.
    """

    def __init__(self, files: Sequence[str], open_file: Callable[[str, frozenset[str]], Reader]) -> None:
        """Open the first file. open_file: opens one, given the names of columns it should have.

        Raises DataError.
        """
        self._files, self._open_file = files, open_file
        self._first = open_file(files[0], frozenset())
        self.source = replace(self._first.source, name=f"{files[0]} and {len(files) - 1} more")
        self.names, self.declared = self._first.names, dict(self._first.declared)
        self.absent_is_empty = self._first.absent_is_empty
        self._told = f"{len(files)} files are one table: {files[0]} … {files[-1]}."
        self.notes = (*self._first.notes, self._told)

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        return 0

    def close(self) -> None:
        self._first.close()

    def chunks(self, rows: int) -> Iterator[Table]:
        if rows == WHOLE:
            tables = list(self._tables(rows))
            if tables:
                tables = [replace(table, files=tables[-1].files, declared=self.declared) for table in tables]
                yield joined(self._alike(tables))
            return
        yield from self._tables(rows)

    def _alike(self, tables: list[Table]) -> list[Table]:
        """Return the tables with the columns of the first, and those that only later ones have."""
        names = dict.fromkeys(name for table in tables for name in table.names)
        known = set(tables[0].names)
        extra = [Column(name=name, numbers=np.zeros(0)) for name in names if name not in known]
        like = (*tables[0].columns, *extra)
        tables.reverse()
        found = []
        while tables:
            table = tables.pop()
            found.append(replace(table, columns=_shaped(like, table)))
        return found

    def _tables(self, rows: int) -> Iterator[Table]:
        """Yield the tables of all files, their lines numbered on from file to file."""
        before = 0
        places: list[tuple[int, str]] = []
        first: Columns = ()
        for file in self._files:
            reader = self._opened(file)
            last = before
            for table in reader.chunks(rows):
                if not first:
                    first = table.columns
                if not places or places[-1][1] != f"{table.source} {table.unit}":
                    places.append((before, f"{table.source} {table.unit}"))
                lines = _moved(table.lines, before)
                last = int(lines[-1])
                columns = table.columns if reader.absent_is_empty else _shaped(first, table)
                yield replace(
                    table,
                    source=self.source.name,
                    columns=columns,
                    lines=lines,
                    declared=self.declared,
                    files=tuple(places),
                )
            before = last

    def _opened(self, file: str) -> Reader:
        """Open a file and take its notes that the first lacks. Raises DataError where columns differ."""
        first = self._first
        if file == self._files[0]:
            return first
        reader = self._open_file(file, frozenset(first.names))
        try:
            self._compare(reader)
        except BaseException:
            reader.close()
            raise
        known = {note.replace(first.source.name, "") for note in first.notes}
        new = tuple(note for note in reader.notes if note.replace(reader.source.name, "") not in known)
        self.notes = (*self.notes, *new)
        self.declared = _agreed(self.declared, reader.declared)
        return reader

    def _compare(self, reader: Reader) -> None:
        own, others = set(reader.names), set(self._first.names)
        if own == others or (reader.absent_is_empty and self._first.absent_is_empty):
            return
        lacks = [name for name in self._first.names if name not in own]
        more = [name for name in reader.names if name not in others]
        parts = [f"lacks {listed(map(repr, lacks), 10)}"] if lacks else []
        parts += [f"has {listed(map(repr, more), 10)} besides"] if more else []
        what = f"Its columns differ from those of {self._first.source.name}: it {' and '.join(parts)}."
        remedy = (
            "Files of one table have the same columns, in any order; say data.header where it is a header."
        )
        raise DataError(Fault(reader.source.name, what, remedy))


def _moved(lines: Lines, by: int) -> Lines:
    if isinstance(lines, range):
        return range(lines.start + by, lines.stop + by, lines.step)
    return np.asarray(lines, np.int64) + by


def _shaped(like: Columns, table: Table) -> Columns:
    """Return the columns of a table in the order, and in the blocks, of others; those it lacks are empty."""
    if [column.names for column in table.columns] == [column.names for column in like]:
        return table.columns
    found: dict[str, Column] = {}
    for column in table.columns:
        if isinstance(column, Column):
            found[column.name] = column
        else:
            found |= {
                name: Column(name=name, numbers=column.values[:, at]) for at, name in enumerate(column.names)
            }
    columns: list[Column | Block] = []
    for column in like:
        if isinstance(column, Block):
            columns.append(
                replace(column, values=np.stack([_numbers(found[name], table) for name in column.names], 1))
            )
        else:
            empty = Column(name=column.name, numbers=np.full(table.rows, np.nan))
            columns.append(found.get(column.name, empty))
    return tuple(columns)


def _numbers(column: Column, table: Table) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if column.words or column.numbers is None:
        what = f"The column {column.name!r} holds text, which it does not in the files before."
        raise DataError(Fault(table.source, what, "Give files of one kind."))
    return column.numbers


def _agreed(one: Mapping[str, ColumnSchema], other: Mapping[str, ColumnSchema]) -> dict[str, ColumnSchema]:
    """Return what both files say of their columns; levels that differ are left to be found."""
    found = {}
    for name, schema in one.items():
        if name in other and other[name].kind == schema.kind:
            same = other[name].levels == schema.levels
            found[name] = schema if same else replace(schema, levels=())
    return found
