"""The run folder: created once, appended to while training, read afterwards."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.array_file import write_arrays
from mlpcli.runs.atomic import cannot_write, replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEARNING_RATE = "learning_rate.csv"
CONFIG, HISTORY, MODEL, CHECKPOINT, FINDINGS = (
    "config.yaml",
    "history.csv",
    "model.npz",
    "checkpoint.npz",
    "findings.json",
)
CHECKPOINT_VERSION = 1


@dataclass(frozen=True)
class RunFolder:
    """`<runs>/<config name>-<number>/` and what is in it."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, config_text: Callable[[Path], str]) -> RunFolder:
        """The next free number; config_text: what config.yaml says in that folder. Raises OutputError."""
        safe = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "run"
        try:
            runs.mkdir(parents=True, exist_ok=True)
            taken = [
                int(p.name[len(safe) + 1 :])
                for p in runs.glob(f"{safe}-*")
                if p.name[len(safe) + 1 :].isdecimal()
            ]
            number = max(taken, default=0) + 1
            while True:
                path = runs / f"{safe}-{number}"
                try:
                    path.mkdir()
                    break
                except FileExistsError:  # another process took the number just now
                    number += 1
        except OSError as error:
            raise cannot_write(runs / f"{safe}-…", error) from error
        folder = cls(path)
        with replacing(path / CONFIG) as file:
            file.write(config_text(path).encode())
        return folder

    @classmethod
    def find(cls, path: Path) -> RunFolder:
        """An existing run. Raises ModelFileError where the folder is none."""
        if not _has(path, CONFIG):
            raise ModelFileError(
                Fault(
                    str(path),
                    f"It is not a run folder: it has no {CONFIG}.",
                    "Name a folder that mlp train made.",
                )
            )
        return cls(path)

    def model(self) -> Path:
        """Its model file. Raises ModelFileError where there is none."""
        if not _has(self.path, MODEL):
            what = f"The folder has no {MODEL}: it is no run, or the training broke off before it was saved."
            raise ModelFileError(Fault(str(self.path), what, "Name a run of mlp train, or train again."))
        return self.path / MODEL

    def append_history(self, record: Mapping[str, object]) -> None:
        """One row per printed epoch, on disk when this returns to its caller's loop."""
        path = self.path / HISTORY
        try:
            new = not path.exists()
            with open(path, "a", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                if new:
                    writer.writerow(record)
                writer.writerow("" if value is None else value for value in record.values())
        except OSError as error:
            raise cannot_write(path, error) from error

    def read_history(self) -> list[dict[str, str]]:
        """The rows, as text; none where training printed none."""
        path = self.path / HISTORY
        if not path.exists():
            return []
        try:
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            for number, row in enumerate(rows, start=2):
                if None in row or None in row.values():
                    raise csv.Error(f"line {number} has not as many cells as the first")
            return rows
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ModelFileError(Fault(str(path), f"It cannot be read: {error}.")) from error

    def write_checkpoint(self, header: Mapping[str, Any], state: Mapping[str, NDArray[Any]]) -> None:
        """The state (parameters, optimiser slots) as it is; header: epoch, random stream, why it stopped."""
        kind = {"format": "mlp-checkpoint", "format_version": CHECKPOINT_VERSION}
        write_arrays(self.path / CHECKPOINT, {**kind, **header}, state)

    def write_learning_rate(self, curve: Iterable[tuple[float, float]]) -> None:
        """A range test: each rate and the loss after a step at it."""
        with replacing(self.path / LEARNING_RATE) as file:
            file.write(b"rate,loss\n")
            file.writelines(f"{rate!r},{loss!r}\n".encode() for rate, loss in curve)

    def write_findings(self, findings: Sequence[Mapping[str, Any]]) -> None:
        """What was noticed, in that order; an empty list when nothing was."""
        with replacing(self.path / FINDINGS) as file:
            file.write((json.dumps(list(findings), indent=1, ensure_ascii=False) + "\n").encode())


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except OSError as error:  # a folder that may not be looked into
        what = f"It cannot be read: {error.strerror or error}."
        raise ModelFileError(Fault(str(folder), what, "Check the path and its permissions.")) from error
