"""The data files of one command, each read once and hashed once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mlpcli.config.schema import DataConfig
from mlpcli.data.read import read_table
from mlpcli.data.reading import Reading
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

_BLOCK = 1 << 20

ReadTable = tuple[Table, tuple[str, ...]]
"""All rows of a file, and notes on what was detected about it."""


class DataFiles:
    """What one command has read: tables and digests by the absolute path that configs hold.

    It is handed on from step to step and given up with the command: a file that changes in between counts as
    it was when it was first read. keep_tables: whether tables stay in memory, for a command that builds more
    than one problem of them; without it only digests do.
    """

    def __init__(self, keep_tables: bool = False) -> None:
        self._keep_tables = keep_tables
        self._tables: dict[tuple[str | int | None, ...], ReadTable] = {}
        self._digests: dict[str, str | None] = {}

    def training_table(self, config: DataConfig) -> ReadTable:
        """Return the table of data.train, with data.labels as a column. Raises DataError."""
        return self._table(config, config.train, config.labels)

    def part_table(self, config: DataConfig, part: str) -> ReadTable | None:
        """Return the table of a part that has a file of its own; None where it has not. Raises DataError.

        part: validation or test.
        """
        path = getattr(config, part)
        # With a fold, the test part is the fold.
        if not isinstance(path, str) or (part == "test" and config.fold):
            return None
        return self._table(config, path, getattr(config, f"{part}_labels"))

    def sha256(self, path: str) -> str | None:
        """Return the sha256 of a file in hex; None for what can be read once only, such as a pipe.

        Raises DataError where it cannot be read.
        """
        if path not in self._digests:
            self._digests[path] = sha256_of(Path(path))
        return self._digests[path]

    def _table(self, config: DataConfig, path: str, labels: str | None) -> ReadTable:
        key = (path, config.header, config.separator, labels)
        if key in self._tables:
            return self._tables[key]
        found = read_table(path, Reading(header=config.header, separator=config.separator), labels)
        if self._keep_tables:
            self._tables[key] = found
        return found


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
