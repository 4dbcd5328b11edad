"""Schema: the meaning of all columns of a table, as models hold it, and the reading of tables by it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from mlpcli.data.column import Column
from mlpcli.data.json_records import read_record
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.data.schema.read_column import Slip, read_column
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, Fault, ModelFileError


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The meaning of the columns of a table; a column without an entry is of plain numbers.

    targets: the columns that are predicted. aside: columns that are read and are no inputs, such as weights.
    """

    columns: tuple[ColumnSchema, ...] = ()
    targets: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, ColumnSchema]:
        """The entries by the name of their column."""
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> ColumnSchema:
        """Return the meaning of a column; one without an entry is of plain numbers."""
        return self.by_name.get(name) or ColumnSchema(name=name)

    def as_text(self) -> frozenset[str]:
        """Return the columns whose cells a reader has to keep as words, as 1.250 that means 1250."""
        return frozenset(column.name for column in self.columns if column.notation.decimal == ",")

    def unused(self) -> tuple[str, ...]:
        """Return the columns that are left out."""
        return tuple(column.name for column in self.columns if not column.used)

    def read(self, table: Table, names: Collection[str] | None = None) -> Table:
        """Return the table with typed cells (see read_column), without the columns that are left out.

        names: the columns that are asked for, others are dropped; None: all, each of which has to fit. Truth
        values of targets stay words. A column that the table lacks is no matter here. Raises DataError,
        naming the first cell of each column that has no meaning in it.
        """
        typed: list[Column | Block] = []
        faults: list[Fault] = []
        for column in self._wanted(table, names):
            if isinstance(column, Block):
                typed.append(column)
                continue
            entry = self.column(column.name)
            cells, slip = read_column(column, entry, as_words=column.name in self.targets)
            typed.append(cells)
            if slip is not None:
                faults.append(Fault(place(table, slip, column.name), slip.what, slip.remedy))
        if faults:
            raise DataError(faults)
        return replace(table, columns=tuple(typed), picked=None)

    def _wanted(self, table: Table, names: Collection[str] | None) -> Iterator[Column | Block]:
        """Yield the columns that are read; those of a block that have a meaning of their own as columns."""
        for column in columns_of(table):
            wanted = [name for name in column.names if names is None or name in names]
            wanted = [name for name in wanted if self.column(name).used]
            if isinstance(column, Block):
                yield from split_block(column, wanted, self.by_name)
            elif wanted:
                yield column

    def fault(self) -> str:
        """Say what cannot be true of a schema; empty when all is well."""
        for kind, names in (
            ("a column", [column.name for column in self.columns]),
            ("a target", self.targets),
            ("a column aside", [*self.aside, *self.targets]),
        ):
            if len(set(names)) < len(names):
                return f"{kind} comes twice."
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data: mappings, lists, text, numbers and flags."""
        return {
            "columns": [_plain(column) for column in self.columns],
            "targets": list(self.targets),
            "aside": list(self.aside),
        }

    @staticmethod
    def from_json(value: object, where: str = "schema") -> Schema:
        """Return the schema that to_json wrote. Raises ModelFileError for anything else."""
        try:
            return read_record(Schema, value, exact=True)
        except ValueError as error:
            remedy = "The file is damaged or of another version; train again."
            raise ModelFileError(Fault(where, f"{error}.", remedy)) from error


def _plain(record: Any) -> dict[str, Any]:
    """Map the fields of a dataclass that differ from their defaults, dataclasses in it as well."""
    return {
        each.name: _plain(value) if hasattr(value, "__dataclass_fields__") else _listed(value)
        for each in fields(record)
        if (value := getattr(record, each.name)) != each.default
    }


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def place(table: Table, slip: Slip, name: str) -> str:
    """Say where a slip in the column `name` is: the file, and the line where it is in a single cell."""
    return table.source if slip.row is None else table.where(slip.row, name)


def columns_of(table: Table) -> Iterator[Column | Block]:
    """Yield the columns and blocks of a table with the rows that it has."""
    for column in table.columns:
        if table.picked is None:
            yield column
        elif isinstance(column, Block):
            yield Block(column.names, column.values[table.picked], column.pooled)
        else:
            yield column.take(table.picked)


def split_block(block: Block, wanted: Collection[str], alone: Collection[str]) -> Iterator[Column | Block]:
    """Yield the wanted columns of a block: runs as blocks, and those that stand alone as columns."""
    there, singles = set(wanted), set(alone)
    if there.issuperset(block.names) and singles.isdisjoint(block.names):
        yield block
        return
    run: list[int] = []
    for at, name in enumerate(block.names):
        if name in there and name not in singles:
            run.append(at)
            continue
        if run:
            yield _part(block, run)
            run = []
        if name in there:
            yield Column(name=name, numbers=block.values[:, at])
    if run:
        yield _part(block, run)


def _part(block: Block, places: list[int]) -> Block:
    names = tuple(block.names[at] for at in places)
    return Block(names, block.values[:, places[0] : places[-1] + 1], block.pooled)
