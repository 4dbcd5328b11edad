"""How far the reading of a file has come, for whoever shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What is told now and then how far a file is read, as often as the reader likes."""

    def __call__(self, rows: int, done: int | None, total: int | None) -> None:
        """Take note. rows: read since the last call. done, total: bytes of the file; None: not known."""
