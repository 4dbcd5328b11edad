"""`train --verify-resume`: a training left alone and the same one broken off again and again, compared."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.pipeline.events import EpochDone, Event, Run, Started
from mlpcli.pipeline.prepare import prepare
from mlpcli.pipeline.resuming import resume
from mlpcli.pipeline.training import train_prepared
from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, MODEL
from mlpcli.runs.model_file import ModelFile

BREAKS = (0.0, 0.25, 0.5, 0.75)
"""After these shares of the epochs; by turns as Ctrl-C does, within an epoch, and as a kill does."""
KEEP_EVERY = 0.02
"""Seconds between two checkpoints: kills are to meet some."""


@dataclass(frozen=True)
class Compared:
    """One thing that has to be the same. Digests: sha256."""

    what: str
    unbroken: str
    resumed: str

    @property
    def same(self) -> bool:
        """Whether it is."""
        return self.unbroken == self.resumed


@dataclass(frozen=True)
class Verification:
    """breaks: where the second training was broken off, in words."""

    epochs: int
    breaks: tuple[str, ...]
    compared: tuple[Compared, ...]
    only: str = ""
    """What the config asks for beside the training, and was not tried."""

    @property
    def same(self) -> bool:
        """Whether everything is."""
        return all(each.same for each in self.compared)


class _Killed(BaseException):
    """As a SIGKILL would: nothing is saved any more."""


def verify_resume(config: str | Path, overrides: Sequence[str] = ()) -> Verification:
    """Train twice in a temporary place. Raises as train does."""
    with tempfile.TemporaryDirectory(prefix="mlp-verify-") as place:
        prepared = prepare(config, overrides)
        asked = {"training.folds": prepared.config.training.folds, "repeat": prepared.config.repeat}
        beside = " and ".join(key for key, value in asked.items() if value is not None)
        whole = train_prepared(prepared, Path(place) / "unbroken")
        breaks: list[str] = []
        run = _broken(config, overrides, Path(place) / "broken", whole.epochs, breaks)
        pairs = zip(digests(whole.path).items(), digests(run.path).values(), strict=True)
        compared = tuple(Compared(what, one, other) for (what, one), other in pairs)
    only = f"{beside} was not tried: this is the training of all rows, from the config's seed."
    return Verification(whole.epochs, tuple(breaks), compared, only if beside else "")


def digests(run: Path) -> dict[str, str]:
    """What decides whether two trainings are the same, each as a sha256."""
    found = Checkpoint.read(run / CHECKPOINT)
    columns = [name for name in found.values["history"] if name != "seconds"]
    places = [found.values["history"].index(name) for name in columns]
    table = found.groups["history"]
    history = {name: array[:, places] if columns else array for name, array in table.items()}
    decided = repr([found.values[key] for key in ("epoch", "random", "counters", "kept", "halvings")])
    return {
        "model.npz, arrays": fingerprint(ModelFile.read(run / MODEL).parameters),
        "parameters and optimiser": fingerprint(found.groups["state"]),
        "random streams, counters": hashlib.sha256(decided.encode()).hexdigest(),
        "history": fingerprint(history),
    }


def _broken(config: str | Path, overrides: Sequence[str], runs: Path, epochs: int, breaks: list[str]) -> Run:
    """The run, broken off at every one of BREAKS and gone on with each time. breaks: told into."""
    folder: Path | None = None

    def attempt(report: Callable[[Event], None], interrupted: Callable[[], bool]) -> Run:
        if folder is None:
            return train_prepared(prepare(config, overrides), runs, report, interrupted, KEEP_EVERY)
        return resume(folder, (), report, interrupted, KEEP_EVERY)

    for at, share in enumerate(BREAKS):
        after, kill, seen = int(share * epochs), at % 2 == 1, [0]

        def watch(event: Event, after: int = after, kill: bool = kill, seen: list[int] = seen) -> None:
            nonlocal folder
            if isinstance(event, Started):
                folder = event.folder
            elif isinstance(event, EpochDone):
                seen[0] = event.number
                if kill and event.number >= after:
                    raise _Killed

        try:
            started = folder is not None
            run = attempt(
                watch,
                lambda after=after, kill=kill, seen=seen, started=started: (  # type: ignore[misc]
                    not kill and (started or folder is not None) and seen[0] >= after
                ),
            )
        except _Killed:
            breaks.append(f"killed after epoch {seen[0]}")
            continue
        if not run.interrupted:
            return run
        assert folder is not None
        part = Checkpoint.read(folder / CHECKPOINT).values["part"]
        within = (
            f"in epoch {run.epochs}, after batch {part['batches']}" if part else f"after epoch {run.epochs}"
        )
        breaks.append(f"interrupted {within}")
    return attempt(lambda event: None, lambda: False)
