"""Files are written beside and renamed into place: at any moment a kill leaves the old one or the new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mlpcli.errors import Fault, OutputError


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """An open file that takes the place of `path` when the block ends well, and vanishes when not.

    Raises OutputError, naming path and reason, where it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with open(beside, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The operating system's reason, with the path."""
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
