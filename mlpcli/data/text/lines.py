"""The lines of a text file as bytes, and its records as the csv module reads them, one after the other."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator

import numpy as np

from mlpcli.data.csv_dialect import records
from mlpcli.data.source import Source, reading
from mlpcli.errors import DataError, Fault

_LF = ord("\n")
_LINE_END = re.compile(rb"\r\n?|\n")


class Lines:
    """A text file read from its beginning, of which `line` is the next line, counted from 1."""

    def __init__(self, source: Source, block_bytes: int) -> None:
        """Begin behind a byte order mark. block_bytes: how much is read at once."""
        self.name = source.name
        self.line = 1
        self.ended = False
        self.comment = b""
        """What a line begins with that is passed over."""
        self.block_bytes = block_bytes
        self._stream = source.stream
        self._data, self._at = b"", 0
        self._offset = len(codecs.BOM_UTF8) if source.head.startswith(codecs.BOM_UTF8) else 0
        self._stream.read(self._offset)
        self._record_line = 1
        self._between = True

    def rest(self) -> bytes:
        """Return what was read but not taken yet; it begins with a line."""
        self._offset += self._at
        self._data, self._at = self._data[self._at :], 0
        return self._data

    def more(self) -> bool:
        """Read on; return whether there was more. Raises DataError."""
        with reading(self.name):
            # A line longer than a block is not joined piece by piece.
            block = self._stream.read1(max(self.block_bytes, len(self._data) - self._at))
        self._data, self._offset, self._at = self._data[self._at :] + block, self._offset + self._at, 0
        self.ended = not block
        return bool(block)

    def advance(self, count: int) -> None:
        """Take so many bytes, which are whole lines."""
        end = self._at + count
        taken = np.frombuffer(self._data, np.uint8)[self._at : end]
        self.line += int(np.count_nonzero(taken == _LF))  # four times as fast as bytes.count
        if b"\r" in self._data:
            self.line += self._data.count(b"\r", self._at, end) - self._data.count(b"\r\n", self._at, end)
        self._at = end

    def next_line(self) -> bytes | None:
        """Take the next line, with its end; None behind the last one. Raises DataError."""
        start = 0
        while True:
            found = _LINE_END.search(self._data, self._at + start)
            if found and (self.ended or found.end() < len(self._data) or found[0] != b"\r"):
                break
            start = max(len(self._data) - self._at - 1, 0)
            if self.ended or not self.more():
                break
        line = self._data[self._at : found.end() if found else len(self._data)]
        self._at += len(line)
        self.line += 1
        return line or None

    def records(self, separator: str, quote: str, strict: bool = True) -> Iterator[tuple[list[str], int]]:
        """Take one record after the other, with the line in which each begins.

        strict: whether a quote that is not around a whole cell is an error. Raises DataError.
        """
        reader = iter(records(self._texts(), separator, quote, strict))
        while True:
            self._between = True
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                where, what = f"{self.name} line {self._record_line}", f"Cannot be read as cells: {error}."
                remedy = "Close every quote, and double a quote that is part of a cell."
                if "field larger" in str(error):
                    remedy = (
                        f"A cell may have {csv.field_size_limit():,} characters; a quote may not be closed."
                    )
                raise DataError(Fault(where, what, remedy)) from error
            yield record, self._record_line

    def _texts(self) -> Iterator[str]:
        while (line := self.next_line()) is not None:
            if self._between:
                if self.comment and line.startswith(self.comment):
                    continue
                self._record_line = self.line - 1
                self._between = False
            yield self._decoded(line)

    def _decoded(self, line: bytes) -> str:
        offset = self._offset + self._at - len(line)
        if 0 in line:
            raise not_text(self.name, offset + line.index(0))
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise not_utf8(self.name, offset + error.start) from error


def not_utf8(name: str, offset: int) -> DataError:
    """Make the error for a byte that is not UTF-8."""
    return DataError(
        Fault(
            f"{name} byte {offset}",
            "The text is not UTF-8.",
            "Save it as UTF-8, for instance with `iconv -f CP1252 -t UTF-8 FILE`.",
        )
    )


def not_text(name: str, offset: int) -> DataError:
    """Make the error for a zero byte."""
    return DataError(
        Fault(
            f"{name} byte {offset}",
            "There is a zero byte: this is no text file (UTF-16 text has them too).",
            "Give a text file in UTF-8, or a file of another known format. "
            "UTF-16: `iconv -f UTF-16 -t UTF-8 FILE`.",
        )
    )
