"""Files are written beside and renamed into place: at any moment a kill leaves the old one or the new."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mlpcli.errors import Fault, OutputError

LEFT_OVER = re.compile(r"\..+\.(\d+)\.new")
"""The name of a file that is being written: that of the one it will replace, and the process."""


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when the block ends well, and vanishes when not.

    A link stays one: what it points to is replaced. What is no file at all (/dev/null, a named pipe) is
    written to directly. Raises OutputError, naming path and reason, where it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with open(path, "wb") as file:  # for a folder this says that it is one
                yield file
        else:
            with _renamed_at_the_end(Path(os.path.realpath(path))) as file:
                yield file
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def _renamed_at_the_end(path: Path) -> Iterator[IO[bytes]]:
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(beside, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _sync_folder(path.parent)
    finally:
        with suppress(OSError):
            beside.unlink()


def remove_left_over(folder: Path) -> None:
    """Remove what killed writers left in a run folder, beside the files that they would have replaced.

    Files of processes that are still alive stay; where that cannot be known, all stay.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            found = LEFT_OVER.fullmatch(path.name)
            if found is not None and not _is_alive(int(found[1])):
                with suppress(OSError):
                    path.unlink()


def _is_alive(process: int) -> bool:
    if os.name != "posix":
        return True
    if process == os.getpid():  # the number of one that was killed: this one writes nothing at the moment
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error for a path that cannot be written, with the operating system's reason."""
    reason = error.strerror or str(error)
    return OutputError(
        Fault(str(path), f"Cannot be written: {reason}.", "Choose another place, or free this one.")
    )


def _sync_folder(folder: Path) -> None:
    # The rename itself must reach the disk; where folders cannot be opened (Windows) it does so by itself.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
