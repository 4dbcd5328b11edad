"""run.json: what a run was made of, and how it ended."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from mlpcli.data.json_records import read_record
from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.folder import SUMMARY, RunFolder
from mlpcli.runs.json_file import write_json
from mlpcli.runs.records import RunSummary

VERSION = 1
LARGEST = 1 << 24
"""The largest run.json in bytes."""


def write_summary(folder: RunFolder, values: RunSummary) -> None:
    """Write run.json. The experiment that it records stays, unless `values` has one. Raises OutputError."""
    with suppress(ModelFileError):  # there is no run.json yet, or it is damaged
        kept = read_summary(folder).get("experiment")
        values = {**values, "experiment": kept} if kept and "experiment" not in values else values
    write_json(folder.path / SUMMARY, {"format": "mlp-run", "format_version": VERSION, **values})


def read_summary(folder: RunFolder) -> RunSummary:
    """Return what write_summary was given. Raises ModelFileError where it is missing, foreign or newer."""
    path = folder.path / SUMMARY
    try:
        with open(path, "rb") as file:
            found: Any = json.loads(file.read(LARGEST))
        if found["format"] != "mlp-run":
            raise ValueError("it says that it is something else")
        version = found["format_version"]
        if type(version) is not int or version < 1:  # true is an int, too
            raise ValueError(f"it has format version {repr(version)[:40]}")
        if version > VERSION:
            what = f"It has format version {version}; this mlp reads up to {VERSION}."
            raise ModelFileError(Fault(str(path), what, "A newer mlp wrote it: update mlp."))
        return read_record(RunSummary, found)
    except FileNotFoundError:
        what = "There is no such file: the run was never begun, or is of an mlp that did not write it."
        remedy = f"Go on with it, mlp train --resume {folder.path}, or name another run of mlp train."
        raise ModelFileError(Fault(str(path), what, remedy)) from None
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        what = f"It is no summary of a run, or damaged: {error}."
        raise ModelFileError(Fault(str(path), what, "Name a run of mlp train.")) from error
