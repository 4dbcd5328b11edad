"""NPZ: several NumPy arrays in a zip file. A member with one axis is a column, with two axes x1 … xw."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.arrays import check_columns, columns_of
from mlpcli.data.column import Column
from mlpcli.data.formats.npy import read_header
from mlpcli.data.pieces import sliced
from mlpcli.data.reader import LABEL, Reader, read_bytes
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import Source
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]


_PART = re.compile(r"(.+)_(train|val|valid|validation|test)", re.IGNORECASE)
_PARTS = {"train": "training", "val": "validation", "valid": "validation"}
_LABELS = ("y", "label", "labels", "target", "targets")


class Npz(Reader):
    """Reader of all members at once: zip lists them at its end, and their rows lie apart.

    Members are columns side by side. Where all are of parts, x_train, y_train, x_test, y_test as Keras has
    them, the rows are those of training, and the others are in `parts`; x is x1 … xn and y is `label`.
    """

    def __init__(self, source: Source, reading: Reading = PLAIN_READING) -> None:
        super().__init__(source, reading)
        self._reading = reading
        arrays: dict[str, Array] = {}
        alone: list[str] = []
        with source.stream, _unzipping(source.name), zipfile.ZipFile(io.BytesIO(_all(source))) as archive:
            for member in archive.namelist():
                name = member.removesuffix(".npy")
                if name in reading.ignore:
                    continue
                with archive.open(member) as stream:
                    found = _array(f"{source.name}, member {name!r}", cast(io.BufferedReader, stream))
                if found is None:
                    alone.append(name)
                else:
                    arrays[name] = found
        self._table, self.parts, notes = self._tables(arrays)
        self.names, self.rows = self._table.names, self._table.rows
        left_out = (f"{source.name}: single values are left out: {listed(alone)}.",) if alone else ()
        self.notes = (*notes, *left_out)

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        if head.startswith(b"PK\x03\x04"):
            # Other formats are zip files too, of members with other names.
            length = int.from_bytes(head[26:28], "little")
            if head[30 : 30 + length].endswith(b".npy"):
                return 3
        return 2 if name.endswith(".npz") or head.startswith(b"PK\x05\x06") else 0

    def chunks(self, rows: int) -> Iterator[Table]:
        for start in range(0, self._table.rows, rows):
            yield sliced(self._table, start, min(start + rows, self._table.rows))

    def _tables(self, arrays: dict[str, Array]) -> tuple[Table, dict[str, Table], tuple[str, ...]]:
        """Return the table, those of other parts, and notes. Raises DataError where columns do not fit."""
        found = {name: _PART.fullmatch(name) for name in arrays}
        parts: dict[str, dict[str, Array]] = {}
        for name, match in found.items():
            if match:
                part = _PARTS.get(match[2].lower(), match[2].lower())
                parts.setdefault(part, {})[match[1]] = arrays[name]
        if None in found.values() or "training" not in parts:
            return self._table_of(arrays, self.source.name), {}, ()
        tables = {
            part: self._table_of(members, f"{self.source.name}, {part} part")
            for part, members in parts.items()
        }
        training = tables.pop("training")
        rows = ", ".join(
            f"{part} {table.rows:,}" for part, table in (("training", training), *tables.items())
        )
        return training, tables, (f"{self.source.name}: parts by the names of its members: {rows} rows.",)

    def _table_of(self, arrays: dict[str, Array], where: str) -> Table:
        columns: list[Column | Block] = []
        in_parts = where != self.source.name
        for name, values in arrays.items():
            if in_parts and name.lower() in _LABELS:
                name, values = LABEL, values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
            columns += columns_of(name, values, where, self._reading.as_text)
        return Table(source=where, columns=tuple(columns), lines=range(1, check_columns(columns, where) + 1))


def _array(name: str, stream: io.BufferedReader) -> Array | None:
    """Read a member; None for a single value. Raises DataError."""
    inner = Source(name=name, head=b"", stream=stream)
    shape, dtype, order = read_header(inner)
    if not shape:
        return None
    return np.frombuffer(read_bytes(inner, shape, dtype), dtype).reshape(shape, order=order)


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
