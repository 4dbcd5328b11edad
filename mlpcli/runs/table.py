"""A CSV table of a run folder: written whole, or row by row; read row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlpcli.errors import Fault, ModelFileError
from mlpcli.runs.atomic import cannot_write, replacing
from mlpcli.runs.growing_table import whole_lines

REMEDY = "Use another copy, or train again."


@dataclass(frozen=True)
class RunTable:
    """A table of a run. grows: whether it grows row by row, so that a kill may cut the last one short."""

    path: Path
    grows: bool

    def append(self, record: Mapping[str, object]) -> None:
        """Add a row, the system's when this returns; a new file gets a header. Raises OutputError."""
        try:
            new = not self.path.exists()
            with open(self.path, "a", newline="", encoding="utf-8") as file:
                _write_rows(file, [record], header=new)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def write(self, records: Sequence[Mapping[str, object]]) -> None:
        """Write the whole table anew, atomically; no record leaves no file. Raises OutputError."""
        if not records:
            try:
                self.path.unlink(missing_ok=True)
            except OSError as error:
                raise cannot_write(self.path, error) from error
            return
        text = io.StringIO(newline="")
        _write_rows(text, records, header=True)
        with replacing(self.path) as file:
            file.write(text.getvalue().encode())

    def rows(self, remedy: str = REMEDY) -> Iterator[dict[str, str]]:
        """Yield each row as text by name, holding one at a time; none where there is no file.

        remedy: what to do about a damaged file. Raises ModelFileError where it is one.
        """
        if not self.path.exists():
            return
        try:
            with open(self.path, newline="", encoding="utf-8") as file:
                lines = whole_lines(file) if self.grows else file
                for number, row in enumerate(csv.DictReader(lines), start=2):
                    if None in row or None in row.values():
                        raise csv.Error(f"line {number} has not as many cells as the first")
                    yield row
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            what = f"It cannot be read: {getattr(error, 'strerror', None) or error}."
            raise ModelFileError(Fault(str(self.path), what, remedy)) from error

    def by_epoch(self) -> dict[int, dict[str, float]]:
        """Return the numbers of a history by epoch and name, without empty cells.

        Raises ModelFileError where it has something else.
        """
        try:
            return {
                int(row["epoch"]): {n: float(text) for n, text in row.items() if text and n != "epoch"}
                for row in self.rows()
            }
        except (KeyError, ValueError) as error:
            raise ModelFileError(Fault(str(self.path), f"It is damaged: {error}.", REMEDY)) from error


def _write_rows(file: IO[str], records: Sequence[Mapping[str, object]], header: bool) -> None:
    writer = csv.writer(file, lineterminator="\n")
    if header:
        writer.writerow(records[0])
    writer.writerows(["" if value is None else value for value in record.values()] for record in records)
