"""Opening a data file of any format, in chunks or as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from mlpcli.data.column import Column
from mlpcli.data.formats import FORMATS
from mlpcli.data.reader import LABEL, WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.several import Several, files_of
from mlpcli.data.source import open_source
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, Fault


def open_reader(
    path: str | Sequence[str], reading: Reading = PLAIN_READING, labels: str | Sequence[str] | None = None
) -> Reader:
    """Open a data file, whose format is known by its content and name.

    path: `-` is standard input; a pattern such as part-*.csv, or a list, is several files that are one table.
    reading: what is known beforehand of how the file is to be read. labels: a second file with one value per
    row, which becomes the column `label`. Raises DataError, and MissingExtraError where the format needs a
    library that is not installed.
    """
    files = files_of(path)
    if len(files) == 1:
        reader = _open_file(files[0], reading)
    else:
        reader = Several(
            files, lambda file, names: _open_file(file, replace(reading, names=reading.names | names))
        )
    if labels is None:
        return reader
    try:
        return _Labelled(reader, open_reader(labels, replace(reading, names=frozenset())))
    except BaseException:
        reader.close()
        raise


def _open_file(path: str, reading: Reading) -> Reader:
    source = open_source(path)
    try:
        name = Path(path).name.lower().removesuffix(".gz")
        best = max(FORMATS.values(), key=lambda each: each.claims(name, source.head))
        return best(source, reading)
    except BaseException:
        source.stream.close()
        raise


def read_table(
    path: str | Sequence[str], reading: Reading = PLAIN_READING, labels: str | Sequence[str] | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Read all rows of a file; return them, and notes on what was detected. For the rest see open_reader.

    Raises DataError, also where there is no row.
    """
    return read_parts(path, reading, labels)[::2]


def read_parts(
    path: str | Sequence[str], reading: Reading = PLAIN_READING, labels: str | Sequence[str] | None = None
) -> tuple[Table, Mapping[str, Table], tuple[str, ...]]:
    """Read all rows of a file; return them, the tables of other parts that lie in it, and notes.

    The parts are `validation` and `test`, as an NPZ file may have them. Raises DataError, also where there is
    no row.
    """
    reader = open_reader(path, reading, labels)
    tables = list(reader.chunks(WHOLE))  # to the end, where the reader looks whether the file goes on
    if not tables:
        raise DataError(
            Fault(reader.source.name, "There is a header but no row.", "Give one row per example.")
        )
    return tables[0], reader.parts, reader.notes


class _Labelled(Reader):
    """A reader of the rows of one file with the single column of another as `label`."""

    def __init__(self, rows: Reader, labels: Reader) -> None:
        self.source, self._rows, self._labels = rows.source, rows, labels
        self.names, self.notes = (*rows.names, LABEL), rows.notes + labels.notes
        try:
            self._check()
        except BaseException:
            labels.close()
            raise

    def _check(self) -> None:
        rows, labels = self._rows, self._labels
        if len(labels.names) != 1:
            what = f"A file of labels has one column; this has {len(labels.names)}."
            raise DataError(Fault(labels.source.name, what, "Give the file with the classes."))
        if LABEL in rows.names:
            what = f"There is a column {LABEL!r} already."
            raise DataError(Fault(rows.source.name, what, "Leave out data.labels, or rename the column."))
        if None not in (rows.rows, labels.rows):
            self.rows = rows.rows
            self._compare(rows.rows or 0, labels.rows or 0)

    def close(self) -> None:
        self._rows.close()
        self._labels.close()

    @staticmethod
    def claims(name: str, head: bytes) -> int:
        return 0

    def chunks(self, rows: int) -> Iterator[Table]:
        counts = [0, 0]
        for pair in zip_longest(self._rows.chunks(rows), self._labels.chunks(rows)):
            counts = [count + (part.rows if part else 0) for count, part in zip(counts, pair, strict=True)]
            table, labels = pair
            if table is None or labels is None or counts[0] != counts[1]:
                continue
            column = labels.columns[0]
            own = Column(name=LABEL, numbers=np.ravel(column.values)) if isinstance(column, Block) else column
            yield replace(table, columns=(*table.columns, replace(own, name=LABEL)))
        self._compare(*counts)

    def _compare(self, rows: int, labels: int) -> None:
        if rows != labels:
            where = f"{self.source.name} and {self._labels.source.name}"
            what = f"{rows:,} rows, but {labels:,} labels."
            raise DataError(Fault(where, what, "Give the two files of one set, one label per row."))
