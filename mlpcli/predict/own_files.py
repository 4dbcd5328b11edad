"""Which files an output may not take the place of: the rows that are read, and what a run is made of."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from mlpcli.config.load import load_config
from mlpcli.data.several import files_of
from mlpcli.errors import Fault, MlpError, OutputError
from mlpcli.problem.build import CHOICES
from mlpcli.runs.folder import (
    CHECKPOINT,
    CONFIG,
    FINDINGS,
    FOLDS,
    HISTORY,
    LEARNING_RATE,
    MODEL,
    PREDICTIONS,
    REPEAT,
    SUMMARY,
)
from mlpcli.runs.lock import LOCK
from mlpcli.training.provenance import DATA_FILES

WRITTEN = (
    *(CONFIG, HISTORY, MODEL, CHECKPOINT, FINDINGS, SUMMARY, LEARNING_RATE),
    *(REPEAT, FOLDS, PREDICTIONS, LOCK),
)
"""Names of the files that trainings write in a run folder."""


def check_output(output: Path, data: str, run: Path) -> None:
    """Raise OutputError where writing `output` would replace the rows to be read or a file of the run.

    The same file counts by a link and by another spelling of its path, too; a file of the run counts even
    where it does not exist yet. data: a path, `-` for standard input. run: a run folder or a model file.
    """
    if _is_input(output, data):
        what = "It is the file that the rows are read from; writing would replace it."
        raise OutputError(Fault(str(output), what, "Give -o another name."))
    if output.suffix.lower() in (".yaml", ".yml") and output.exists():
        what = "It is a config, by its name; predictions are CSV, and writing would replace it."
        raise OutputError(Fault(str(output), what, "Give -o another name."))
    for path, what in _own_files(run):
        if _same(output, path):
            raise OutputError(
                Fault(str(output), f"{what}; writing would replace it.", "Give -o another name.")
            )


def _is_input(output: Path, data: str) -> bool:
    if data != "-":
        return _same(output, Path(data))
    with suppress(OSError, ValueError, AttributeError):  # standard input may be closed, or no file at all
        found, rows = os.stat(output), os.fstat(sys.stdin.fileno())
        return not stat.S_ISCHR(found.st_mode) and os.path.samestat(found, rows)
    return False


def _same(output: Path, other: Path) -> bool:
    """Return whether both paths lead to one file; a terminal may well be read and written."""
    try:
        found = os.stat(output)
        return not stat.S_ISCHR(found.st_mode) and os.path.samestat(found, os.stat(other))
    except (OSError, ValueError):
        return os.path.realpath(output) == os.path.realpath(other)


def _files(path: object) -> Sequence[str]:
    """Return the files that a key of the data section names; none for a share, or where there are none."""
    if isinstance(path, (str, tuple)):
        with suppress(MlpError):
            return files_of(path)
    return ()


def _own_files(run: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file of the run, and what it is, as the beginning of a sentence."""
    folder = run
    if not run.is_dir():
        yield run, "It is the model itself"
        folder = (Path(os.path.realpath(run)) if run.is_symlink() else run).parent
        if not (folder / CONFIG).is_file():
            return
    for place in (folder, *folder.glob("fold-*")):
        yield from ((place / name, f"{name} belongs to the run {folder}") for name in WRITTEN)
    with suppress(MlpError):  # a config that cannot be read names no files; what is wrong is told elsewhere
        config = load_config(folder / CONFIG, (), CHOICES, check_files=False).config
        for key in DATA_FILES:
            path = getattr(config.data, key)
            for file in _files(path):
                yield Path(file), f"The run {folder} was trained with it (data.{key})"
        if config.start_from:
            start = Path(config.start_from)
            yield (start / MODEL if start.is_dir() else start), f"The run {folder} started from it"
