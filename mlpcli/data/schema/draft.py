"""Draft: what was found of one column; and the cells of a column as the finding sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.schema.column_schema import NUMBER, ColumnSchema
from mlpcli.data.schema.missing_words import MissingRule, missing_places
from mlpcli.data.schema.read_column import Slip
from mlpcli.data.schema.remedies import yaml_list
from mlpcli.data.schema.wish import Wish
from mlpcli.wording import LONGEST, shortened

Array = NDArray[Any]

MOSTLY = 0.8
"""From this share of numbers (or dates) on, the other cells of a column are taken for slips."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was found of a column. notes: sentences without its name and the full stop.

    missing: the cells of each word that stands for no value. doubtful: whether only other columns can tell if
    a comma marks thousands. slip: what keeps the column from being read.
    """

    schema: ColumnSchema
    notes: tuple[str, ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    doubtful: bool = False
    slip: Slip | None = None


@dataclass(frozen=True, kw_only=True)
class ColumnCells:
    """The cells of a column: numbers, and words with the number of cells of each; rule: what is no value.

    numbers: of any type, (rows,), NaN where the cell is no number or one that stands for no value; None where
    none is one. codes: int32 (rows,), places in `words`, -1 elsewhere; (0,) where there are no words.
    """

    name: str
    numbers: Array | None
    words: tuple[str, ...]
    counts: Array
    codes: Array
    rule: MissingRule

    @cached_property
    def present(self) -> Array:
        """The cells that are numbers, (n,)."""
        if self.numbers is None:
            return np.zeros(0)
        if self.numbers.dtype.kind in "ui":
            return self.numbers
        holes = np.isnan(self.numbers)
        return self.numbers[~holes] if holes.any() else self.numbers

    @cached_property
    def _unsure(self) -> list[int]:
        """The places of words that stand for no value among some kinds of cells."""
        return [at for at in missing_places(self.words, self.rule) if self.counts[at]]

    def values(self, among: str) -> Array:
        """Return the places of words that stand in a cell and are values, among cells of that kind, (n,)."""
        there = self.counts > 0
        there[[at for at in self._unsure if self.rule.has(self.words[at], among)]] = False
        return np.flatnonzero(there)

    def missing(self, among: str) -> dict[str, int]:
        """Return the words that stand for no value, and the cells of each."""
        return self.counted([at for at in self._unsure if self.rule.has(self.words[at], among)])

    def texts(self, places: Array) -> list[str]:
        """Return the words of these places."""
        return [self.words[at] for at in places.tolist()]

    def counted(self, places: Iterable[int]) -> dict[str, int]:
        """Return the words of these places, and the cells of each."""
        return {self.words[at]: int(self.counts[at]) for at in places}

    def first_row(self, places: Array) -> int:
        """Return the first row in which one of these words stands."""
        return int(np.flatnonzero(np.isin(self.codes, places))[0])


def cells_of(column: Column, rule: MissingRule) -> ColumnCells:
    """Return the cells of a column, those without numbers that stand for no value."""
    numbers = column.numbers
    if numbers is not None and rule.numbers:
        numbers = np.where(np.isin(numbers, rule.numbers), np.nan, numbers)
    return ColumnCells(
        name=column.name,
        numbers=numbers,
        words=column.words,
        counts=column.word_counts(),
        codes=np.zeros(0, np.int32) if column.codes is None else column.codes,
        rule=rule,
    )


def entry(
    name: str, wish: Wish, missing: Mapping[str, int], kind: str = NUMBER, why: str = ""
) -> ColumnSchema:
    """Return the entry of a column: what stands for no value is as the config says, and as it was found."""
    return ColumnSchema(
        name=name,
        kind=kind,
        missing=tuple(dict.fromkeys((*wish.given, *missing))),
        usual_missing=wish.missing.usual,
        why=why,
    )


def has_digit(word: str) -> bool:
    """Tell whether a word has a digit in it."""
    return any(letter.isdecimal() for letter in word)


def shown(text: str) -> str:
    """Write a word of a file for a message, a long one without its middle."""
    return shortened(repr(text), LONGEST)


def slip_of(cells: ColumnCells, wrong: Array, kind: str, how: str = "") -> Slip:
    """Return the slip of a column of numbers or dates, of which these words, given by place, are none."""
    row = cells.first_row(wrong)
    count = int(cells.counts[wrong].sum())
    others = f" ({count:,} such cells)" if count > 1 else ""
    one = {"numbers": "finite number", "dates": "date"}[kind]
    what = f"{shown(cells.words[cells.codes[row]])} is not a {one}{' ' if how else ''}{how}"
    remedy = (
        "Mend the cell, leave it empty if the value is not known, "
        f"or say `data: {{categorical: {yaml_list([cells.name])}}}`."
    )
    if row == 0 and count == 1:
        remedy += " If this line is the header, say `data: {header: true}`."
    all_others = "nearly all" if count <= (1 - MOSTLY) * len(cells.codes) else "other"
    what += f", though {all_others} cells of the column are {kind}{others}."
    return Slip(row=row, what=what, remedy=remedy)
