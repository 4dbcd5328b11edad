"""Arrays as files of their bytes alone, written piece by piece and mapped into memory when read."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PIECE_BYTES = 1 << 22
"""Bytes that are written at once."""


@dataclass(frozen=True)
class StoredArray:
    """An array of a part in a file of its own; its bytes in C order, in the byte order of the machine."""

    file: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape, dtype=np.int64))

    def map(self, folder: Path) -> Array:
        """Return the array, read-only and mapped into memory. Raises OSError, ValueError if damaged."""
        path = folder / self.file
        if os.stat(path).st_size != self.size:
            raise ValueError(f"{path} has not {self.size} bytes")
        if not self.size:
            return np.empty(self.shape, self.dtype)
        return np.asarray(np.memmap(path, self.dtype, "r", shape=self.shape))


def write_pieces(path: Path, pieces: Iterable[Array]) -> None:
    """Write arrays one after the other, so that they reach the disk. Raises OSError.

    A full disk is an error here; were the file mapped and written to, it would kill the process.
    """
    with open(path, "wb", opener=_for_the_user_only) as file:
        for piece in pieces:
            file.write(np.ascontiguousarray(piece).view(np.uint8).data if piece.size else b"")
        file.flush()
        os.fsync(file.fileno())


def pieces_of(array: Array) -> Iterator[Array]:
    """Yield an array in pieces of a few MiB: one that is not contiguous would be copied whole."""
    step = max(1, PIECE_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        yield array[start : start + step]


def reason(error: OSError) -> str:
    """Return the words of the operating system for what went wrong."""
    words = error.strerror or str(error)
    return words[:1].lower() + words[1:]


def remedy(error: OSError) -> str:
    """Return what may be done where a file could not be written, or mapped into memory."""
    if error.errno == errno.ENOMEM:
        return "Files that are mapped count in the limit of `ulimit -v`: limit memory by `ulimit -d` instead."
    return "Free space there, or name another place for cached files (on Linux: XDG_CACHE_HOME)."


def _for_the_user_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
