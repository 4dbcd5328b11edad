"""NPZ: several NumPy arrays in a zip file. A member with one axis is a column, with two axes x1 … xw."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np

from mlpcli.data.compression import ZIP_MAGIC
from mlpcli.data.formats.npy import read_header
from mlpcli.data.reader import Reader, read_bytes
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.data.table import Block, Column, Table, check_columns, columns_of
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed


class Npz(Reader):
    """Reader of all members at once: zip lists them at its end, and their rows lie apart."""

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        columns: list[Column | Block] = []
        alone: list[str] = []
        with source.stream, _unzipping(source.name), zipfile.ZipFile(io.BytesIO(_all(source))) as archive:
            for member in archive.namelist():
                name = member.removesuffix(".npy")
                with archive.open(member) as stream:
                    inner = Source(
                        name=f"{source.name}, member {name!r}",
                        head=b"",
                        stream=cast(io.BufferedReader, stream),
                    )
                    shape, dtype, order = read_header(inner)
                    if not shape:
                        alone.append(name)
                        continue
                    values = np.frombuffer(read_bytes(inner, shape, dtype), dtype)
                    columns += columns_of(name, values.reshape(shape, order=order), inner.name)
        self._table = Table(source.name, tuple(columns), range(1, check_columns(columns, source.name) + 1))
        self.names, self.rows = self._table.names, self._table.rows
        if alone:
            self.notes = (f"{source.name}: single values are left out: {listed(alone)}.",)

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        if name.endswith(".npz"):
            return 3 if head.startswith(ZIP_MAGIC) else 2
        # Other documents are zip files too; the first name in it begins after 30 bytes.
        length = int.from_bytes(head[26:28], "little")
        return 3 if head.startswith(ZIP_MAGIC) and head[30 : 30 + length].endswith(b".npy") else 0

    def chunks(self, rows: int) -> Iterator[Table]:
        if rows >= self._table.rows:
            yield self._table
            return
        for start in range(0, self._table.rows, rows):
            yield self._table.take(np.arange(start, min(start + rows, self._table.rows)))


def _all(source: Source) -> bytes:
    return bytes(source.read(1 << 62))


@contextmanager
def _unzipping(name: str) -> Iterator[None]:
    try:
        yield
    # zipfile lets several kinds of error through for damaged, encrypted or strangely packed archives.
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        NotImplementedError,
        RuntimeError,
        OverflowError,
    ) as error:
        raise DataError(
            Fault(name, f"Not a sound NPZ file: {error}.", "Write it again with numpy.savez.")
        ) from error
