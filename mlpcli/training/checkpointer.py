"""The files of a training: checkpoints at a pace that costs next to nothing, and everything at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from mlpcli.errors import Fault, MlpError, OutputError, RunFailed
from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.folder import CHECKPOINT, CONFIG, FINDINGS, FOLDER_GONE, MODEL, RunFolder
from mlpcli.runs.json_file import write_json
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.records import Ended, RunOrigin, RunOutcome, TestScores
from mlpcli.runs.summary import write_summary
from mlpcli.scoring.evaluation import Evaluation
from mlpcli.training.state import TrainingState

LEAST = 2.0
"""Shortest time between two checkpoints, in seconds."""
SHARE = 0.01
"""Largest share of a run's time spent on checkpoints; a slow write delays the next."""


class Checkpointer:
    """Writes checkpoints of one training, and what its run folder has at the end."""

    def __init__(
        self, folder: RunFolder, state: TrainingState, given: RunOrigin, every: float | None = None
    ) -> None:
        """Write nothing yet. given: provenance and config texts that every checkpoint has beside the state.

        every: seconds between two checkpoints; None: as LEAST and SHARE say.
        """
        self.folder, self._state, self._given, self._every = folder, state, given, every
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

    @property
    def resumes_from(self) -> str:
        """The place that a resumed run would start from, in words."""
        return f"epoch {self._written}" if self._written else "the start"

    def write(self, stopped: str = "") -> None:
        """Write a checkpoint of now. Raises OutputError, and then the one before is as it was."""
        began = time.perf_counter()
        checkpoint = self._state.checkpoint(self._given, stopped)
        checkpoint.write(self.folder.path / CHECKPOINT)
        first, self._written = self._written is None, self._state.loop.epoch
        if first:
            write_summary(self.folder, {"made": self._given["made"], "ended": None})
        now = time.perf_counter()
        wait = max(LEAST, (now - began) / SHARE) if self._every is None else self._every
        self._next = now + wait

    def rescue(self) -> None:
        """Write a checkpoint of now, if it can be done, before an error ends everything."""
        with suppress(MlpError):
            if self._state.is_exact and self._written != self._state.loop.epoch:
                self.write()

    def finish(self, model: ModelFile, outcome: RunOutcome, test: Evaluation | None) -> None:
        """Write everything of a training that is over but the last checkpoint. Raises OutputError."""
        state = self._state
        model.write(self.folder.path / MODEL)
        write_json(self.folder.path / FINDINGS, [each.as_json() for each in state.findings])
        ended: Ended = {
            **outcome,
            "seconds": round(state.loop.seconds, 3),
            "halvings": state.halvings,
            "model_sha256": fingerprint(model.parameters),
            "state_sha256": fingerprint(state.loop.arrays),
            # Without zeros: a matrix of a thousand classes would be larger than what is read again.
            "test": cast("TestScores", test.as_json(zeros=False)) if test else None,
        }
        write_summary(self.folder, {"made": self._given["made"], "ended": ended})


@contextmanager
def unwritable_ends_run(
    folder: Path, resumes_from: Callable[[], str] = lambda: "the start"
) -> Iterator[None]:
    """Turn an OutputError into a RunFailed that says what is left and how to resume.

    resumes_from: the place that a resumed run would start from, in words. Raises RunFailed; OutputError where
    there is no run to resume yet.
    """
    try:
        yield
    except OutputError as error:
        if not folder.is_dir():
            raise RunFailed([Fault(f.where, f.what, FOLDER_GONE) for f in error.faults]) from error
        if not (folder / CONFIG).is_file():
            raise
        remedy = f"Free the place, then go on from {resumes_from()}: mlp train --resume {folder}"
        raise RunFailed([Fault(f.where, f.what, remedy) for f in error.faults]) from error
