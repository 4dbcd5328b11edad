"""Which rows of a data file a run was trained on, followed by, and tested with; and which are scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("training", "validation", "test")
ALL = "all"
LEAST_SEEN = ("test", "validation")
"""Parts that are scored where none is asked for, the first that the file has; else all rows are."""


@dataclass(frozen=True)
class FileParts:
    """The parts that a run divided the rows of one of its data files into.

    lines: by part, the line (or row number) of each of its rows, as in Table.lines; one row may be in several
    parts, where a file was named twice. folds: whether folds came before the training.
    """

    lines: Mapping[str, NDArray[np.int64]]
    folds: bool = False


class KnownFiles(Protocol):
    """The data files of a run, known again by their sha256."""

    def parts(self, path: str, labels: str | None, table: Table) -> FileParts | None:
        """Return the parts of the file that `table` was read from; None where it is none of the run's."""


@dataclass(frozen=True, kw_only=True)
class ScoredRows:
    """The rows that were scored, and what the run knows of them.

    part: training, validation, test, or all. scored: how many of the scored rows are in each part; file: how
    many of the file's rows are. Both are None where the run does not know the file. folds: whether folds came
    before the training. apart: rows of the file that are in no part. left: rows that are not scored.
    """

    part: str
    scored: Mapping[str, int] | None = None
    file: Mapping[str, int] | None = None
    folds: bool = False
    apart: int = 0
    left: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        plain = [None if each is None else dict(each) for each in (self.scored, self.file)]
        apart = {"rows_in_no_part": self.apart} if self.apart else {}
        return {"part": self.part, "part_rows": plain[0], "file_rows": plain[1], **apart}


def choose_rows(table: Table, parts: FileParts | None, part: str | None) -> tuple[Table, ScoredRows]:
    """Return the rows of a part, and what they are; part None: the test rows where the file has some.

    Else the validation rows, else all. Raises DataError where the part is not known, or has no rows.
    """
    if part not in (None, ALL, *PARTS):
        what = f"There is no part {part!r}."
        raise DataError(Fault("evaluate", what, f"Say {', '.join(PARTS)} or {ALL}."))
    if parts is None:
        if part not in (None, ALL):
            what = f"Which of its rows are {part} rows is not known: the run does not know this file."
            remedy = "Give the file that the run was trained on, as it was (by sha256), or leave out --part."
            raise DataError(Fault(table.source, what, remedy))
        return table, ScoredRows(part=ALL)
    lines = np.asarray(table.lines)
    inside = {name: np.isin(lines, found) for name, found in parts.lines.items()}
    there = {name: int(np.sum(inside[name])) if name in inside else 0 for name in PARTS}
    apart = table.rows - int(np.any(list(inside.values()), axis=0).sum())
    part = part or next((name for name in LEAST_SEEN if there[name]), ALL)
    chosen = np.ones(table.rows, bool) if part == ALL else inside.get(part, np.zeros(table.rows, bool))
    if not chosen.any():
        has = ", ".join(f"{count} {name}" for name, count in there.items() if count)
        remedy = f"It has {has} rows: score those, or all." if has else "Take --part all."
        raise DataError(Fault(table.source, f"The file has no {part} rows.", remedy))
    scored = {name: int(np.sum(chosen & inside[name])) if name in inside else 0 for name in PARTS}
    rows = ScoredRows(
        part=part, scored=scored, file=there, folds=parts.folds, apart=apart, left=int(np.sum(~chosen))
    )
    return table.take(np.flatnonzero(chosen)), rows
