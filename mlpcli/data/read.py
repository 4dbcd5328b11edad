"""Opening a data file of any format, in chunks or as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from mlpcli.data.foreign import refuse_foreign
from mlpcli.data.formats import FORMATS
from mlpcli.data.progress import Progress
from mlpcli.data.reader import KNOWN, LABEL, WHOLE, Reader
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.several import Several, files_of
from mlpcli.data.source import Source, open_source
from mlpcli.data.table import Table
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
        return FORMATS[_best(source)](source, reading)
    except BaseException:
        source.stream.close()
        raise


def format_of(path: str) -> str:
    """Return the name of a file's format, as open_reader knows it. Raises DataError."""
    source = open_source(path)
    with source.stream:
        return _best(source)


def _best(source: Source) -> str:
    """Return the name of the format that a file is most surely of. Raises DataError for foreign ones."""
    claims = {name: each.claims(source.file_name, source.head) for name, each in FORMATS.items()}
    best = max(claims, key=claims.__getitem__)
    if claims[best] < KNOWN:
        refuse_foreign(source.name, source.head)
    return best


@dataclass(frozen=True)
class ReadFile:
    """All rows of a file, the tables of other parts that lie in it, and notes on what was detected.

    parts: tables by `validation` and `test`, as an NPZ file may have them.
    """

    table: Table
    parts: Mapping[str, Table]
    notes: tuple[str, ...]


def read_table(
    path: str | Sequence[str], reading: Reading = PLAIN_READING, labels: str | Sequence[str] | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Read all rows of a file; return them, and notes on what was detected. For the rest see read_file."""
    found = read_file(path, reading, labels)
    return found.table, found.notes


def read_file(
    path: str | Sequence[str],
    reading: Reading = PLAIN_READING,
    labels: str | Sequence[str] | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> ReadFile:
    """Read all rows of a file. For the rest see open_reader.

    folder: where the columns of a table go that is larger than memory; None: memory. progress: is told how
    far the file is read. Raises DataError, also where there is no row.
    """
    reader = open_reader(path, reading, labels)
    reader.progress = progress
    if folder is not None:
        from mlpcli.data.spooled_columns import NotSpooled, rows_at_once, spooled  # seldom needed

        try:
            whole = spooled(reader.chunks(rows_at_once(len(reader.names))), folder)
            tables = [] if whole is None else [whole]
        except NotSpooled:
            return read_file(path, reading, labels, None, progress)
    else:
        tables = list(reader.chunks(WHOLE))  # to the end, where the reader looks whether the file goes on
    if not tables:
        raise DataError(
            Fault(reader.source.name, "There is a header but no row.", "Give one row per example.")
        )
    return ReadFile(tables[0], reader.parts, reader.notes)


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
            column = replace(labels.column(labels.names[0]), name=LABEL)
            yield replace(table, columns=(*table.columns, column))
        self._compare(*counts)

    def _compare(self, rows: int, labels: int) -> None:
        if rows != labels:
            where = f"{self.source.name} and {self._labels.source.name}"
            what = f"{rows:,} rows, but {labels:,} labels."
            raise DataError(Fault(where, what, "Give the two files of one set, one label per row."))
