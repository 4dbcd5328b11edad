"""One process at a time in a run folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mlpcli.errors import Fault, RunFailed
from mlpcli.runs.atomic import cannot_write

LOCK = ".lock"
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
"""Errors of file systems without locks: there, no process is kept out."""
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
"""Errors of places where nothing can be written: a complete run can be read there without a lock, and any
other ends at the first file that it writes."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder inside the block. Raises RunFailed, naming the process that has it."""
    path = folder / LOCK
    try:
        file, open_to_all = _locked_file(path), False
    except OSError as error:
        if error.errno not in _READ_ONLY:
            raise cannot_write(path, error) from error
        file, open_to_all = None, True
    if open_to_all:
        yield
        return
    if file is None:
        raise RunFailed(_in_use(folder, path))
    try:
        with suppress(OSError):  # a full disk: the lock holds all the same, without a number in it
            file.truncate(0)
            file.seek(0)
            file.write(str(os.getpid()).encode())
            file.flush()
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        with suppress(OSError):
            file.close()


def _locked_file(path: Path) -> IO[bytes] | None:
    """Return the file, open as long as it is locked; None where another process has the lock."""
    while True:
        file = open(path, "a+b")  # noqa: SIM115
        try:
            if not _lock(file):
                file.close()
                return None
            if _is_at(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # its last holder removed it just now: what is locked has no name any more


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(1 << 30)  # beyond the number, which others may then read
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        return True


def _in_use(folder: Path, path: Path) -> Fault:
    holder = ""
    with suppress(OSError):
        holder = path.read_bytes()[:20].decode("ascii", "replace").strip()
    who = f"process {holder}" if holder.isdecimal() else "another process"
    what = f"The run is being trained by {who}."
    return Fault(str(folder), what, "Wait until it ends, or end it: Ctrl-C or SIGTERM saves.")
