"""Object code kept in the user's cache folder, so that the same module is compiled only once."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from mlpcli.cache_folder import cache_folder, is_private, made_private

MAGIC = b"mlp object code 1\n"
"""What a file begins with; then come the sha256 of key and code, and the code."""
HEAD = len(MAGIC) + hashlib.sha256().digest_size
LIMIT = 64 * 1024 * 1024
"""Bytes kept in all: a thousand networks and more. Beyond, what was not used for longest goes."""


class ObjectCache:
    """Files of object code in a folder of the user's own.

    Nothing here fails: what cannot be read or written, or is not to be trusted, is not kept, and compiled
    anew. folder: created when first written to; None keeps nothing. limit: bytes of all files.
    """

    def __init__(self, folder: Path | None, limit: int = LIMIT) -> None:
        self._folder = folder
        self._limit = limit

    def read(self, key: str) -> bytes | None:
        """Return the code written under a key, whole and unchanged; None where there is none."""
        if self._folder is None or not is_private(self._folder):
            return None
        path = self._folder / key
        try:
            content = path.read_bytes()
        except OSError:
            return None
        code = content[HEAD:]
        if content[:HEAD] != _head(key, code):
            return None
        with suppress(OSError):  # of a file system that is read-only
            os.utime(path)
        return code

    def write(self, key: str, code: bytes) -> None:
        """Keep code under a key, a name of a file; where that cannot be done, don't."""
        if self._folder is None:
            return
        with suppress(OSError):
            if made_private(self._folder):
                _replace(self._folder / key, _head(key, code) + code)
                self._prune(self._folder)

    def _prune(self, folder: Path) -> None:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):  # another process prunes too
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime_ns, status.st_size, entry.path))
        excess = sum(size for _, size, _ in found) - self._limit
        for _, size, path in sorted(found):
            if excess <= 0:
                break
            with suppress(OSError):  # gone, or on Windows being read
                os.unlink(path)
            excess -= size


def user_cache() -> ObjectCache:
    """Return the cache of the user who runs this process."""
    return ObjectCache(user_folder())


def user_folder() -> Path | None:
    """Return the folder of object code; None where the user has no home."""
    return cache_folder("native")


def _head(key: str, code: bytes) -> bytes:
    # With the key, lest a file that was renamed passes for another.
    return MAGIC + hashlib.sha256(key.encode() + code).digest()


def _replace(path: Path, content: bytes) -> None:
    """Write beside and rename into place, so that a reader finds all or nothing.

    Unlike a result, it need not reach the disk before the rename: a torn file is compiled anew.
    """
    beside = path.with_name(f"{path.name}.{os.urandom(8).hex()}.new")
    try:
        with open(beside, "xb", opener=_for_the_user_only) as file:
            file.write(content)
        os.replace(beside, path)
    finally:
        with suppress(OSError):
            beside.unlink()


def _for_the_user_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
