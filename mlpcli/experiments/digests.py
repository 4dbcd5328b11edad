"""Digests of everything that decides whether two trainings are the same bits."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, FOLDS, MODEL, PREDICTIONS, REPEAT
from mlpcli.runs.model_file import ModelFile

GONE = "there is none"


@dataclass(frozen=True)
class DigestPair:
    """One thing that has to be the same in two runs. first, second: its sha256 in each."""

    what: str
    first: str
    second: str

    @property
    def same(self) -> bool:
        """Whether the digests are equal."""
        return self.first == self.second


@dataclass(frozen=True, kw_only=True)
class DigestComparison:
    """The digests of two runs, side by side."""

    compared: tuple[DigestPair, ...]

    @property
    def same(self) -> bool:
        """Whether all digests are equal."""
        return all(each.same for each in self.compared)


def compare_digests(
    first: Path, second: Path, epochs: Collection[float] | None = None
) -> tuple[DigestPair, ...]:
    """Return the digests of two runs, pair by pair. Arguments and errors are those of digests()."""
    one, other = digests(first, epochs), digests(second, epochs)
    return tuple(DigestPair(key, one.get(key, GONE), other.get(key, GONE)) for key in {**one, **other})


def printed_epochs(run: Path) -> frozenset[float]:
    """Return the epochs of a run's history. Raises ModelFileError where its checkpoint is damaged."""
    values = Checkpoint.read(run / CHECKPOINT).groups["history"]["values"]
    return frozenset(values[:, 0].tolist() if len(values) else ())


def digests(run: Path, epochs: Collection[float] | None = None) -> dict[str, str]:
    """Return a sha256 of each thing that has to be the same in two equal trainings; times have not.

    epochs: those of the history that count; None: all. Raises ModelFileError where a file is damaged.
    """
    found = Checkpoint.read(run / CHECKPOINT)
    values, table = found.values, found.groups["history"]
    columns = [at for at, name in enumerate(values["history"]) if name != "seconds"]
    rows = [at for at, row in enumerate(table["values"]) if epochs is None or row[0] in epochs]
    history = {name: array[rows][:, columns] if rows else array[:0] for name, array in table.items()}
    kept = {key: value for key, value in values["kept"].items() if key != "seconds"}
    decided = repr([kept, values["epoch"], values["random"], values["counters"], values["halvings"]])
    return {
        "model.npz, arrays": fingerprint(ModelFile.read(run / MODEL).parameters),
        "parameters and optimiser": fingerprint(found.groups["state"]),
        "random streams, counters": hashlib.sha256(decided.encode()).hexdigest(),
        "history": fingerprint(history),
        **{name: _of_table(run / name) for name in (REPEAT, FOLDS, PREDICTIONS) if (run / name).exists()},
    }


def _of_table(path: Path) -> str:
    """Return the sha256 of a CSV file, without the digest that earlier versions wrote at the end of a row."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        sealed = file.readline().endswith(b",sha256\n")
        file.seek(0)
        for line in file:
            digest.update(line.rpartition(b",")[0] + b"\n" if sealed else line)
    return digest.hexdigest()
