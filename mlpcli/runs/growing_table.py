"""A CSV table that grows by one row at a time, at a cost that does not depend on how long it is."""

from __future__ import annotations

import csv
import io
import os
import time
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mlpcli.runs.atomic import cannot_write, replacing

SYNC_EVERY = 1.0
"""Seconds between two fsyncs. A row is the system's when add() returns, so a kill loses none; a power cut may
lose those of the last second."""


class GrowingTable:
    """An open table; growing() makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._synced = 0.0

    def add(self, record: Mapping[str, object]) -> None:
        """Append a row; the names become the header of a new file. Raises OutputError."""
        try:
            if self._file is None:
                self._file = _opened(self._path, list(record))
            self._file.write(_line("" if value is None else value for value in record.values()))
            self._file.flush()
            if time.monotonic() - self._synced >= SYNC_EVERY:
                self._sync(self._file)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def _sync(self, file: IO[bytes]) -> None:
        os.fsync(file.fileno())
        os.stat(self._path)  # a file whose folder was deleted takes rows all the same, and nobody finds them
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync all rows to the disk and close the file. Raises OutputError."""
        if self._file is None:
            return
        try:
            with self._file as file:
                self._sync(file)
        except OSError as error:
            raise cannot_write(self._path, error) from error


@contextmanager
def growing(path: Path) -> Iterator[GrowingTable]:
    """Open a table that grows inside the block. Raises OutputError where its last rows cannot be written."""
    table = GrowingTable(path)
    try:
        yield table
    except BaseException:
        with suppress(Exception):  # what ended the block is what is told
            table.close()
        raise
    table.close()


def whole_lines(file: IO[str]) -> Iterator[str]:
    """Yield the lines of a table that grows; the last one is left out where a kill cut it short."""
    for line in file:
        if line.endswith("\n"):
            yield line


def put_in_order(path: Path) -> None:
    """Sort the rows by the whole number in their first cell. Raises OutputError, ValueError for other cells.

    Takes 16 bytes of memory per row: only where each row begins is held, and its number.
    """
    try:
        with open(path, "rb") as file:
            header, numbers, places = file.readline(), array("q"), array("q")
            place = len(header)
            first = 0
            for line in file:
                number = int(line.partition(b",")[0])
                first = first if numbers else number  # seeds may be larger than 64 bits hold, their range not
                numbers.append(number - first)
                places.append(place)
                place += len(line)
            order = sorted(range(len(numbers)), key=numbers.__getitem__)
            if all(at == row for at, row in enumerate(order)):
                return
            with replacing(path) as new:
                new.write(header)
                for row in order:
                    file.seek(places[row])
                    new.write(file.readline())
    except OSError as error:
        raise cannot_write(path, error) from error


def _opened(path: Path, names: list[str]) -> IO[bytes]:
    """Open the file at the end of its last whole row; a new one gets a header."""
    if not path.exists():
        with replacing(path) as new:
            new.write(_line(names))
    file = open(path, "r+b")  # noqa: SIM115
    try:
        file.truncate(_end_of_rows(file))
        file.seek(0, os.SEEK_END)
    except BaseException:
        file.close()
        raise
    return file


def _end_of_rows(file: IO[bytes]) -> int:
    """Return the offset after the last line end, in bytes. Rows are shorter than a block, so it is near."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - io.DEFAULT_BUFFER_SIZE)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(list(cells))
    return text.getvalue().encode()
