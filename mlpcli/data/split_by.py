"""Splits by a column of the table: one that names the part, groups that stay together, or an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.column import number_text
from mlpcli.data.levels import count_levels, level_codes
from mlpcli.data.schema.column_schema import DATE
from mlpcli.data.split import Rows, Split, size_of
from mlpcli.data.table import Table
from mlpcli.data.target_columns import split_columns
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed, plural

PART_WORDS = {
    "training": ("train", "training"),
    "validation": ("valid", "validation", "val", "dev"),
    "test": ("test", "testing", "holdout", "eval"),
}
"""The words by which a column says which part a row is in, in any case."""
_PART_OF = {word: part for part, words in PART_WORDS.items() for word in words}
TRIES = 20
"""Random orders of the groups, of which the one is taken that comes nearest to the shares."""
NEAR = 0.005
"""Share of the rows by which parts may miss their size without another try."""


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What is drawn from a table: shares of its rows, and the number and count of a fold."""

    validation: float = 0.0
    test: float = 0.0
    fold: tuple[int, int] | None = None


def rows_to_split(config: DataConfig, table: Table) -> tuple[Table, tuple[str, ...]]:
    """Return the rows that have a value in the column that they are split by, and a note on the others.

    Raises DataError where no row is left.
    """
    for name in split_columns(config):
        empty = table.column(name).is_empty()
        count = int(np.count_nonzero(empty))
        if count == table.rows:
            what = f"The column {name!r}, by which rows are split, has no value."
            raise DataError(Fault(table.source, what, "Name another column.", f"data.split.{_key(config)}"))
        if count:
            lack = f"{count} of {table.rows} rows have no value in {name!r}, by which rows are split"
            return table.take(np.flatnonzero(~empty)), (f"{table.source}: {lack}, and are left out.",)
    return table, ()


def _key(config: DataConfig) -> str:
    split = config.split
    return "column" if split.column else "group" if split.group else "sort_by"


def split_by_column(table: Table, name: str) -> tuple[Split, str]:
    """Return the rows of each part as the column says, and a note on it.

    No cell is empty. Raises DataError for a word that names no part, and where no row is for training.
    """
    column = table.column(name)
    known = {part: at for at, part in enumerate(PART_WORDS)}
    # The last entry is that of a cell that is no word.
    of_word = [known.get(_PART_OF.get(word.lower(), ""), -1) for word in column.words]
    codes = np.full(table.rows, -1, np.int32) if column.codes is None else column.codes
    parts = np.array([*of_word, -1], np.int64)[codes]
    strange = np.flatnonzero(parts < 0)
    where = "data.split.column"
    if len(strange):
        what = f"{column.cell(strange[0])!r} names no part"
        what += f" ({len(strange)} such cells)." if len(strange) > 1 else "."
        remedy = f"Write one of {listed(_PART_OF, 20)}; rows without a word are in no part."
        raise DataError(Fault(table.where(strange[0], name), what, remedy, where))
    rows = Split(*(np.flatnonzero(parts == at) for at in range(3)))
    if not len(rows.training):
        what = f"No row is for training by the column {name!r}."
        raise DataError(Fault(table.source, what, "Write train in the rows to learn from.", where))
    counts = listed(f"{len(each)} {part}" for part, each in _parts(rows) if len(each))
    return rows, f"{table.source}: {name!r} says which part a row is in: {counts}."


def split_by_order(table: Table, name: str, shares: Shares, kind: str) -> tuple[Split, str]:
    """Return the last rows by a column as the test part, those before as validation; and a note on it.

    Rows of one value stay together. No cell is empty. kind: of the column, by the schema. Raises DataError
    where the column has no order, or too few values.
    """
    column, where = table.column(name), "data.split.sort_by"
    word = np.flatnonzero(column.is_word())
    if len(word) or column.numbers is None:
        what = f"Rows cannot be sorted by {name!r}: {column.cell(word[0])!r} is neither a number nor a date."
        remedy = "Name a column of numbers or dates; data.columns says how dates are written."
        raise DataError(Fault(table.where(word[0], name), what, remedy, where))
    values, places = np.unique(column.numbers, return_inverse=True)
    sizes = np.bincount(places, minlength=len(values))
    held = [size_of(key, share, table.rows) for key, share in _held(shares)]
    if len(values) <= len(held):
        what = f"{plural(len(values), 'value')} of {name!r} cannot be cut into {len(held) + 1} parts."
        remedy = "Rows of one value stay together: name another column, or draw fewer parts."
        raise DataError(Fault(table.source, what, remedy, where))
    order = ["training", *(key for key, _ in _held(shares))]
    stretch = _stretches(sizes, [table.rows - sum(held), *held][:-1])[places]
    rows = _as_split({key: np.flatnonzero(stretch == at) for at, key in enumerate(order)})
    said = []
    for part, each in _parts(rows):
        if len(each):
            found = column.numbers[each]
            first, last = (_shown(value, kind) for value in (found.min(), found.max()))
            said.append(f"{len(each)} {part} ({first} to {last})")
    return rows, f"{table.source}: rows are sorted by {name!r}: {listed(said)}."


def _shown(value: Any, kind: str) -> str:
    """Write a value as people do: dates as dates, without a time at midnight."""
    if kind != DATE:
        return number_text(float(value))
    return str(np.datetime64(round(float(value)), "s")).replace("T", " ").removesuffix(" 00:00:00")


