"""`train --verify-resume`: a training left alone, compared with one that is ended and resumed repeatedly."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.config.edit import as_options
from mlpcli.config.load import ConfigFile, ConfigSource
from mlpcli.errors import Fault, RunFailed
from mlpcli.experiments.digests import DigestComparison, compare_digests
from mlpcli.experiments.train import asks_for_more, resume, train
from mlpcli.problem.build import read_config
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT
from mlpcli.training.events import EpochDone, Event, FoldDone, Planned, Run, SeedDone, Started

BREAKS = (0.0, 0.25, 0.5, 0.75)
"""Shares of the epochs after which training ends; by turns as Ctrl-C does, within an epoch, and by a kill."""
AMONG = "among seeds or folds"
KEEP_EVERY = 0.02
"""Seconds between two checkpoints: kills are to meet some."""


@dataclass(frozen=True, kw_only=True)
class Verification(DigestComparison):
    """The outcome of verify_resume. breaks: where the second training was ended early, in words."""

    epochs: int
    breaks: tuple[str, ...]


@dataclass(frozen=True)
class _Break:
    """A place where a training is ended early. kill: as by SIGKILL, with nothing saved; else as by Ctrl-C.

    after: whole epochs; None: as soon as one seed or fold is done, or the training itself has begun.
    """

    after: int | None
    kill: bool


class _Killed(BaseException):
    """A kill: no handler of errors sees it, so nothing is saved any more."""


class _Interrupter:
    """The callbacks of a training that is to end at a place. folder: of the run; None: not known yet."""

    def __init__(self, place: _Break, folder: Path | None) -> None:
        self.place, self.folder = place, folder
        self.epochs, self.begun, self._part_done = 0, False, False

    def report(self, event: Event) -> None:
        """Follow how far the training is. Raises _Killed at a place of that kind."""
        if isinstance(event, Started | Planned):
            self.folder = event.folder
        self.begun |= isinstance(event, Started)
        self._part_done |= isinstance(event, SeedDone | FoldDone)
        # Where a seed or fold is waited for, epochs are of the training after them, and do not count.
        if isinstance(event, EpochDone) and self.place.after is not None:
            self.epochs = event.number
        if self.place.kill and self._reached:
            raise _Killed

    def interrupted(self) -> bool:
        """Return whether to end as Ctrl-C does, which is possible once there is a folder."""
        return not self.place.kill and self.folder is not None and self._reached

    @property
    def _reached(self) -> bool:
        if self.place.after is None:
            return self._part_done or self.begun
        return self.epochs >= self.place.after


def verify_resume(config: ConfigSource, overrides: str | Sequence[str] = ()) -> Verification:
    """Train twice in a temporary place, the second time with breaks, and compare all that decides.

    Raises as train does; RunFailed where the training fails, ConfigError where the clock would end it.
    """
    overrides = as_options(overrides)
    file = read_config(config, overrides)
    if file.config.training.stop.max_time is not None:
        what = "Where the clock ends a training, no two end at the same epoch."
        raise file.error("training.stop.max_time", what, "Leave it out: --set training.stop.max_time=null")
    with tempfile.TemporaryDirectory(prefix="mlp-verify-") as place:
        try:
            whole = train(config, overrides, Path(place) / "unbroken")
        except RunFailed as error:  # what it names in the temporary place is gone in a moment
            remedy = "A training that fails cannot be verified: ask mlp gradcheck, and mend it first."
            raise RunFailed([Fault(fault.where, fault.what, remedy) for fault in error.faults]) from error
        run, breaks = _train_with_breaks(
            config, overrides, Path(place) / "broken", _places(file, whole.epochs)
        )
        compared = compare_digests(whole.path, run.path)
    return Verification(epochs=whole.epochs, breaks=tuple(breaks), compared=compared)


def _places(file: ConfigFile, epochs: int) -> Iterator[_Break]:
    if asks_for_more(file.config):
        yield from (_Break(None, kill) for kill in (False, True))
    yield from (_Break(int(share * epochs), kill=at % 2 == 1) for at, share in enumerate(BREAKS))


def _train_with_breaks(
    config: ConfigSource, overrides: Sequence[str], runs: Path, places: Iterator[_Break]
) -> tuple[Run, list[str]]:
    """Return the run, ended at each place and resumed each time, and what happened at each, in words."""
    folder: Path | None = None
    breaks = []
    for place in places:
        ending = _Interrupter(place, folder)
        callbacks = ending.report, ending.interrupted, KEEP_EVERY
        try:
            if folder is None:
                run = train(config, overrides, runs, *callbacks)
            else:
                run = resume(folder, (), *callbacks)
        except _Killed:
            breaks.append(f"killed after epoch {ending.epochs}" if ending.begun else f"killed {AMONG}")
        except KeyboardInterrupt:
            breaks.append(f"interrupted {AMONG}")
        else:
            if not run.interrupted:
                return run, breaks
            breaks.append(_interrupted_where(run))
        folder = ending.folder
    assert folder is not None
    return resume(folder, keep_every=KEEP_EVERY), breaks


def _interrupted_where(run: Run) -> str:
    part = Checkpoint.read(run.path / CHECKPOINT).values["part"]
    if part is None:
        return f"interrupted after epoch {run.epochs}"
    return f"interrupted in epoch {run.epochs}, after batch {part['batches']}"
