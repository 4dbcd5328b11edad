"""Keeps a training in its folder: checkpoints at a pace that costs next to nothing, and all at the end."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import cast

from mlpcli.errors import Fault, MlpError
from mlpcli.pipeline.session import Session
from mlpcli.predict.scores import Evaluation
from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.contents import Ended, Given, Outcome, Test
from mlpcli.runs.folder import CHECKPOINT, FOLDER_GONE, MODEL, RunFolder
from mlpcli.runs.model_file import ModelFile

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
        if self._written is None:
            self.folder.write_summary({"made": self._given["made"], "ended": None})
        self._written = self._session.progress.done
        now = time.perf_counter()
        wait = max(LEAST, (now - began) / SHARE) if self._every is None else self._every
        self._next = now + wait

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

    def explained(self, fault: Fault) -> Fault:
        """A fault in writing, with what is left and how to go on."""
        path = self.folder.path
        if not path.is_dir():
            return Fault(fault.where, fault.what, FOLDER_GONE)
        if self._written is None:
            return fault
        state = f"epoch {self._written}" if self._written else "the start"
        remedy = f"Free the place, then go on from {state}: mlp train --resume {path}"
        return Fault(fault.where, fault.what, remedy)
