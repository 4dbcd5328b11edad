"""Reader: what every file format offers, and the part that formats holding one array share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from mlpcli.data.arrays import check_columns, columns_of
from mlpcli.data.progress import Progress
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.data.source import Source
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

LABEL = "label"
"""The column that the labels of rows become, where a format or a second file has them apart."""
WHOLE = 1 << 62
"""More rows than any file has: `chunks(WHOLE)` gives one chunk."""
KNOWN = 3
"""How surely a file is of a format whose first bytes it has, see Reader.claims."""


class Reader(ABC):
    """An open data file. A format is a subclass in `formats/`, named after its file.

    Reading starts with `chunks`, once; making a Reader reads no further than the beginning.
    """

    names: tuple[str, ...]
    """Column names, in order."""
    notes: tuple[str, ...] = ()
    """Sentences about what was detected, for the user."""
    progress: Progress | None = None
    """What is told how far the file is read; whoever opens it may set that."""
    rows: int | None = None
    """The number of rows, where the file tells it before it is read."""
    declared: Mapping[str, ColumnSchema] = {}
    """What the file itself says of the meaning of columns, by name."""
    absent_is_empty: bool = False
    """Whether a column that only other files of the table have is one of empty cells here."""
    parts: Mapping[str, Table] = {}
    """Tables of other parts (validation, test) that lie in the same file."""

    @abstractmethod
    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        """Open a file. reading: what is known beforehand; a format takes of it what concerns it."""
        self.source = source

    @staticmethod
    @abstractmethod
    def claims(name: str, head: bytes) -> int:
        """Return how surely a file is of this format; the highest wins.

        0 it is not, 1 it may be when nothing else claims it, 2 by its name, 3 by its first bytes.
        `name` is without `.gz` and the like and in small letters.
        """

    @abstractmethod
    def chunks(self, rows: int) -> Iterator[Table]:
        """Yield tables of at most `rows` rows, in order, never an empty one; close the file at the end.

        Raises DataError.
        """

    def close(self) -> None:
        """Close the file, where `chunks` was not read to its end."""
        self.source.stream.close()


class ArrayReader(Reader):
    """A reader of one array behind a header, as in NPY and IDX; subclasses read the header."""

    def describe(self, shape: tuple[int, ...], dtype: np.dtype[Any], order: Literal["C", "F"] = "C") -> None:
        """Store what the header says. Raises DataError when no table can be made of it."""
        if not shape or not math.prod(shape):
            what = f"The array has the shape {shape}: there are no rows."
            raise DataError(Fault(self.source.name, what, "Give one row per example."))
        self.shape, self.dtype, self.order, self.rows = shape, dtype, order, shape[0]
        # Reading as much as a row first means that a header that lies cannot make up millions of columns.
        self._start = read_bytes(self.source, (1, *shape[1:]), dtype)
        self.names = self._table(np.zeros((1, *shape[1:]), dtype), 0).names

    def chunks(self, rows: int) -> Iterator[Table]:
        # In Fortran order a row is scattered over the whole array, so it is read as a whole.
        step = min(rows, self.shape[0]) if self.order == "C" else self.shape[0]
        start = self._start
        with self.source.stream:
            for first in range(0, self.shape[0], step):
                shape = (min(step, self.shape[0] - first), *self.shape[1:])
                data = read_bytes(self.source, shape, self.dtype, start)
                start = bytearray()
                values = np.frombuffer(data, self.dtype).reshape(shape, order=self.order)
                for at in range(0, len(values), rows):
                    yield self._table(values[at : at + rows], first + at)
            if self.source.read(1):
                what = f"The file goes on after the {self.shape} values its header tells of."
                raise DataError(Fault(self.source.name, what, "It is damaged; fetch or write it again."))

    def _table(self, values: np.ndarray[Any, Any], start: int) -> Table:
        columns = columns_of("x" if values.ndim > 1 else "x1", values, self.source.name)
        rows = check_columns(columns, self.source.name)
        return Table(
            source=self.source.name, columns=tuple(columns), lines=range(start + 1, start + rows + 1)
        )


def read_bytes(
    source: Source, shape: tuple[int, ...], dtype: np.dtype[Any], start: bytearray | None = None
) -> bytearray:
    """Read the bytes of an array, which begin with `start`. Raises DataError when the file holds fewer."""
    count = math.prod(shape) * dtype.itemsize
    data = source.read(count, start)
    if len(data) < count or not dtype.itemsize:
        what = f"The file ends before the {shape} values of type {dtype} that its header tells of."
        raise DataError(Fault(source.name, what, "It is cut off or damaged; fetch or write it again."))
    return data
