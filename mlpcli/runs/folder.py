"""The run folder: created once, appended to while training, read afterwards."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.atomic import LEFT_OVER, cannot_write, replacing
from mlpcli.runs.growing_table import whole_lines
from mlpcli.runs.records import Summary, check

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
SUMMARY_VERSION = 1
LARGEST_SUMMARY = 1 << 24
FOLDER_GONE = "The folder of the run is gone, and what was in it: train again with mlp train."
REMEDY = "Use another copy, or train again."


def place_of(value: object) -> Path:
    """Take a path of a run or a model from the library's user. Raises ModelFileError for what is none."""
    if isinstance(value, (str, os.PathLike)):
        return Path(os.fspath(value))
    what = f"Expected the path of a run folder or a model file, got {type(value).__name__}."
    raise ModelFileError(Fault("", what, "Give what train() returned, or a path."))


@dataclass(frozen=True)
class RunFolder:
    """`<runs>/<config name>-<number>/` and what is in it."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, config_text: Callable[[Path], str]) -> RunFolder:
        """The next free number; config_text: what config.yaml says in that folder. Raises OutputError."""
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
        """A run folder in this one; made where there is none yet. Raises OutputError."""
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
        """An existing run. Raises ModelFileError where the folder is none."""
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
        """Whether the folder has that file."""
        return _has(self.path, name)

    def model(self) -> Path:
        """Its model file. Raises ModelFileError where there is none."""
        if not _has(self.path, MODEL):
            what = f"The folder has no {MODEL}: it is no run, or the training broke off before it was saved."
            remedy = f"Go on with the training: mlp train --resume {self.path}"
            if not _has(self.path, CONFIG):
                remedy = "Name a run of mlp train, or train again."
            raise ModelFileError(Fault(str(self.path), what, remedy))
        return self.path / MODEL

    def append_history(self, record: Mapping[str, object]) -> None:
        """One row per printed epoch, on disk when this returns to its caller's loop."""
        path = self.path / HISTORY
        try:
            new = not path.exists()
            with open(path, "a", newline="", encoding="utf-8") as file:
                _write_rows(file, [record], header=new)
        except OSError as error:
            raise cannot_write(path, error) from error

    def read_history(self) -> list[dict[str, str]]:
        """The rows, as text; none where training printed none."""
        return self.read_rows(HISTORY)

    def read_rows(self, name: str, remedy: str = REMEDY) -> list[dict[str, str]]:
        """Of a table of that name, as text; none where there is none. Raises ModelFileError."""
        return list(self.each_row(name, remedy))

    def each_row(self, name: str, remedy: str = REMEDY) -> Iterator[dict[str, str]]:
        """Read a table row by row, holding one at a time. Raises as read_rows does.

        A last row that a kill broke off is left out where rows were appended one by one.
        """
        path = self.path / name
        if not path.exists():
            return
        try:
            with open(path, newline="", encoding="utf-8") as file:
                lines = whole_lines(file) if name in GROWING else file
                for number, row in enumerate(csv.DictReader(lines), start=2):
                    if None in row or None in row.values():
                        raise csv.Error(f"line {number} has not as many cells as the first")
                    yield row
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            what = f"It cannot be read: {getattr(error, 'strerror', None) or error}."
            raise ModelFileError(Fault(str(path), what, remedy)) from error

    def numbers(self) -> dict[int, dict[str, float]]:
        """The history by epoch: what there is of each. Raises ModelFileError where it has something else."""
        try:
            return {
                int(row["epoch"]): {n: float(text) for n, text in row.items() if text and n != "epoch"}
                for row in self.read_history()
            }
        except (KeyError, ValueError) as error:
            where = str(self.path / HISTORY)
            raise ModelFileError(Fault(where, f"It is damaged: {error}.", REMEDY)) from error

    def write_history(self, records: Sequence[Mapping[str, object]]) -> None:
        """The whole table anew; no file where there is no record."""
        self.write_table(HISTORY, records)

    def write_table(self, name: str, records: Sequence[Mapping[str, object]]) -> None:
        """Likewise one of that name, atomically."""
        path = self.path / name
        if not records:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise cannot_write(path, error) from error
            return
        text = io.StringIO(newline="")
        _write_rows(text, records, header=True)
        with replacing(path) as file:
            file.write(text.getvalue().encode())

    def write_config(self, text: str) -> None:
        """Takes the place of the config: what a resumed run was told to change is in it."""
        with replacing(self.path / CONFIG) as file:
            file.write(text.encode())

    def write_learning_rate(self, curve: Iterable[tuple[float, float]]) -> None:
        """A range test: each rate and the loss after a step at it."""
        with replacing(self.path / LEARNING_RATE) as file:
            file.write(b"rate,loss\n")
            file.writelines(f"{rate!r},{loss!r}\n".encode() for rate, loss in curve)

    def write_findings(self, findings: Sequence[Mapping[str, Any]]) -> None:
        """What was noticed, in that order; an empty list when nothing was."""
        _write_json(self.path / FINDINGS, list(findings))

    def write_summary(self, values: Summary) -> None:
        """run.json: what the run was made of, and how it ended."""
        kind = {"format": "mlp-run", "format_version": SUMMARY_VERSION}
        _write_json(self.path / SUMMARY, {**kind, **values})

    def read_summary(self) -> Summary:
        """What write_summary was given. Raises ModelFileError where it is missing, foreign or newer."""
        path = self.path / SUMMARY
        try:
            with open(path, "rb") as file:
                found: Any = json.loads(file.read(LARGEST_SUMMARY))
            if found["format"] != "mlp-run":
                raise ValueError("it says that it is something else")
            version = found["format_version"]
            if type(version) is not int or version < 1:  # true is an int, too
                raise ValueError(f"it has format version {repr(version)[:40]}")
            if version > SUMMARY_VERSION:
                what = f"It has format version {version}; this mlp reads up to {SUMMARY_VERSION}."
                raise ModelFileError(Fault(str(path), what, "A newer mlp wrote it: update mlp."))
            check(found, Summary)
        except FileNotFoundError:
            what = "There is no such file: the run was never begun, or is of an mlp that did not write it."
            remedy = f"Go on with it, mlp train --resume {self.path}, or name another run of mlp train."
            raise ModelFileError(Fault(str(path), what, remedy)) from None
        except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
            what = f"It is no summary of a run, or damaged: {error}."
            raise ModelFileError(Fault(str(path), what, "Name a run of mlp train.")) from error
        summary: Summary = found
        return summary


def _write_rows(file: IO[str], records: Sequence[Mapping[str, object]], header: bool) -> None:
    writer = csv.writer(file, lineterminator="\n")
    if header:
        writer.writerow(records[0])
    writer.writerows(["" if value is None else value for value in record.values()] for record in records)


def _write_json(path: Path, values: Any) -> None:
    with replacing(path) as file:
        file.write((json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())


def _has(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except OSError as error:  # a folder that may not be looked into
        what = f"It cannot be read: {error.strerror or error}."
        raise ModelFileError(Fault(str(folder), what, "Check the path and its permissions.")) from error
