"""Column: the cells of one column as the file has them, each a plain number, a word, or empty."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

EXACT = 2.0**53
"""From this size on a float64 no longer tells two neighbouring whole numbers apart."""

_PLAIN = re.compile(
    r"[+-]?(?:(0|[1-9][0-9]*)|(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)"
)
"""A plain number; its group is there for a whole number without point and exponent."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A named column, of which each cell is a plain number, a word, or empty.

    numbers: (rows,) of any numeric type, NaN where the cell is no plain number; None where no cell is one.
    codes: int32 (rows,), the place of the cell's word in `words`, -1 where the cell is none; None where no
    cell is a word. At least one of the two is there. words: distinct texts without blanks around them, none
    of them empty, none a plain number (see plain_number), in order of their first appearance.
    """

    name: str
    numbers: Array | None = None
    codes: Array | None = None
    words: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name, as a Block has several."""
        return (self.name,)

    @property
    def rows(self) -> int:
        """The number of cells."""
        return len(self.codes if self.numbers is None else self.numbers)  # type: ignore[arg-type]

    def is_number(self) -> Array:
        """Return where the cell is a number, bool (rows,)."""
        return np.zeros(self.rows, bool) if self.numbers is None else ~np.isnan(self.numbers)

    def is_word(self) -> Array:
        """Return where the cell is a word, bool (rows,)."""
        found: Array = np.zeros(self.rows, bool) if self.codes is None else self.codes >= 0
        return found

    def is_empty(self) -> Array:
        """Return where the cell is empty, bool (rows,)."""
        return ~(self.is_number() | self.is_word())

    def word_counts(self) -> Array:
        """Return how many cells each word has, int64 (words,)."""
        if self.codes is None:
            return np.zeros(0, np.int64)
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))

    def cell(self, row: int) -> str:
        """Return a cell as text: the word, the number in its shortest form, or nothing."""
        if self.codes is not None and self.codes[row] >= 0:
            return str(self.words[self.codes[row]])
        return "" if self.numbers is None else number_text(self.numbers[row].item())

    def take(self, rows: Array | slice) -> Column:
        """Return the column with the cells of these indices, (n,) int, in this order; a slice shares them."""
        return Column(
            name=self.name,
            numbers=None if self.numbers is None else self.numbers[rows],
            codes=None if self.codes is None else self.codes[rows],
            words=self.words,
        )


def plain_number(cell: str) -> float | None:
    """Return the number that a cell without blanks around it holds; None where it is no plain number.

    Plain are finite decimal numbers in ASCII with a point, with or without an exponent: 3, +1, -.5, 1e-3,
    05.3. Whole numbers with a leading zero (007) are words, and so are whole numbers from 2⁵³ on, such as
    long identifiers, where they are written digit by digit: as numbers they might become their neighbours.
    """
    found = _PLAIN.fullmatch(cell)
    if found is None:
        return None
    value = float(cell)
    return None if abs(value) == math.inf or (found[1] is not None and abs(value) >= EXACT) else value


def number_text(value: float) -> str:
    """Write a number as a CSV file would: 3 for 3 and for 3.0, nothing for NaN."""
    if value != value:
        return ""
    finite = abs(value) < np.inf
    return str(int(value)) if finite and value == int(value) and abs(value) < 1e22 else repr(value)


def column_of_cells(name: str, cells: Sequence[str]) -> Column:
    """Make a column of texts, one for each row; blanks around them are dropped."""
    values = np.full(len(cells), np.nan)
    codes = np.full(len(cells), -1, np.int32)
    places: dict[str, int] = {}
    meanings: dict[str, float | str] = {}
    for row, given in enumerate(cells):
        if given not in meanings:
            stripped = given.strip()
            value = plain_number(stripped)
            meanings[given] = stripped if value is None else value
        found = meanings[given]
        if isinstance(found, float):
            values[row] = found
        elif found:
            codes[row] = places.setdefault(found, len(places))
    some_number = not places or not np.isnan(values).all()
    return Column(
        name=name,
        numbers=values if some_number else None,
        codes=codes if places else None,
        words=tuple(places),
    )


def join_columns(pieces: Sequence[Column]) -> Column:
    """Return one column of the cells of all pieces, in order; each piece may have words of its own."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    places: dict[str, int] = {}
    codes: list[Array] = []
    for piece in pieces:
        if piece.codes is None:
            codes.append(np.full(piece.rows, -1, np.int32))
            continue
        known = [places.setdefault(word, len(places)) for word in piece.words]
        codes.append(np.array([*known, -1], np.int32)[piece.codes])
    numbers = [np.full(each.rows, np.nan) if each.numbers is None else each.numbers for each in pieces]
    some_number = any(piece.numbers is not None for piece in pieces)
    return Column(
        name=first.name,
        numbers=np.concatenate(numbers) if some_number else None,
        codes=np.concatenate(codes) if places else None,
        words=tuple(places),
    )
