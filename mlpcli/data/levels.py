"""Levels and classes: which cells are equal, in what order they are listed, and the place of each cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, number_text, plain_number

Array = NDArray[Any]

Meaning = str | float | Decimal
"""What a level says: a number, or a text. Equal numbers are equal, and have one hash, in both types."""
_LARGE = re.compile(r"[+-]?(?!0[0-9])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
UNKNOWN, EMPTY = -1, -2
"""Codes of a cell that is no known level, and of one without a value."""


def meaning(level: str) -> Meaning:
    """Return what a level says: levels with equal meanings are one, however they are written.

    `1`, `1.0` and `+1` are one number, `0` and `-0` too; `007` is a text, and not 7. Numbers that float64
    does not hold, such as long identifiers, are compared digit by digit.
    """
    value = plain_number(level)
    if value is None and _LARGE.fullmatch(level):
        return Decimal(level)
    return level if value is None else value


def in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """List the levels that differ in meaning, in their shortest spelling: numbers by size, then texts."""
    shortest: dict[Meaning, str] = {}
    for level in sorted(set(levels), key=lambda level: (len(level), level)):
        shortest.setdefault(meaning(level), level)
    numbers = sorted(said for said in shortest if not isinstance(said, str))
    texts = sorted(said for said in shortest if isinstance(said, str))
    return tuple(shortest[said] for said in (*numbers, *texts))


def count_levels(column: Column) -> dict[str, int]:
    """Return how many cells each level has, in the order of in_order; empty cells are none."""
    counts: dict[str, int] = {}
    if column.numbers is not None:
        distinct, found = distinct_numbers(column.numbers)
        counts = dict(zip(map(number_text, distinct.tolist()), found.tolist(), strict=True))
    spelling = {meaning(level): level for level in counts}
    of_word = dict(zip(column.words, column.word_counts().tolist(), strict=True))
    for word in sorted(
        (word for word, count in of_word.items() if count), key=lambda word: (len(word), word)
    ):
        level = spelling.setdefault(meaning(word), word)
        counts[level] = counts.get(level, 0) + of_word[word]
    return {level: counts[level] for level in in_order(counts)}


def distinct_numbers(values: Array) -> tuple[Array, Array]:
    """Return the different numbers among values, (rows,), ascending, and the count of each; NaN is none."""
    if values.dtype.kind == "f":
        there = np.isnan(values)
        values = (values[~there] if there.any() else values) + 0.0  # -0 is 0
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    if low >= 0 and high < _FEW:
        whole = values.astype(np.int64)
        if np.array_equal(whole, values):
            # Counting is ten times as fast as the sorting that np.unique does.
            counts = np.bincount(whole)
            found = np.flatnonzero(counts)
            return found.astype(values.dtype), counts[found]
    # Without the counts NumPy 2.4 loads numpy.ma at first: findings/numpy-unique-imports-ma.sh.
    distinct, counts = np.unique(values, return_counts=True)
    return distinct, counts


_FEW = 1 << 16
"""Whole numbers below this are counted in a table of so many entries."""


def level_codes(column: Column, levels: Sequence[str]) -> Array:
    """Return the place of each cell among `levels`, int32 (rows,); UNKNOWN or EMPTY where it has none."""
    places = _places(tuple(levels))
    codes = np.full(column.rows, EMPTY, np.int32)
    if column.codes is not None:
        codes = _word_codes(column.words, tuple(levels))[column.codes]
    if column.numbers is None:
        return codes
    # What float64 does not hold is no number of a column.
    known = sorted(
        (float(said), place)
        for said, place in places.items()
        if not isinstance(said, str) and float(said) == said
    )
    values = np.array([*(said for said, _ in known), np.inf])
    at = np.searchsorted(values, column.numbers)
    found = np.array([*(place for _, place in known), UNKNOWN], np.int32)
    number = column.is_number()
    at[~number] = len(known)
    there = values[at] == column.numbers
    codes[number] = np.where(there, found[at], UNKNOWN)[number]
    return codes


@lru_cache(maxsize=16)  # of a large table it is asked for piece by piece
def _word_codes(words: tuple[str, ...], levels: tuple[str, ...]) -> Array:
    """Return the place of each word among the levels, int32 (words + 1,); the last is that of -1, no word."""
    places = _places(levels)
    return np.array([*(places.get(meaning(word), UNKNOWN) for word in words), EMPTY], np.int32)


@lru_cache(maxsize=16)
def _places(levels: tuple[str, ...]) -> dict[Meaning, int]:
    return {meaning(level): place for place, level in reversed(list(enumerate(levels)))}
