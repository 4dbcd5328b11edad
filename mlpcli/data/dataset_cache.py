"""Prepared datasets in the user's cache folder, so that the same table is read and prepared only once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlpcli.cache_folder import cache_folder, is_private, made_private
from mlpcli.data.dataset import Dataset
from mlpcli.data.stored_dataset import HEADER, read_stored

LIMIT = 16 << 30
"""Bytes kept in all; beyond, what was not used for longest goes. A larger dataset is kept by itself."""
_NEW = ".new"
_YOUNG = 60.0
"""Seconds after which a folder that nobody holds is one that its writer left behind."""
_OLD = 86400.0
"""Seconds after which that is believed where folders cannot be locked."""


class DatasetCache:
    """Folders of datasets by their keys.

    folder: created when first written to; None keeps nothing. limit: bytes of all datasets.
    """

    def __init__(self, folder: Path | None, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    @property
    def path(self) -> Path | None:
        """The folder, whether it is there or not."""
        return self._folder

    def read(self, key: str, paths: Mapping[str, str]) -> Dataset | None:
        """Return the dataset written under a key, mapped into memory; None where there is none.

        One that is cut off or damaged counts as none. paths: see read_stored.
        """
        if self._folder is None or not is_private(self._folder):
            return None
        path = self._folder / key
        try:
            found = read_stored(path, paths)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        with suppress(OSError):  # of a file system that is read-only
            os.utime(path / HEADER)
        return found

    @contextmanager
    def new_folder(self) -> Iterator[Path]:
        """Give a folder to write a dataset to, which vanishes with the block, unless it is published.

        Raises OSError where there can be none.
        """
        if self._folder is None:
            raise OSError(0, "there is no cache folder")
        if not made_private(self._folder):
            raise PermissionError(0, f"{self._folder} is not yours alone")
        self._remove_left_over(self._folder)
        path = self._folder / (os.urandom(8).hex() + _NEW)
        path.mkdir(0o700)
        try:
            with _held(path):
                yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def publish(self, folder: Path, key: str) -> None:
        """Give a dataset that was written whole its name; where another process was first, its one stays.

        Raises OSError.
        """
        assert self._folder is not None
        path = self._folder / key
        _sync(folder)
        try:
            os.rename(folder, path)
        except OSError:
            if not path.is_dir():
                raise
            if self.read(key, {}) is not None:
                return
            _remove(path)  # it is damaged
            os.rename(folder, path)
        _sync(self._folder)
        self._prune(self._folder, path)

    def _prune(self, folder: Path, kept: Path) -> None:
        found = []
        for path in _folders(folder):
            if path.suffix != _NEW:
                with suppress(OSError):  # another process prunes too
                    size = sum(each.stat().st_size for each in path.iterdir())
                    found.append((path.stat().st_mtime_ns if path == kept else _used(path), size, path))
        excess = sum(size for _, size, _ in found) - self._limit
        for _, size, path in sorted(found):
            if excess <= 0:
                break
            if path != kept:
                _remove(path)
                excess -= size

    def _remove_left_over(self, folder: Path) -> None:
        """Remove what killed writers left behind."""
        for path in _folders(folder):
            with suppress(OSError):
                if path.suffix == _NEW and not _is_held(path):
                    shutil.rmtree(path, ignore_errors=True)


def user_dataset_cache() -> DatasetCache:
    """Return the cache of the user who runs this process."""
    return DatasetCache(cache_folder("data"))


def _used(path: Path) -> int:
    return (path / HEADER).stat().st_mtime_ns


def _remove(path: Path) -> None:
    """Remove a dataset: its name goes first, so that nobody finds half of it."""
    beside = path.with_name(os.urandom(8).hex() + _NEW)
    with suppress(OSError):
        os.rename(path, beside)
        shutil.rmtree(beside, ignore_errors=True)


def _folders(folder: Path) -> list[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return []


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder inside the block; it ends with the process, however that ends."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # Windows: see _is_held
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _is_held(folder: Path) -> bool:
    """Tell whether a process writes to this folder. Raises OSError where it is gone."""
    age = time.time() - max(folder.stat().st_mtime, *(each.stat().st_mtime for each in folder.iterdir()), 0)
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return age < _OLD
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return age < _OLD
    finally:
        os.close(handle)
    return age < _YOUNG


def _sync(folder: Path) -> None:
    # Where folders cannot be opened (Windows), what is in them reaches the disk by itself.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
