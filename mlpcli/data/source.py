"""The bytes of a file or of standard input, unzipped on the way, with their beginning to look at."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mlpcli.config.paths import nearest_file
from mlpcli.errors import DataError, Fault

# Enough for the header line of a file with tens of thousands of columns.
HEAD_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 24
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """An open file.

    name: what messages call it. head: its first bytes, unzipped, which `stream` gives again. path: the file
    that holds these very bytes, for readers that go to and fro in it; None where there is none, as for what
    is compressed or comes through a pipe.
    """

    name: str
    head: bytes
    stream: io.BufferedReader
    path: str | None = None

    @property
    def head_is_all(self) -> bool:
        """Whether the head is the whole file."""
        return len(self.head) < HEAD_BYTES

    def read(self, count: int, start: bytearray | None = None) -> bytearray:
        """Read `count` bytes, or as many as there are. start: bytes that are read already and count as well.

        Memory grows with what the file holds, not with `count`, which may come from a header that lies.
        Raises DataError where the bytes cannot be read.
        """
        data = bytearray() if start is None else start
        with reading(self.name):
            while len(data) < count and (block := self.stream.read(min(count - len(data), _BLOCK_BYTES))):
                data += block
        return data


def open_source(path: str) -> Source:
    """Open a file; gzip is known by its first bytes, not by the name. path: `-` is standard input.

    Raises DataError when there is no such file, it cannot be read, or it is empty.
    """
    name = "standard input" if path == "-" else path
    with reading(name):
        file = _open(path)
        try:
            start = file.read(len(_GZIP_MAGIC))
            rejoined = io.BufferedReader(_Rejoined(start, file), _BLOCK_BYTES >> 4)
            plain: BinaryIO = rejoined
            if start == _GZIP_MAGIC:
                plain = cast(BinaryIO, gzip.GzipFile(fileobj=rejoined))
            head = plain.read(HEAD_BYTES)
        except BaseException:
            file.close()
            raise
    if not head:
        file.close()
        raise DataError(Fault(name, "The file is empty.", "Give a file with one row per example."))
    path_of_bytes = path if plain is rejoined and Path(path).is_file() else None
    return Source(
        name, head, io.BufferedReader(_Rejoined(head, plain, file), _BLOCK_BYTES >> 4), path_of_bytes
    )


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what can go wrong while bytes are read into a DataError that names the file."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            Fault(name, f"The gzip file is cut off or damaged: {error}", "Fetch or compress it again.")
        ) from error
    except OSError as error:
        raise DataError(
            Fault(name, f"Cannot be read: {error.strerror or error}.", "Check the path and its permissions.")
        ) from error


def _open(path: str) -> BinaryIO:
    """Open a file as bytes. Raises DataError where there is none."""
    if path == "-":
        return sys.stdin.buffer
    if not Path(path).exists():
        raise DataError(Fault(path, "There is no such file.", nearest_file(path)))
    return Path(path).open("rb")


class _Rejoined(io.RawIOBase):
    """A stream of bytes already read, then of the rest. Pipes cannot seek, so it replaces seek(0)."""

    def __init__(self, start: bytes, rest: BinaryIO, *owned: BinaryIO) -> None:
        self._start = memoryview(start)
        self._rest = rest
        self._owned = owned

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._start:
            return cast(io.BufferedReader, self._rest).readinto(buffer)
        count = min(len(buffer), len(self._start))
        buffer[:count] = self._start[:count]
        self._start = self._start[count:]
        return count

    def close(self) -> None:
        for file in self._owned:
            if file is not getattr(sys.stdin, "buffer", None):
                file.close()
        super().close()
