"""Text cells: which are missing, which are numbers, which are equal, and in what order they are listed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MISSING = frozenset({"", "?", "na", "nan", "n/a", "null"})
"""Cells that stand for no value, in any case of letters."""
EXACT = 2.0**53
"""From this size on a float64 no longer tells two neighbouring whole numbers apart."""

Meaning = str | float | Decimal
"""What a cell says: a finite number, or a text."""


def is_missing(cell: str) -> bool:
    """Tell whether a cell stands for no value."""
    return cell.lower() in MISSING


def number(cell: str) -> float:
    """Return the number a cell holds; NaN where it is missing; infinity where it holds no finite number."""
    if is_missing(cell):
        return math.nan
    # float() also reads 1_000 and digits of other scripts, which are no numbers in a data file.
    if "_" in cell or not cell.isascii():
        return math.inf
    try:
        return float(cell)
    except ValueError:
        return math.inf


def numbers(cells: Sequence[str]) -> tuple[Array, Array]:
    """Return cells as numbers, float64 (rows,), and the indices, (n,), of those that are no finite number.

    A missing cell is NaN, and not among these indices.
    """
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
        together = "".join(cells)
        if np.isfinite(values).all() and "_" not in together and together.isascii():
            return values, np.empty(0, np.int64)
    except ValueError:
        pass
    known = {cell: number(cell) for cell in dict.fromkeys(cells)}
    values = np.fromiter(map(known.__getitem__, cells), np.float64, len(cells))
    return values, np.flatnonzero(np.isinf(values))


def as_text(values: Array) -> list[str]:
    """Write numbers, (rows,), as a CSV file would: 3 for 3 and for 3.0, nothing for NaN."""
    distinct, where = np.unique(values, return_inverse=True)
    words = [_written(value) for value in distinct.tolist()]
    return [words[index] for index in where.tolist()]


def _written(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)


def meaning(cell: str) -> Meaning:
    """Return what a cell says: cells with equal meanings are one class and one level, however written.

    `1`, `1.0` and `+1` are one number, `0` and `-0` too. Numbers from 2⁵³ on, such as identifiers, are
    compared digit by digit, since their nearest float64 is shared by several whole numbers.
    """
    value = number(cell)
    if not math.isfinite(value):
        return cell
    return value if abs(value) < EXACT else Decimal(cell)


def spellings(words: Iterable[str]) -> dict[str, str]:
    """Map each word to the shortest one that means the same; of equally short ones the first by alphabet."""
    shortest: dict[Meaning, str] = {}
    return {word: shortest.setdefault(meaning(word), word) for word in _shortest_first(words)}


def _shortest_first(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=lambda word: (len(word), word))


def in_order(words: Iterable[str]) -> tuple[str, ...]:
    """List the words that differ in meaning: numbers by size, then the rest by alphabet."""

    def key(said: Meaning) -> tuple[bool, float | Decimal, str]:
        return (True, 0.0, said) if isinstance(said, str) else (False, said, "")

    shortest: dict[Meaning, str] = {}
    for word in _shortest_first(words):
        shortest.setdefault(meaning(word), word)
    return tuple(shortest[said] for said in sorted(shortest, key=key))


def codes(cells: Sequence[str], levels: Sequence[str], missing: int) -> Array:
    """Return the place of each cell in `levels`, int64 (rows,); `missing` for missing cells, -1 for others.

    A cell that is written otherwise but is the same number as a level (1.0 for 1) counts as it.
    """
    exact = {level: index for index, level in enumerate(levels)}
    meant = {meaning(level): index for level, index in reversed(exact.items())}
    found = {cell: _code(cell, exact, meant, missing) for cell in dict.fromkeys(cells)}
    return np.fromiter(map(found.__getitem__, cells), np.int64, len(cells))


def _code(cell: str, exact: Mapping[str, int], meant: Mapping[Meaning, int], missing: int) -> int:
    if is_missing(cell):
        return missing
    return exact[cell] if cell in exact else meant.get(meaning(cell), -1)
