"""A table made of another one piece by piece, so that memory need not hold either."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlpcli.data.column import Column
from mlpcli.data.table import Block, Table


def read_in_pieces(table: Table, read: Callable[[Table], Table], folder: Path | None) -> Table:
    """Return what `read` makes of a table, whose rows it looks at one by one.

    folder: where its columns go, made piece by piece, but for those that are as they were; None: memory holds
    all. Raises DataError.
    """
    if folder is None:
        return read(table)
    from mlpcli.data.spooled_columns import NotSpooled, rows_at_once, spooled  # seldom needed

    rows = rows_at_once(len(table.names))
    for borrows in (table.picked is None, False):
        pieces = _Pieces(table=table, read=read, rows=rows, borrows=borrows)
        try:
            found = spooled(pieces.read_all(), folder)
        except NotSpooled:
            break
        if found is not None and not pieces.changed:
            return replace(found, columns=pieces.with_borrowed(found.columns))
    return read(table)


@dataclass(kw_only=True)
class _Pieces:
    """The pieces of a table, and which columns `read` gives back as they are: those are not written again.

    rows: of a piece. borrows: whether any may be. order: the columns of what was read. changed: whether a
    column that was given back at first was not later on.
    """

    table: Table
    read: Callable[[Table], Table]
    rows: int
    borrows: bool
    borrowed: set[tuple[str, ...]] = field(default_factory=set)
    order: list[tuple[str, ...]] = field(default_factory=list)
    changed: bool = False

    def read_all(self) -> Iterator[Table]:
        """Yield what is made of each piece, without the borrowed columns. Raises DataError."""
        for piece in map(_gathered, self.table.pieces(self.rows)):
            given = {column.names: column for column in piece.columns}
            found = self.read(piece)
            same = {each.names for each in found.columns if _is_same(each, given.get(each.names))}
            if not self.order:
                self.order = [each.names for each in found.columns]
                self.borrowed = same if self.borrows else set()
            self.changed = self.changed or not self.borrowed <= same
            written = (each for each in found.columns if each.names not in self.borrowed)
            yield replace(found, columns=tuple(written))

    def with_borrowed(self, written: tuple[Column | Block, ...]) -> tuple[Column | Block, ...]:
        """Return the columns that were written and the borrowed ones, in their order."""
        there = {each.names: each for each in (*self.table.columns, *written)}
        return tuple(there[names] for names in self.order)


def _is_same(found: Column | Block, given: Column | Block | None) -> bool:
    if isinstance(found, Block) or not isinstance(given, Column):
        return isinstance(found, Block) and isinstance(given, Block) and found.values is given.values
    same = found.numbers is given.numbers and found.codes is given.codes
    return same and found.words == given.words


def _gathered(table: Table) -> Table:
    """Return a table whose columns have its own rows alone."""
    picked = table.picked
    if picked is None:
        return table
    columns = (
        each.take(picked) if isinstance(each, Column) else replace(each, values=each.values[picked])
        for each in table.columns
    )
    return replace(table, columns=tuple(columns), picked=None)
