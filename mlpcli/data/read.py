"""Opening a data file of any format, in chunks or as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from mlpcli.data.foreign import refuse_foreign
from mlpcli.data.formats import FORMATS
from mlpcli.data.reader import KNOWN, WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import open_source
from mlpcli.data.table import Block, Column, Table
from mlpcli.errors import DataError, Fault

LABEL = "label"
"""The column that a file of labels gives."""


def open_reader(path: str, reading: Reading = PLAIN_READING, labels: str | None = None) -> Reader:
    """Open a data file, whose format is known by its content and name.

    path: `-` is standard input. reading: what is known beforehand of how the file is to be read. labels: a
    second file with one value per row, which becomes the column `label`. Raises DataError.
    """
    source = open_source(path)
    try:
        claims = {each: each.claims(source.file_name, source.head) for each in FORMATS.values()}
        best = max(claims, key=claims.__getitem__)
        if claims[best] < KNOWN:
            refuse_foreign(source.name, source.head)
        reader = best(source, reading)
    except BaseException:
        source.stream.close()
        raise
    if labels is None:
        return reader
    try:
        return _Labelled(reader, open_reader(labels, reading))
    except BaseException:
        reader.close()
        raise


def read_table(
    path: str, reading: Reading = PLAIN_READING, labels: str | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Read all rows of a file; return them, and notes on what was detected. For the rest see open_reader.

    Raises DataError, also where there is no row.
    """
    reader = open_reader(path, reading, labels)
    tables = list(reader.chunks(WHOLE))  # to the end, where the reader looks whether the file goes on
    if not tables:
        raise DataError(
            Fault(reader.source.name, "There is a header but no row.", "Give one row per example.")
        )
    return tables[0], reader.notes


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
            if isinstance(column, Block):
                column = Column(LABEL, np.ravel(column.values))
            yield replace(table, columns=(*table.columns, replace(column, name=LABEL)))
        self._compare(*counts)

    def _compare(self, rows: int, labels: int) -> None:
        if rows != labels:
            where = f"{self.source.name} and {self._labels.source.name}"
            what = f"{rows:,} rows, but {labels:,} labels."
            raise DataError(Fault(where, what, "Give the two files of one set, one label per row."))
