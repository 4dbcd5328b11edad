"""The key of a prepared dataset: a digest of all that decides its bits."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import asdict, dataclass

import numpy as np

from mlpcli.config.schema import DataConfig
from mlpcli.data.files import DataFiles
from mlpcli.version import __version__

FORMAT = 1
"""To be raised whenever files of datasets that were written before are no longer read as they were meant."""
_ROLES = ("train", "labels", "validation", "validation_labels", "test", "test_labels")
_NO_MATTER = ("source", "cache")
"""Keys of the data section that change nothing about the rows."""


@dataclass(frozen=True, kw_only=True)
class DatasetOrigin:
    """Everything that decides a dataset; see read_dataset."""

    config: DataConfig
    rng: np.random.Generator
    dtype: str
    loss_of_numbers: str
    files: DataFiles

    @property
    def paths(self) -> dict[str, str]:
        """The data files by their roles."""
        return data_paths(self.config)

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
        digests = {role: self.files.sha256(path) for role, path in self.paths.items()}
        if None in digests.values() or "-" in self.paths.values():
            return None
        section = {key: each for key, each in asdict(self.config).items() if key not in _NO_MATTER}
        decided = {
            "format": FORMAT,
            "versions": (__version__, np.__version__, platform.machine()),
            "config": section
            | {role: (os.path.basename(path), digests[role]) for role, path in self.paths.items()},
            "dtype": self.dtype,
            "loss_of_numbers": self.loss_of_numbers,
            "generator": self.rng.bit_generator.state if self.draws_rows else None,
        }
        return hashlib.sha256(json.dumps(decided, sort_keys=True, default=repr).encode()).hexdigest()


def data_paths(config: DataConfig) -> dict[str, str]:
    """Return the data files that a config names, by their roles."""
    given = {role: getattr(config, role) for role in _ROLES}
    return {role: path for role, path in given.items() if isinstance(path, str)}


def stamps(config: DataConfig) -> tuple[tuple[int, ...], ...] | None:
    """Return what changes with every file of the data section that is written to; None where one is gone."""
    try:
        found = [os.stat(path) for path in data_paths(config).values()]
    except OSError:
        return None
    return tuple((each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns) for each in found)