def split_by_group(
    rng: np.random.Generator, table: Table, name: str, shares: Shares, classes: NDArray[Any] | None
) -> tuple[Split, str]:
    """Return parts in which rows of one value are together, and a note on it.

    Sizes, and shares of each class, come as near to the shares as whole groups allow; the order of the rows
    in the file does not matter. No cell is empty. classes: (rows,) int, or None. Raises DataError where
    there are too few groups.
    """
    column = table.column(name)
    levels = tuple(count_levels(column))
    groups = level_codes(column, levels)
    rows = deal_groups(rng, groups, shares, classes, name=name, source=table.source)
    said = (
        f"{len(each)} rows of {len(np.unique(groups[each]))} {part}"
        for part, each in _parts(rows)
        if len(each)
    )
    dealt = f"of {plural(len(levels), 'value')} {listed(said)}"
    return rows, f"{table.source}: rows of one {name!r} are in one part: {dealt}."


def deal_groups(
    rng: np.random.Generator,
    groups: NDArray[Any],
    shares: Shares,
    classes: NDArray[Any] | None = None,
    *,
    name: str = "group",
    source: str = "",
) -> Split:
    """Draw whole groups for validation, test or a fold; see split() for what these are.

    groups: (rows,) int from 0 on, none left out. name, source: for messages. Raises DataError.
    """
    rows, sizes = len(groups), np.bincount(groups)
    validation, test = (size_of(key, getattr(shares, key), rows) for key in ("validation", "test"))
    wanted: list[float] = [test] if test else []
    if shares.fold:
        wanted += [(rows - test) / shares.fold[1]] * (shares.fold[1] - 1)
    elif validation:
        wanted.append(validation)
    if len(sizes) <= len(wanted):
        raise _too_few(source, name, len(sizes), len(wanted) + 1)
    order, stretch = _best_order(rng, sizes, _strata(groups, classes), wanted)
    part = np.zeros(len(sizes), np.int64)  # 0: training
    if test:
        part[order[stretch == 0]] = _NO_PART if shares.fold else _TEST
    if shares.fold:
        part[order[stretch == shares.fold[0] - 1 + bool(test)]] = _TEST
        left = order[part[order] == 0]
        if validation:
            if len(left) < 2:
                raise _too_few(source, name, len(sizes), len(wanted) + 2)
            part[left[_stretches(sizes[left], [validation]) == 0]] = _VALIDATION
    elif validation:
        part[order[stretch == bool(test)]] = _VALIDATION
    of_row = part[groups]
    return Split(*(np.flatnonzero(of_row == at) for at in (0, _VALIDATION, _TEST)))


_VALIDATION, _TEST, _NO_PART = 1, 2, 3


def _too_few(source: str, name: str, groups: int, parts: int) -> DataError:
    what = f"{plural(groups, 'value')} of {name!r} cannot be dealt into {parts} parts."
    remedy = "Groups stay whole: draw fewer parts or folds, or give more groups."
    return DataError(Fault(source, what, remedy, "data.split.group"))


def _strata(groups: NDArray[Any], classes: NDArray[Any] | None) -> NDArray[np.int64]:
    """Return for each group the class that it has the most of, beside the share of that class in all rows."""
    count = int(groups.max()) + 1
    if classes is None:
        return np.zeros(count, np.int64)
    _, codes = np.unique(classes, return_inverse=True)
    width = int(codes.max()) + 1
    inside = np.bincount(groups * np.int64(width) + codes, minlength=count * width).reshape(count, width)
    lift = inside / inside.sum(axis=1, keepdims=True) / inside.sum(axis=0)
    found: NDArray[np.int64] = np.argmax(lift, axis=1)
    return found


def _best_order(
    rng: np.random.Generator, sizes: NDArray[Any], strata: NDArray[np.int64], wanted: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a random order of the groups, and the stretch of it, from 0, that each place is in."""
    rows = int(sizes.sum())
    goal = np.array([*wanted, rows - sum(wanted)])
    best, least = None, np.inf
    for _ in range(TRIES):
        order = _spread(rng.permutation(len(sizes)), sizes, strata)
        stretch = _stretches(sizes[order], wanted)
        missed = float(np.abs(np.bincount(stretch, sizes[order], len(goal)) - goal).max())
        if missed < least:
            best, least = (order, stretch), missed
        if least <= max(0.5, NEAR * rows):
            break
    assert best is not None
    return best


def _spread(drawn: NDArray[np.int64], sizes: NDArray[Any], strata: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order groups, drawn at random, so that any stretch has its share of each stratum's rows."""
    by_stratum = drawn[np.argsort(strata[drawn], kind="stable")]
    size, stratum = sizes[by_stratum], strata[by_stratum]
    totals = np.bincount(stratum, size)
    before = np.cumsum(size) - size - (np.cumsum(totals) - totals)[stratum]
    place = np.empty(len(sizes))
    place[by_stratum] = (before + size / 2) / totals[stratum]
    return drawn[np.argsort(place[drawn], kind="stable")]


def _stretches(sizes: NDArray[Any], wanted: Sequence[float]) -> NDArray[np.int64]:
    """Cut units in a row into stretches of about so many rows, and one for the rest; none of them is empty.

    sizes: rows of each unit, (units,), more units than entries of wanted. Returns the number of the
    stretch of each unit, from 0.
    """
    ends, start = np.cumsum(sizes), 0
    found = np.zeros(len(sizes), np.int64)
    for at, goal in enumerate(np.cumsum(wanted)):
        nearest = int(np.argmin(np.abs(ends - goal))) + 1
        start = min(max(nearest, start + 1), len(sizes) - len(wanted) + at)
        found[start:] = at + 1
    return found


def _held(shares: Shares) -> list[tuple[str, float]]:
    return [(key, share) for key in ("validation", "test") if (share := getattr(shares, key))]


def _parts(rows: Split) -> list[tuple[str, Rows]]:
    return [(part, getattr(rows, part)) for part in PART_WORDS]


def _as_split(parts: dict[str, Rows]) -> Split:
    none = np.zeros(0, np.int64)
    return Split(*(parts.get(part, none) for part in PART_WORDS))
