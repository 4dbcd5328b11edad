"""The data files of one command, each read once and hashed once."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from mlpcli.config.schema import DataConfig
from mlpcli.data.progress import Progress
from mlpcli.data.read import ReadFile, read_file
from mlpcli.data.reading import Reading
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.data.schema.schema import Schema
from mlpcli.data.several import files_of
from mlpcli.data.table import Table
from mlpcli.data.table_size import spool_folder_for
from mlpcli.data.typed import TextNeeded, TypedTable, read_typed
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

_BLOCK = 1 << 20

Paths = str | tuple[str, ...]
"""A file, a pattern, or a list of both that is one table."""

Asked = tuple[DataConfig, bool, dict[str, ColumnSchema]]
"""What decides the meaning of the columns of a training table."""


class DataFiles:
    """What one command has read: tables and digests by the absolute path that configs hold.

    It is handed on from step to step and given up with the command: a file that changes in between counts as
    it was when it was first read. keep_tables: whether tables stay in memory, for a command that builds more
    than one problem of them; without it only digests do. progress: is told how far files are read.
    """

    def __init__(self, keep_tables: bool = False, progress: Progress | None = None) -> None:
        self._progress = progress
        self._keep_tables = keep_tables
        self._tables: dict[Hashable, ReadFile] = {}
        self._typed: tuple[Asked, TypedTable] | None = None
        self._parts: Mapping[str, Table] = {}
        self._digests: dict[Paths, str | None] = {}

    @property
    def keeps_tables(self) -> bool:
        """Whether further datasets are made of the tables that are read."""
        return self._keep_tables

    def training_table(
        self,
        config: DataConfig,
        has_target: bool = True,
        known: Mapping[str, ColumnSchema] = MappingProxyType({}),
    ) -> TypedTable:
        """Return the table of data.train, with data.labels as a column, and what its columns mean.

        has_target: see read_typed. known: the meaning of columns by name, where the training goes on from a
        model. Raises DataError.
        """
        asked = (config, has_target, dict(known))
        if self._typed is not None and self._typed[0] == asked:
            return self._typed[1]
        reading = reading_of(config)
        folder = spool_folder_for(config.train, config.labels)
        found = self._table(config.train, reading, config.labels)
        try:
            typed = read_typed(_declared(found.table, known), config, found.notes, has_target, folder)
        except TextNeeded as needed:
            if config.train == "-":
                columns = listed(sorted(needed.columns))
                what = f"1.250 may mean 1250 in {columns}: it would have to be read twice."
                raise DataError(
                    Fault("standard input", what, "Save it as a file, and name that.")
                ) from needed
            # What was taken for plain numbers is of another notation: 1.250 may be 1250.
            found = self._table(config.train, replace(reading, as_text=needed.columns), config.labels)
            table = _declared(found.table, known)
            typed = read_typed(table, config, found.notes, has_target, folder, False)
        self._parts = found.parts
        if self._keep_tables:
            self._typed = asked, typed
        return typed

    def part_table(
        self, config: DataConfig, part: str, schema: Schema
    ) -> tuple[Table, tuple[str, ...]] | None:
        """Return the table of a part that has rows of its own, and notes; None where it has none.

        They are in a file of their own, or in the training file, as that has been read, beside its rows.
        part: validation or test. schema: of the training table; it says which cells have to stay text.
        Raises DataError.
        """
        path = getattr(config, part)
        # With a fold, the test part is the fold.
        if part == "test" and config.fold:
            return None
        if path is None and part in self._parts:
            return self._parts[part], ()
        if not isinstance(path, (str, tuple)):
            return None
        reading = replace(reading_of(config), as_text=schema.as_text())
        found = self._table(path, reading, getattr(config, f"{part}_labels"))
        return found.table, found.notes

    def sha256(self, path: Paths) -> str | None:
        """Return the sha256 of a file in hex; None for what can be read once only, such as a pipe.

        Of several files that are one table it is that of their digests, one after the other. Raises DataError
        where one cannot be read.
        """
        if path not in self._digests:
            self._digests[path] = sha256_of_all(files_of(path))
        return self._digests[path]

    def _table(self, path: Paths, reading: Reading, labels: Paths | None) -> ReadFile:
        key = (path, reading, labels)
        if key in self._tables:
            return self._tables[key]
        found = read_file(path, reading, labels, spool_folder_for(path, labels), self._progress)
        if self._keep_tables or path == "-":  # standard input can be read once
            self._tables[key] = found
        return found


def _declared(table: Table, known: Mapping[str, ColumnSchema]) -> Table:
    """Return a table with what is known of its columns, where its file says nothing of them itself."""
    return replace(table, declared={**known, **table.declared}) if known else table


def reading_of(config: DataConfig) -> Reading:
    """Return how the files of a config are read."""
    targets = (config.target,) if isinstance(config.target, str) else config.target or ()
    split = config.split
    single = (config.weight, split.column, split.group, split.sort_by)
    lists = (targets, config.ignore, config.categorical, config.use, config.columns)
    return Reading(
        header=config.header,
        separator=config.separator,
        skip=config.skip,
        comment=config.comment,
        ignore=frozenset(config.ignore),
        names=frozenset({*(name for name in single if name), *(name for each in lists for name in each)}),
    )


def sha256_of_all(files: Sequence[str]) -> str | None:
    """Return the sha256 of a file, or that of the digests of several, in hex; None where one has none.

    Raises DataError where one cannot be read.
    """
    digests = [None if file == "-" else sha256_of(Path(file)) for file in files]
    if len(digests) == 1 or None in digests:
        return None if None in digests else digests[0]
    return hashlib.sha256("".join(map(str, digests)).encode()).hexdigest()


def sha256_of(path: Path) -> str | None:
    """Return the sha256 of a file in hex; None for what can be read once only, such as a pipe.

    Raises DataError where it cannot be read.
    """
    if not path.is_file():
        return None
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        what = f"Cannot be read: {error.strerror or error}."
        raise DataError(Fault(str(path), what, "Check the path and its permissions.")) from error
    return digest.hexdigest()
