"""A bar on standard error that shows how far a file is read, on a terminal and after a second only."""

from __future__ import annotations

import os
import sys
from time import monotonic as now
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds before anything is shown: most files are done by then."""


class ProgressView:
    """A view of the reading of one file: rows, rows per second and, where the size is known, the time left.

    It is a Progress, for any reader of rows. Without a terminal it shows nothing.
    """

    def __init__(self, title: str) -> None:
        """title: a word for what is done to the rows."""
        self._title = title
        self._terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._start = now()
        self._rows = 0
        self._shown: Progress | None = None

    def __enter__(self) -> ProgressView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()
            self._shown = None

    def __call__(self, rows: int, done: int | None, total: int | None) -> None:
        """Show that so many rows more, and `done` of `total` bytes, are read."""
        self._rows += rows
        if done is not None and done == total:  # what follows has lines of its own
            self.__exit__(None, None, None)
            return
        seconds = now() - self._start
        if not self._terminal or seconds < PATIENCE:
            return
        if self._shown is None:
            self._shown = self._started()
        said = f"{self._rows:,} rows, {self._rows / seconds:,.0f} a second"
        known = total if done is not None else None
        self._shown.update(self._shown.task_ids[0], completed=done or 0, total=known, said=said)

    def _started(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        progress = Progress(
            TextColumn(self._title),
            BarColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            transient=True,
        )
        progress.add_task(self._title, total=None, said="")
        progress.start()
        return progress
