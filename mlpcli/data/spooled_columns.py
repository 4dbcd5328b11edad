"""Columns of a table that is larger than memory: read piece by piece into files, and mapped from there."""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.array_files import pieces_of, reason, remedy
from mlpcli.data.column import Column
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, Fault

Array = NDArray[Any]

CELLS = 1 << 20
"""Cells that are read at once."""


class _Files(ExitStack):
    """Files of a folder that have no names; each is closed with the block at the latest."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def new(self) -> IO[bytes]:
        """Return a new file. Raises OSError."""
        import tempfile  # seldom needed

        return self.enter_context(tempfile.TemporaryFile(dir=self._folder, buffering=0))


class _Spool:
    """An array that grows at its end, in a file without a name: it is gone when the process is."""

    def __init__(self, files: _Files, dtype: np.dtype[Any], width: tuple[int, ...] = ()) -> None:
        self.dtype, self._width, self._files = dtype, width, files
        self._file = files.new()
        self._rows = 0

    def append(self, values: Array) -> None:
        """Write values (rows, …) at the end; the type becomes one that holds all values. Raises OSError."""
        wider = np.promote_types(self.dtype, values.dtype)
        if wider != self.dtype:
            before, self.dtype = self.map(), wider
            self._file = self._files.new()
            self._write(before)
        self._write(values)
        self._rows += len(values)

    def fill(self, value: float, rows: int) -> None:
        """Write a value at the end so many times. Raises OSError."""
        self.append(np.broadcast_to(np.array(value, self.dtype), (rows, *self._width)))

    def map(self) -> Array:
        """Return the array, read-only, and close the file. Raises OSError."""
        shape = (self._rows, *self._width)
        if not self._rows or 0 in self._width:
            return np.empty(shape, self.dtype)
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._file.close()
        return np.frombuffer(mapped, self.dtype).reshape(shape)

    def _write(self, values: Array) -> None:
        for piece in pieces_of(values):
            left = memoryview(np.ascontiguousarray(piece, self.dtype)).cast("B")  # type: ignore[arg-type]
            while left:
                left = left[self._file.write(left) :]


@dataclass
class _GrowingColumn:
    """The cells of a column so far; see Column for what is there."""

    name: str
    numbers: _Spool | None = None
    codes: _Spool | None = None
    places: dict[str, int] = field(default_factory=dict)

    def append(self, piece: Column, before: int, files: _Files) -> None:
        """Add the cells of a piece. before: cells so far. Raises OSError."""
        if piece.numbers is not None:
            if self.numbers is None:
                kind = np.dtype(np.float64) if before else piece.numbers.dtype
                self.numbers = _Spool(files, kind)
                self.numbers.fill(np.nan if before else 0, before)
            self.numbers.append(piece.numbers)
        elif self.numbers is not None:
            self.numbers.append(np.full(piece.rows, np.nan))
        if piece.codes is not None:
            if self.codes is None:
                self.codes = _Spool(files, np.dtype(np.int32))
                self.codes.fill(-1, before)
            known = [self.places.setdefault(word, len(self.places)) for word in piece.words]
            self.codes.append(np.array([*known, -1], np.int32)[piece.codes])
        elif self.codes is not None:
            self.codes.fill(-1, piece.rows)

    def column(self) -> Column:
        """Return the column, its arrays mapped. Raises OSError."""
        return Column(
            name=self.name,
            numbers=None if self.numbers is None else self.numbers.map(),
            codes=None if self.codes is None else self.codes.map(),
            words=tuple(self.places),
        )


@dataclass
class _GrowingBlock:
    """The cells of a block so far."""

    names: tuple[str, ...]
    pooled: bool
    values: _Spool

    def append(self, piece: Block) -> None:
        """Add the cells of a piece. Raises OSError."""
        self.values.append(piece.values)

    def column(self) -> Block:
        """Return the block, its array mapped. Raises OSError."""
        return Block(self.names, self.values.map(), self.pooled)


def spooled(pieces: Iterable[Table], folder: Path) -> Table | None:
    """Return the table of all pieces, in order, its columns in files of `folder`; None without a piece.

    The words of columns stay in memory. The files have no names, and are gone when the table is. Raises
    DataError where they cannot be written, and NotSpooled.
    """
    growing = _GrowingTable()
    with _Files(folder) as files:
        for piece in pieces:
            try:
                growing.append(piece, files)
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    raise NotSpooled from error
                raise _cannot_write(piece, folder, error) from error
        if growing.last is None:
            return None
        try:
            return growing.table()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                raise NotSpooled from error
            raise _cannot_write(growing.last, folder, error) from error


class NotSpooled(Exception):
    """Signal that blocks differ from piece to piece, or columns are too many for files of their own.

    It never reaches a user: such a table is read into memory.
    """


@dataclass
class _GrowingTable:
    """The rows of a table so far. last: the piece that was added last."""

    last: Table | None = None
    columns: dict[tuple[str, ...], _GrowingColumn | _GrowingBlock] = field(default_factory=dict)
    lines: _Spool | range = range(0)
    rows: int = 0

    def append(self, piece: Table, files: _Files) -> None:
        """Add the rows of a piece. Raises OSError, NotSpooled."""
        there: dict[tuple[str, ...], Column | Block] = {each.names: each for each in piece.columns}
        new = [names for names in there if names not in self.columns]
        if new:
            _allow_files(3 * (len(new) + len(self.columns)))
        for names in new:
            self.columns[names] = _begun(there[names], self.rows, files)
        for names, column in self.columns.items():
            more = there.get(names)
            if isinstance(column, _GrowingBlock):
                if not isinstance(more, Block):
                    raise NotSpooled
                column.append(more)
            elif more is None:  # of objects, each has its keys
                column.append(Column(name=names[0], numbers=np.full(piece.rows, np.nan)), self.rows, files)
            elif isinstance(more, Column):
                column.append(more, self.rows, files)
            else:
                raise NotSpooled
        self.lines = _joined(self.lines, piece.lines, files)
        self.last, self.rows = piece, self.rows + piece.rows

    def table(self) -> Table:
        """Return the table, its arrays mapped. Raises OSError."""
        assert self.last is not None
        columns = tuple(each.column() for each in self.columns.values())
        lines = self.lines if isinstance(self.lines, range) else self.lines.map()
        return replace(self.last, columns=columns, lines=lines, picked=None)


def rows_at_once(names: int) -> int:
    """Return how many rows of a table of so many columns are read at once."""
    return max(1, CELLS // max(1, names))


def _begun(column: Column | Block, before: int, files: _Files) -> _GrowingColumn | _GrowingBlock:
    """Begin a column that so many rows before it lack. Raises OSError, NotSpooled."""
    if isinstance(column, Block):
        if before:
            raise NotSpooled
        width = column.values.shape[1:]
        return _GrowingBlock(column.names, column.pooled, _Spool(files, column.values.dtype, width))
    growing = _GrowingColumn(column.name)
    if before:
        growing.numbers = _Spool(files, np.dtype(np.float64))
        growing.numbers.fill(np.nan, before)
    return growing


def _joined(lines: _Spool | range, more: range | Array, files: _Files) -> _Spool | range:
    """Return the lines with those of a further piece: a range as long as they are one. Raises OSError."""
    if isinstance(lines, range):
        follows = _as_range(more)
        if follows is not None and (not lines or lines.stop == follows.start):
            return range(lines.start if lines else follows.start, follows.stop)
        spool = _Spool(files, np.dtype(np.int64))
        for part in _ranges(lines):
            spool.append(np.arange(part.start, part.stop))
        lines = spool
    lines.append(np.asarray(more, np.int64))
    return lines


def _as_range(lines: range | Array) -> range | None:
    """Return whole numbers that follow one another as a range; None where they do not."""
    if isinstance(lines, range):
        return lines if lines.step == 1 else None
    first = int(lines[0]) if len(lines) else 0
    follow = np.array_equal(lines, np.arange(first, first + len(lines)))
    return range(first, first + len(lines)) if follow else None


def _ranges(lines: range) -> Iterator[range]:
    for start in range(lines.start, lines.stop, CELLS):
        yield range(start, min(start + CELLS, lines.stop))


def _allow_files(count: int) -> None:
    """Let the process have so many more files open, as far as it may: a mapped column counts as one."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _cannot_write(table: Table, folder: Path, error: OSError) -> DataError:
    what = f"It does not fit into memory, and its columns cannot be kept in {folder}: {reason(error)}."
    return DataError(Fault(table.source, what, remedy(error)))
