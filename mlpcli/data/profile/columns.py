"""What each column of a training file holds: kind and reason, missing cells, levels or quartiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.column import Column, number_text
from mlpcli.data.levels import distinct_numbers
from mlpcli.data.profile.numbers import NumberSummary, summaries
from mlpcli.data.profile.stacks import AT_ONCE
from mlpcli.data.schema.column_schema import ID, ORDINAL, TEXT, TRUTH, ColumnSchema
from mlpcli.data.typed import TypedTable

Array = NDArray[Any]

INPUT, TARGET, ASIDE, LEFT_OUT, IGNORED = "input", "target", "aside", "left out", "ignored"
ROLES = (INPUT, TARGET, ASIDE, LEFT_OUT, IGNORED)
"""What a column is there for; aside: read and no input, as weights are."""
NOT_WANTED = "data.ignore names it"
MOST_LEVELS = 100
"""Levels of a column that are counted one by one, the commonest."""
EXAMPLES = 3
"""Texts of a column that tells rows apart which are shown."""
MOST_WORDS = 20
"""Words for missing cells of a column that are counted one by one, the commonest."""
ALL_CELLS = 1 << 25
"""Cells of numbers up to which all are looked at, about 2 s; of larger tables some rows."""
LEAST_ROWS = 1000
"""Rows that are looked at of a larger table, however many columns it has."""
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """The content of one column in all rows of its file.

    role: one of ROLES. why: the reason for its kind; "" where all cells are plain numbers. missing: how many
    cells have no value; words: what stands in them, the commonest first, "" for an empty cell. levels: the
    commonest words, or numbers as text, with their cells; none for columns of numbers. distinct: how many
    different values there are. numbers: the summary of a column of numbers, or of dates in seconds since
    1970; None for others.
    """

    name: str
    role: str
    kind: str
    why: str
    missing: int = 0
    words: tuple[tuple[str, int], ...] = ()
    levels: tuple[tuple[str, int], ...] = ()
    distinct: int = 0
    numbers: NumberSummary | None = None

    def date(self, seconds: float) -> str:
        """Write a number of a column of dates, with the time of day where it is not midnight; "" for none."""
        try:
            moment = _START + timedelta(seconds=seconds)
        except (OverflowError, ValueError):
            return ""
        return moment.strftime("%Y-%m-%d" if seconds % 86400 == 0 else "%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class TableProfile:
    """The columns of a file, in order. rows: of the file; looked_at: those that numbers are summarised of."""

    columns: tuple[ColumnProfile, ...]
    rows: int
    looked_at: int

    def named(self, role: str) -> tuple[ColumnProfile, ...]:
        """Return the columns with a role."""
        return tuple(column for column in self.columns if column.role == role)


def profile_table(read: TypedTable, config: DataConfig, rng: np.random.Generator) -> TableProfile:
    """Look at every column of a file. rng: draws the rows of a large table that are looked at."""
    raw, rows = read.raw, read.raw.rows
    count = min(rows, max(LEAST_ROWS, ALL_CELLS // max(1, len(raw.names))))
    chosen = None if count == rows else np.sort(rng.permutation(rows)[:count])
    columns: list[ColumnProfile] = []
    waiting: list[tuple[int, Array]] = []

    def summarise() -> None:
        if waiting:
            found = summaries(np.stack([values for _, values in waiting]), chosen)
            for (at, _), numbers in zip(waiting, found, strict=True):
                columns[at] = replace(columns[at], numbers=numbers, distinct=numbers.distinct)
            waiting.clear()

    for profile, values in _columns(read, config):
        if values is not None:
            waiting.append((len(columns), values))
        columns.append(profile)
        if len(waiting) * rows >= AT_ONCE:
            summarise()
    summarise()
    columns += [_ignored(name) for name in config.ignore if name not in raw.names]  # they were not read
    return TableProfile(tuple(columns), rows, count)


def _columns(read: TypedTable, config: DataConfig) -> Iterator[tuple[ColumnProfile, Array | None]]:
    """Yield each column of the file, and its numbers, (rows,), where it is to be summarised by them."""
    typed, raw = {*read.table.names}, read.raw
    for name in raw.names:
        entry = read.schema.column(name)
        cells = raw.column(name)
        known = read.table.column(name) if name in typed else cells
        role = _role(name, read, config, name in typed)
        profile = ColumnProfile(
            name=name,
            role=role,
            kind="" if role == IGNORED else entry.kind,
            why=NOT_WANTED if role == IGNORED else entry.why,
        )
        missing = known.is_empty()
        if missing.any():
            count = int(np.count_nonzero(missing))
            profile = replace(profile, missing=count, words=_words(cells, missing))
        if known.codes is None and known.numbers is not None and not _is_of_levels(entry):
            yield profile, known.numbers
            continue
        levels = _levels(known, entry)
        shown = tuple(levels[: EXAMPLES if entry.kind in (ID, TEXT) else MOST_LEVELS])
        yield replace(profile, levels=shown, distinct=len(levels)), None


def _ignored(name: str) -> ColumnProfile:
    return ColumnProfile(name=name, role=IGNORED, kind="", why=NOT_WANTED)


def _role(name: str, read: TypedTable, config: DataConfig, is_typed: bool) -> str:
    if name in read.targets:
        return TARGET
    if name in read.schema.aside:
        return ASIDE
    if name in config.ignore:
        return IGNORED
    return INPUT if is_typed else LEFT_OUT


def _is_of_levels(entry: ColumnSchema) -> bool:
    """Tell whether the numbers of a typed column are places of levels."""
    return entry.kind in (TRUTH, ORDINAL)


def _words(cells: Column, missing: Array) -> tuple[tuple[str, int], ...]:
    """Count what stands in cells that have no value, the commonest first. missing: bool (rows,)."""
    found = _counted(cells.take(np.flatnonzero(missing)))
    empty = int(np.count_nonzero(missing)) - sum(count for _, count in found)
    every = [("", empty), *found] if empty else found
    return tuple(sorted(every, key=lambda each: -each[1])[:MOST_WORDS])


def _levels(column: Column, entry: ColumnSchema) -> list[tuple[str, int]]:
    """Return the levels of a column and their cells, the commonest first; of an ordinal in their order."""
    if column.codes is None and column.numbers is not None and entry.levels:
        places, counts = distinct_numbers(column.numbers)
        found = [(entry.levels[int(place)], int(n)) for place, n in zip(places, counts, strict=True)]
        return found if entry.kind == ORDINAL else sorted(found, key=lambda each: -each[1])
    return _counted(column)


def _counted(column: Column) -> list[tuple[str, int]]:
    """Return the words and numbers of a column and how often each comes, the commonest first."""
    found: list[tuple[str, int]] = []
    if column.numbers is not None:
        distinct, counts = distinct_numbers(column.numbers)
        found += zip(map(number_text, distinct.tolist()), counts.tolist(), strict=True)
    there = column.word_counts()
    found += [(column.words[at], int(there[at])) for at in np.flatnonzero(there).tolist()]
    return sorted(found, key=lambda each: -each[1])
