"""The bytes of a file or of standard input, unpacked on the way, with their beginning to look at."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mlpcli.config.paths import nearest_file
from mlpcli.data.compression import PACKED_ENDINGS, ZIP_MAGIC, unpack
from mlpcli.errors import DataError, Fault

HEAD_BYTES = 1 << 20
"""Bytes that are looked at of the beginning of a file, where one is not asked for more."""
_BLOCK_BYTES = 1 << 24
_MAGIC_BYTES = 16
_KNOWN_BY = 4096  # bytes by which a format is known, where no line ends before


@dataclass(kw_only=True)
class Source:
    """An open file.

    name: what messages call it. head: its first bytes, unpacked, which `stream` gives again. file_name: its
    name, or that of what is packed in it, in small letters and without `.gz` and the like. size: in bytes,
    where it is known. live: whether the rest may come in the course of time, as through a pipe. path: the
    file that holds these very bytes, for readers that go to and fro in it; None where there is none, as for
    what is packed or comes through a pipe. stored: the file itself, not unpacked. stored_size: its bytes,
    None where it is no file on a disk.
    """

    name: str
    head: bytes
    stream: io.BufferedReader
    head_is_all: bool = False
    file_name: str = ""
    size: int | None = None
    live: bool = False
    path: str | None = None
    stored: BinaryIO | None = None
    stored_size: int | None = None

    def position(self) -> int | None:
        """Return how many bytes of the file, as it is stored, are read; None where it cannot be told."""
        if self.stored is not None and self.stored_size is not None:
            with suppress(OSError, ValueError):  # it may be closed by now
                return self.stored.tell()
        return self.stored_size

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

    def look_further(self, enough: Callable[[bytes], bool]) -> None:
        """Make the head longer until it is enough or all, before anything is taken from `stream`.

        Raises DataError where the bytes cannot be read.
        """
        raw = self.stream.raw
        if not isinstance(raw, _Rejoined):
            return
        with reading(self.name):
            while not self.head_is_all and not enough(self.head):
                part = raw.more(max(len(self.head), 1 << 16))
                self.head += part
                self.head_is_all = not part


def open_source(path: str) -> Source:
    """Open a file; how it is packed is known by its first bytes, not by the name. path: `-`: standard input.

    Raises DataError when there is no such file, it cannot be read, is packed in a way that cannot be undone,
    or is empty.
    """
    name = "standard input" if path == "-" else path
    with reading(name):
        file = _open(path)
        try:
            size = _regular_size(file)
            source = _source(name, file, size)
            if size is None:
                # A line, or what a format can be known by, is all that is waited for.
                source.look_further(lambda head: b"\n" in head or len(head) >= _KNOWN_BY)
            else:
                source.look_further(lambda head: len(head) >= HEAD_BYTES)
        except BaseException:
            _close(file)
            raise
    if not source.head:
        source.stream.close()
        raise DataError(Fault(name, "The file is empty.", "Give a file with one row per example."))
    return source


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what can go wrong while bytes are read into a DataError that names the file."""
    try:
        yield
    except OSError as error:
        raise DataError(
            Fault(name, f"Cannot be read: {error.strerror or error}.", "Check the path and its permissions.")
        ) from error


def _source(name: str, file: BinaryIO, size: int | None) -> Source:
    """Look at the first bytes of a file, and unpack it where it is packed."""
    start = b""
    while len(start) < _MAGIC_BYTES and b"\n" not in start and (part := _some(file, _MAGIC_BYTES)):
        start += part
    plain: BinaryIO = cast(BinaryIO, io.BufferedReader(_Rejoined(start, file), _BLOCK_BYTES >> 4))
    if start.startswith(ZIP_MAGIC):
        # The list of what is in it stands at the end of a zip file.
        plain = cast(BinaryIO, io.BytesIO(plain.read())) if size is None else file
        plain.seek(0)
    packed, member = unpack(name, start, plain)
    file_name = Path(member or name).name.lower()
    for ending in PACKED_ENDINGS:
        file_name = file_name.removesuffix(ending)
    live = size is None and packed is None
    stored_size = size
    if packed is not None:
        plain, size = packed, None
    rejoined = _Rejoined(b"", plain, file)
    return Source(
        name=name,
        head=b"",
        stream=io.BufferedReader(rejoined, _BLOCK_BYTES >> 4),
        file_name=file_name,
        size=size,
        live=live,
        path=None if size is None else name,
        stored=file,
        stored_size=stored_size,
    )


def _some(file: BinaryIO, most: int) -> bytes:
    """Read what there is, without waiting for more."""
    return cast(io.BufferedReader, file).read1(most)


def _regular_size(file: BinaryIO) -> int | None:
    """Return the bytes of a file on a disk; None for a pipe and the like."""
    try:
        found = os.fstat(file.fileno())
    except (OSError, AttributeError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _open(path: str) -> BinaryIO:
    """Open a file as bytes. Raises DataError where there is none."""
    if path == "-":
        return sys.stdin.buffer
    if not Path(path).exists():
        raise DataError(Fault(path, "There is no such file.", nearest_file(path)))
    return Path(path).open("rb")


def _close(file: BinaryIO) -> None:
    if file is not getattr(sys.stdin, "buffer", None):
        file.close()


class _Rejoined(io.RawIOBase):
    """A stream of bytes already read, then of the rest. Pipes cannot seek, so it replaces seek(0)."""

    def __init__(self, start: bytes, rest: BinaryIO, *owned: BinaryIO) -> None:
        self._start = memoryview(start)
        self._rest = rest
        self._owned = owned

    def more(self, most: int) -> bytes:
        """Read some of the rest, which is given again."""
        part = _some(self._rest, most)
        self._start = memoryview(bytes(self._start) + part)
        return part

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._start:
            return cast(io.BufferedReader, self._rest).readinto1(buffer)
        count = min(len(buffer), len(self._start))
        buffer[:count] = self._start[:count]
        self._start = self._start[count:]
        return count

    def close(self) -> None:
        for file in self._owned:
            _close(file)
        super().close()
