"""Keeps a training in its folder: checkpoints at a pace that costs next to nothing, and all at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from mlpcli.errors import Fault, MlpError, OutputError, RunFailed
from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.folder import CHECKPOINT, CONFIG, FOLDER_GONE, MODEL, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.records import Ended, Given, Outcome, Test
from mlpcli.scoring.evaluation import Evaluation
from mlpcli.training.state import Session

LEAST = 2.0
"""Seconds between two checkpoints, at least."""
SHARE = 0.01
"""Of the time, for writing them: after a slow one the next is later."""


class Keeper:
    """folder: of the run. given: what every checkpoint has beside the session.

    every: seconds between two checkpoints; None: see LEAST and SHARE.
    """

    def __init__(self, folder: RunFolder, session: Session, given: Given, every: float | None = None) -> None:
        self.folder, self._session, self._given, self._every = folder, session, given, every
        self._next = 0.0
        self._written: int | None = None

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.perf_counter() >= self._next

    @property
    def config_text(self) -> str:
        """The config as it was given, for the model file."""
        return self._given["config"]

    def keep(self, stopped: str = "") -> None:
        """A checkpoint of now. Raises OutputError, and the one before is as it was."""
        began = time.perf_counter()
        checkpoint = self._session.checkpoint(self._given, stopped)
        checkpoint.write(self.folder.path / CHECKPOINT)
        first, self._written = self._written is None, self._session.progress.done
        if first:
            self.folder.write_summary({"made": self._given["made"], "ended": None})
        now = time.perf_counter()
        wait = max(LEAST, (now - began) / SHARE) if self._every is None else self._every
        self._next = now + wait

    @property
    def since(self) -> str:
        """From where a resumed run would go on, in words."""
        return f"epoch {self._written}" if self._written else "the start"

    def rescue(self) -> None:
        """A checkpoint of now if that can be, before an error ends everything."""
        with suppress(MlpError):
            if self._session.exact and self._written != self._session.progress.done:
                self.keep()

    def finish(self, model: ModelFile, outcome: Outcome, test: Evaluation | None) -> None:
        """Everything but the last checkpoint."""
        session = self._session
        model.write(self.folder.path / MODEL)
        self.folder.write_findings([each.as_json() for each in session.noticed])
        ended: Ended = {
            **outcome,
            "seconds": round(session.progress.seconds, 3),
            "halvings": session.halvings,
            "model_sha256": fingerprint(model.parameters),
            "state_sha256": fingerprint(session.state),
            # Without zeros: a matrix of a thousand classes would be larger than what is read again.
            "test": cast("Test", test.as_json(zeros=False)) if test else None,
        }
        self.folder.write_summary({"made": self._given["made"], "ended": ended})


@contextmanager
def explained(folder: Path, since: Callable[[], str] = lambda: "the start") -> Iterator[None]:
    """What cannot be written ends the run: raises RunFailed, with what is left and how to go on.

    since: from where that would be, in words.
    """
    try:
        yield
    except OutputError as error:
        if not folder.is_dir():
            raise RunFailed([Fault(f.where, f.what, FOLDER_GONE) for f in error.faults]) from error
        if not (folder / CONFIG).is_file():
            raise
        remedy = f"Free the place, then go on from {since()}: mlp train --resume {folder}"
        raise RunFailed([Fault(f.where, f.what, remedy) for f in error.faults]) from error
