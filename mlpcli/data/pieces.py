"""Pieces: tables of any size, made into tables of the size asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, join_columns
from mlpcli.data.table import Block, Table

Lines = range | NDArray[np.int64]
"""The line or row in the file of each row of a table."""


def regrouped(pieces: Iterable[Table], rows: int) -> Iterator[Table]:
    """Yield the rows of all pieces as tables of `rows` rows, the last of fewer; all have equal columns."""
    waiting: list[Table] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += piece.rows
        if count < rows:
            continue
        whole = joined(waiting)
        full = count - count % rows
        for start in range(0, full, rows):
            yield sliced(whole, start, start + rows)
        waiting = [sliced(whole, full, count)] if full < count else []
        count -= full
    if count:
        yield joined(waiting)


def joined(tables: list[Table]) -> Table:
    """Return one table of the rows of all, one after another; the list is emptied, to give memory back."""
    first = tables[0]
    if len(tables) == 1:
        return first
    lines = _joined_lines([table.lines for table in tables])
    parts = [list(table.columns) for table in tables]
    tables.clear()
    columns: list[Column | Block] = []
    while parts[0]:
        columns.append(_joined_columns([part.pop(0) for part in parts]))
    return replace(first, columns=tuple(columns), lines=lines)


def _joined_columns(pieces: list[Column | Block]) -> Column | Block:
    first = pieces[0]
    if isinstance(first, Block):
        values = np.concatenate([piece.values for piece in pieces if isinstance(piece, Block)])
        return replace(first, values=values)
    return join_columns([piece for piece in pieces if isinstance(piece, Column)])


def _joined_lines(parts: list[Lines]) -> Lines:
    ranges = [part for part in parts if isinstance(part, range) and part.step == 1]
    if len(ranges) == len(parts):
        ends = [(part.start, part.stop) for part in ranges]
        if all(one[1] == other[0] for one, other in pairwise(ends)):
            return range(ends[0][0], ends[-1][1])
    return np.concatenate([np.asarray(part, np.int64) for part in parts])


def sliced(table: Table, start: int, stop: int) -> Table:
    """Return the rows from `start` to before `stop`, as views of the columns."""
    if start == 0 and stop >= table.rows:
        return table
    columns: list[Column | Block] = []
    for column in table.columns:
        if isinstance(column, Block):
            columns.append(replace(column, values=column.values[start:stop]))
        else:
            columns.append(column.take(slice(start, stop)))
    return replace(table, columns=tuple(columns), lines=table.lines[start:stop])
