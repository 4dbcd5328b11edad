"""The key of a prepared dataset: a digest of all that decides its bits."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from mlpcli.config.schema import DataConfig
from mlpcli.data.files import DataFiles
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.data.several import files_of
from mlpcli.version import __version__

FORMAT = 2
"""To be raised whenever files of datasets that were written before are no longer read as they were meant."""
_ROLES = ("train", "labels", "validation", "validation_labels", "test", "test_labels")
_NO_MATTER = ("source", "cache")
"""Keys of the data section that change nothing about the rows."""


@dataclass(frozen=True, kw_only=True)
class DatasetOrigin:
    """Everything that decides a dataset; see read_dataset.

    known: the meaning of columns by name, where the training goes on from a model.
    """

    config: DataConfig
    rng: np.random.Generator
    dtype: str
    loss_of_numbers: str
    files: DataFiles
    known: Mapping[str, ColumnSchema] = field(default_factory=dict)

    @cached_property
    def paths(self) -> dict[str, str]:
        """The data files by their roles, the second of validation as validation.1. Raises DataError."""
        return {
            f"{role}.{at}": file for role, path in self._given() for at, file in enumerate(files_of(path))
        }

    def _given(self) -> Iterator[tuple[str, str | tuple[str, ...]]]:
        """Yield the roles that have files, and what the config says of them."""
        for role in _ROLES:
            path = getattr(self.config, role)
            if isinstance(path, (str, tuple)):
                yield role, path

    def stamps(self) -> tuple[tuple[int, ...], ...] | None:
        """Return what changes with every file that is written to; None where one is gone."""
        try:
            found = [os.stat(path) for path in self.paths.values()]
        except OSError:
            return None
        return tuple((each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns) for each in found)

    @property
    def draws_rows(self) -> bool:
        """Whether the generator has a say in which rows are in which part."""
        shares = (self.config.validation, self.config.test)
        return self.config.fold is not None or any(isinstance(share, float) for share in shares)

    def key(self) -> str | None:
        """Return the key, in hex; None where a file is none that can be read again, such as a pipe.

        Files count by their contents and names, not by their folders. Raises DataError for a file that cannot
        be read.
        """
        import platform  # seldom needed

        if "-" in self.paths.values():
            return None
        names = {role: os.path.basename(path) for role, path in self.paths.items()}
        # By whole roles, as the record of the run wants them: nothing is hashed twice.
        digests = {role: self.files.sha256(path) for role, path in self._given()}
        if None in digests.values():
            return None
        section = {
            key: each
            for key, each in asdict(self.config).items()
            if key not in _NO_MATTER and not (key in _ROLES and isinstance(each, (str, tuple)))
        }
        decided = {
            "format": FORMAT,
            "versions": (__version__, np.__version__, platform.machine()),
            "config": section,
            "files": (names, digests),
            "dtype": self.dtype,
            "loss_of_numbers": self.loss_of_numbers,
            "known": [asdict(column) for column in self.known.values()],
            "generator": self.rng.bit_generator.state if self.draws_rows else None,
        }
        return hashlib.sha256(json.dumps(decided, sort_keys=True, default=repr).encode()).hexdigest()
