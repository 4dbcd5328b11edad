"""Formats that pyarrow reads, batch by batch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from mlpcli.data.arrow_columns import ArrowColumns
from mlpcli.data.extras import require
from mlpcli.data.pieces import regrouped
from mlpcli.data.reader import Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault


class ArrowFormat(Reader):
    """A reader of a format whose columns are Arrow's; subclasses open the file and give its batches."""

    format_name: ClassVar[str]

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        """Open a file. Raises DataError where it is unsound, MissingExtraError without pyarrow."""
        super().__init__(source, reading)
        require("pyarrow", "pip install pyarrow", source.name, self.format_name)
        with self._faults():
            schema = self.open(source)
        self._columns = ArrowColumns(schema, source.name, reading)
        self.names, self.declared = self._columns.names, self._columns.declared
        self.notes = (f"{source.name}: {self.format_name}.", *self._columns.notes)

    @abstractmethod
    def open(self, source: Source) -> Any:
        """Open the file and return its schema."""

    @abstractmethod
    def tables(self, columns: ArrowColumns) -> Iterator[Table]:
        """Yield tables of any number of rows, in order."""

    def chunks(self, rows: int) -> Iterator[Table]:
        with self.source.stream, self._faults():
            yield from regrouped(self.tables(self._columns), rows)

    def seekable(self, source: Source) -> Any:
        """Return what pyarrow can go to and fro in: the file itself, or all bytes of what is none."""
        import pyarrow as pa

        if source.path is not None:
            return pa.OSFile(source.path)
        return pa.BufferReader(bytes(source.read(1 << 62)))

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what pyarrow raises for unsound files into a DataError."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError, EOFError) as error:
            first = str(error).strip().splitlines()[:1]
            what = f"It cannot be read as {self.format_name}: {first[0] if first else type(error).__name__}"
            raise DataError(
                Fault(self.source.name, what, "It may be cut off; fetch or write it again.")
            ) from error
