"""Whether a table fits into memory, by the size of its files, and where its columns go if not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mlpcli.cache_folder import cache_folder, made_private
from mlpcli.data.available_memory import available_memory
from mlpcli.data.several import files_of

NEEDED = 3
"""Bytes of memory for each byte of a file: its columns, the matrix made of them, and something to spare."""
UNZIPPED = 5
"""Bytes of a table for each byte of it in a compressed file."""
COMPRESSED = (".gz", ".bz2", ".xz", ".zip", ".npz", ".parquet", ".feather", ".arrow", ".xlsx")


def exceeds_memory(paths: Iterable[str], available: int | None = None) -> bool:
    """Tell whether the tables of these files, and what training makes of them, may not fit into memory.

    available: bytes of memory; None: those that this process may still take.
    """
    needed = 0
    for path in paths:
        try:
            size = os.stat(path).st_size
        except OSError:  # standard input, or no such file
            continue
        needed += NEEDED * size * (UNZIPPED if path.lower().endswith(COMPRESSED) else 1)
    return needed > (available_memory() if available is None else available)


def spool_folder_for(path: str | Sequence[str], labels: str | Sequence[str] | None = None) -> Path | None:
    """Return the folder that columns of a file are spooled to; None where memory holds them, or must."""
    folder = cache_folder("data")
    if folder is None or not exceeds_memory([*files_of(path), *(files_of(labels) if labels else ())]):
        return None
    try:
        return folder if made_private(folder) else None
    except OSError:
        return None
