"""`train --verify-resume`: a training left alone and the same one broken off again and again, compared."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.errors import Fault, RunFailed
from mlpcli.experiments.train import asks_for_more, resume, train
from mlpcli.problem.build import read_config
from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, FOLDS, MODEL, PREDICTIONS, REPEAT
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import EpochDone, Event, FoldDone, Planned, Run, SeedDone, Started

BREAKS = (0.0, 0.25, 0.5, 0.75)
"""After these shares of the epochs; by turns as Ctrl-C does, within an epoch, and as a kill does."""
GONE = "there is none"
AMONG = "among seeds or folds"
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

    @property
    def same(self) -> bool:
        """Whether everything is."""
        return all(each.same for each in self.compared)


class _Killed(BaseException):
    """As a SIGKILL would: nothing is saved any more."""


def verify_resume(config: str | Path, overrides: Sequence[str] = ()) -> Verification:
    """Train twice in a temporary place. Raises as train does; ConfigError where the clock would end it."""
    file = read_config(Path(config), overrides)
    if file.config.training.stop.max_time is not None:
        what = "Where the clock ends a training, no two end at the same epoch."
        raise file.error("training.stop.max_time", what, "Leave it out: --set training.stop.max_time=null")
    with tempfile.TemporaryDirectory(prefix="mlp-verify-") as place:
        try:
            whole = train(config, overrides, Path(place) / "unbroken")
        except RunFailed as error:  # what it names in the temporary place is gone in a moment
            remedy = "A training that fails cannot be verified: ask mlp gradcheck, and mend it first."
            raise RunFailed([Fault(fault.where, fault.what, remedy) for fault in error.faults]) from error
        breaks: list[str] = []
        run = _broken(config, overrides, Path(place) / "broken", whole.epochs, breaks)
        compared = compare_runs(whole.path, run.path)
    return Verification(whole.epochs, tuple(breaks), compared)


def compare_runs(first: Path, second: Path, epochs: Collection[float] | None = None) -> tuple[Compared, ...]:
    """What decides whether two trainings are the same. epochs: those of the history that are looked at."""
    one, other = digests(first, epochs), digests(second, epochs)
    return tuple(Compared(key, one.get(key, GONE), other.get(key, GONE)) for key in {**one, **other})


def printed(run: Path) -> frozenset[float]:
    """The epochs of its history."""
    values = Checkpoint.read(run / CHECKPOINT).groups["history"]["values"]
    return frozenset(values[:, 0].tolist() if len(values) else ())


def digests(run: Path, epochs: Collection[float] | None = None) -> dict[str, str]:
    """What decides whether two trainings are the same, each as a sha256. epochs: those of the history."""
    found = Checkpoint.read(run / CHECKPOINT)
    columns = [name for name in found.values["history"] if name != "seconds"]
    places = [found.values["history"].index(name) for name in columns]
    table = found.groups["history"]
    chosen = [at for at, row in enumerate(table["values"]) if epochs is None or row[0] in epochs]
    history = {name: array[chosen][:, places] if chosen else array[:0] for name, array in table.items()}
    kept = {key: value for key, value in found.values["kept"].items() if key != "seconds"}
    decided = repr([kept, *(found.values[key] for key in ("epoch", "random", "counters", "halvings"))])
    return {
        "model.npz, arrays": fingerprint(ModelFile.read(run / MODEL).parameters),
        "parameters and optimiser": fingerprint(found.groups["state"]),
        "random streams, counters": hashlib.sha256(decided.encode()).hexdigest(),
        "history": fingerprint(history),
        **{name: _sha256(run / name) for name in (REPEAT, FOLDS, PREDICTIONS) if (run / name).exists()},
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _broken(config: str | Path, overrides: Sequence[str], runs: Path, epochs: int, breaks: list[str]) -> Run:
    """The run, broken off at every one of BREAKS and gone on with each time. breaks: told into."""
    folder: Path | None = None
    most = 0
    """Of the epochs, or of the seeds or folds, that were seen."""

    def attempt(after: float, kill: bool) -> Run | None:
        """Until so many epochs are done, or to the end; after < 0: until a seed or fold is.

        None where it was killed, or nothing is told of it.
        """
        nonlocal most
        most, beside, begun = 0, after < 0, False

        def watch(event: Event) -> None:
            nonlocal folder, most, begun
            begun |= isinstance(event, Started)
            if isinstance(event, Started | Planned):
                folder = event.folder
            elif isinstance(event, SeedDone | FoldDone) and beside:
                most += 1
            elif isinstance(event, EpochDone) and not beside:
                most = event.number
            if kill and far_enough():
                raise _Killed

        def far_enough() -> bool:
            return most >= abs(after) or (beside and begun)

        def interrupted() -> bool:
            return not kill and folder is not None and far_enough()

        try:
            if folder is None:
                return train(config, overrides, runs, watch, interrupted, KEEP_EVERY)
            return resume(folder, (), watch, interrupted, KEEP_EVERY)
        except _Killed:
            breaks.append(f"killed after epoch {0 if beside else most}" if begun else f"killed {AMONG}")
        except KeyboardInterrupt:
            breaks.append(f"interrupted {AMONG}")
        return None

    more = asks_for_more(read_config(Path(config), overrides).config)
    attempts = [(-1.0, False), (-1.0, True)] if more else []
    attempts += [(int(share * epochs), at % 2 == 1) for at, share in enumerate(BREAKS)]
    for after, kill in attempts:
        run = attempt(after, kill)
        if run is None:
            continue
        if not run.interrupted:
            return run
        part = Checkpoint.read(run.path / CHECKPOINT).values["part"]
        within = (
            f"in epoch {run.epochs}, after batch {part['batches']}" if part else f"after epoch {run.epochs}"
        )
        breaks.append(f"interrupted {within}")
    run = attempt(math.inf, kill=False)
    assert run is not None
    return run
