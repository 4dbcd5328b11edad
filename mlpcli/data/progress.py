"""How far the reading of a file has come, for whoever shows it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

from mlpcli.data.reader import Reader
from mlpcli.data.table import Table


class Progress(Protocol):
    """What is told from time to time how far a file is read."""

    def __call__(self, rows: int, done: int | None, total: int | None) -> None:
        """Take note. rows: read so far. done, total: bytes of the file, None where they are not known."""


def chunks_with_progress(reader: Reader, rows: int, progress: Progress) -> Generator[Table, None, None]:
    """Yield the chunks of a reader; tell after each how far it is. Raises DataError as Reader.chunks does."""
    seen = 0
    for table in reader.chunks(rows):
        seen += table.rows
        progress(seen, reader.source.position(), reader.source.stored_size)
        yield table
