"""The run folder: its place, the names of its files, and its config."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.atomic import LEFT_OVER, cannot_write, replacing
from mlpcli.runs.table import RunTable

LEARNING_RATE, REPEAT = "learning_rate.csv", "repeat.csv"
FOLDS, PREDICTIONS = "folds.csv", "fold-predictions.csv"
CONFIG, HISTORY, MODEL, CHECKPOINT, FINDINGS, SUMMARY = (
    "config.yaml",
    "history.csv",
    "model.npz",
    "checkpoint.npz",
    "findings.json",
    "run.json",
)
GROWING = (HISTORY, REPEAT)
"""Tables whose rows are appended one by one, while the training runs."""
FOLDER_GONE = "The folder of the run is gone, and what was in it: train again with mlp train."


def place_of(value: object) -> Path:
    """Return the path of a run or model that a library user gave. Raises ModelFileError for what is none."""
    if isinstance(value, (str, os.PathLike)):
        return Path(os.fspath(value))
    what = f"Expected the path of a run folder or a model file, got {type(value).__name__}."
    raise ModelFileError(Fault("", what, "Give what train() returned, or a path."))


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, `<runs>/<config name>-<number>/`."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, config_text: Callable[[Path], str]) -> RunFolder:
        """Create the folder with the next free number. Raises OutputError.

        config_text: gives the content of config.yaml, whose paths depend on the folder.
        """
        # Where the locale knows ASCII alone, other letters are escaped bytes: they stay what they are.
        letters = os.fsencode(name).decode("utf-8", "replace")
        safe = os.fsdecode(re.sub(r"[^\w.-]+", "-", letters).strip(".-").encode()) or "run"
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
        try:
            with replacing(path / CONFIG) as file:
                file.write(config_text(path).encode())
        except BaseException:
            with suppress(OSError):
                path.rmdir()  # nothing is in it
            raise
        return folder

    def inner(self, name: str, config_text: Callable[[Path], str]) -> RunFolder:
        """Return a run folder inside this one, made where there is none yet. Raises OutputError."""
        folder = RunFolder(self.path / name)
        try:
            folder.path.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(folder.path, error) from error
        if not folder.has(CONFIG):
            folder.write_config(config_text(folder.path))
        return folder

    @classmethod
    def find(cls, path: Path) -> RunFolder:
        """Return the folder of an existing run. Raises ModelFileError where the path is none."""
        if not _has(path, CONFIG):
            what, remedy = (
                f"It is not a run folder: it has no {CONFIG}.",
                "Name a folder that mlp train made.",
            )
            if path.is_dir() and all(LEFT_OVER.fullmatch(each.name) for each in path.iterdir()):
                what = f"It has no {CONFIG}, and nothing else: no training was begun in it."
                remedy = (
                    "Where mlp train was killed there, delete the folder and train again: mlp train CONFIG"
                )
            raise ModelFileError(Fault(str(path), what, remedy))
        return cls(path)

    def has(self, name: str) -> bool:
        """Return whether the folder has that file. Raises ModelFileError where nobody may look."""
        return _has(self.path, name)

    def model(self) -> Path:
        """Return the path of the model file. Raises ModelFileError where there is none."""
        if not _has(self.path, MODEL):
            what = f"The folder has no {MODEL}: it is no run, or the training broke off before it was saved."
            remedy = f"Go on with the training: mlp train --resume {self.path}"
            if not _has(self.path, CONFIG):
                remedy = "Name a run of mlp train, or train again."
            raise ModelFileError(Fault(str(self.path), what, remedy))
        return self.path / MODEL

    def table(self, name: str) -> RunTable:
        """Return the table of that name, such as history.csv, whether there is a file yet or not."""
        return RunTable(self.path / name, grows=name in GROWING)

    def write_config(self, text: str) -> None:
        """Replace the config: it has what a resumed run was told to change. Raises OutputError."""
        with replacing(self.path / CONFIG) as file:
            file.write(text.encode())


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except OSError as error:  # a folder that may not be looked into
        what = f"It cannot be read: {error.strerror or error}."
        raise ModelFileError(Fault(str(folder), what, "Check the path and its permissions.")) from error
