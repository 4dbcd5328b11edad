"""Finding the notation of a column: the one that the words of most cells fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.schema.column_schema import Notation
from mlpcli.data.schema.notation import (
    CURRENCY,
    EXPONENT,
    PERCENT,
    SIGN,
    SPACES,
    UNIT,
    body_pattern,
    clock_hours,
    read_numbers,
)
from mlpcli.data.schema.word_shapes import group_by_shape

Array = NDArray[Any]

LONGEST = 60
"""Letters of the longest word that may be a number."""
MOSTLY = 0.5
"""From this share of the cells on, a unit behind numbers is the unit of the column."""

_WORD = re.compile(
    rf"\(?(?P<first>{CURRENCY})? ?{SIGN}? ?(?P<second>{CURRENCY})? ?"
    rf"(?P<body>[0-9.,](?:[{SPACES}]?[0-9.,'\u2019\u02bc])*){EXPONENT}"
    rf"(?:[{SPACES}]?(?:(?P<percent>{PERCENT})|(?P<last>{CURRENCY})|(?P<unit>{UNIT})))?\)?-?"
)
_SHAPE = str.maketrans("23456789\u00a0\u202f\u2009\u2007\u2019\u02bc", "11111111    ''")
"""All digits but 0 are one, and so are the blanks and the apostrophes."""


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What speaks for a notation beside the words of the column.

    decimal, thousands: the marks that the config gives; "": thousands have none. comma_is_decimal: whether
    1,234 is rather a fraction than a thousand, where the column alone does not tell.
    """

    decimal: str | None = None
    thousands: str | None = None
    comma_is_decimal: bool = False

    def marks(self) -> Iterator[tuple[str, str]]:
        """Yield the marks of decimals and thousands that come in question, the plainest first."""
        for decimal in (",", ".") if self.comma_is_decimal else (".", ","):
            for thousands in ("", ",", " ", "'", "."):
                allowed = self.decimal in (None, decimal) and self.thousands in (
                    None,
                    thousands or self.thousands,
                )
                if allowed and decimal not in (thousands, self.thousands):
                    yield decimal, thousands


NO_HINTS = Hints()


@dataclass(frozen=True, kw_only=True)
class Found:
    """The notation of most words, and the numbers they say in it, float64 (words,), NaN for the others.

    doubtful: whether the column alone does not tell if a comma or point marks thousands or fractions.
    """

    notation: Notation
    values: Array
    doubtful: bool = False


@dataclass(frozen=True)
class _Bodies:
    """The digits of words that look like numbers. cells: of each shape; currencies, units: cells of each."""

    cells: Counter[str] = field(default_factory=Counter)
    currencies: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    percents: Counter[bool] = field(default_factory=Counter)


def find_notation(
    words: Sequence[str], counts: Array, plain: int = 0, hints: Hints = NO_HINTS
) -> Found | None:
    """Find the notation that the words of most cells fit; None where no word is a number in any.

    counts: int (words,), the cells of each word; plain: the cells of the column that are plain numbers.
    """
    hours = [clock_hours(word) for word in words[:20]]
    if any(hour is not None for hour in hours):
        clock = Notation(clock=True)
        values = read_numbers(words, clock)
        if 2 * counts[~np.isnan(values)].sum() > counts.sum():
            return Found(notation=clock, values=values)
    bodies = _bodies(words, counts)
    if not bodies.cells:
        return None
    fitting = {
        marks: sum(cells for shape, cells in bodies.cells.items() if pattern.fullmatch(shape))
        for marks in hints.marks()
        if (pattern := re.compile(body_pattern(*marks)))
    }
    most = max(fitting.values(), default=0)
    if not most:
        return None
    best = [marks for marks, cells in fitting.items() if cells == most]
    decimal, thousands = _likeliest(best, bodies, hints)
    total = most + plain
    percent = 2 * bodies.percents[True] >= most
    unit = _commonest(bodies.units)
    notation = Notation(
        decimal=decimal,
        thousands=thousands,
        currency="" if percent else _commonest(bodies.currencies),
        unit=unit if unit and not percent and bodies.units[unit] >= MOSTLY * total else "",
        percent=percent,
    )
    values = read_numbers(words, notation)
    if np.isnan(values).all():
        return None
    return Found(notation=notation, values=values, doubtful=_is_doubtful(best, bodies.cells))


def _bodies(words: Sequence[str], counts: Array) -> _Bodies:
    found = _Bodies()
    for places in group_by_shape(words):
        word, count = words[places[0]], int(counts[places].sum())
        match = _WORD.fullmatch(word) if len(word) <= LONGEST else None
        if match is None:
            continue
        found.cells[match["body"].translate(_SHAPE)] += count
        currency = match["first"] or match["second"] or match["last"]
        if currency:
            found.currencies[currency] += count
        if match["unit"]:
            found.units[match["unit"]] += count
        found.percents[match["percent"] is not None] += count
    return found


def _commonest(words: Counter[str]) -> str:
    return words.most_common(1)[0][0] if words else ""


def _likeliest(best: Sequence[tuple[str, str]], bodies: _Bodies, hints: Hints) -> tuple[str, str]:
    """Return the likeliest of the marks that as many cells fit; they are in order, the plainest first."""
    shapes = bodies.cells
    if _is_doubtful(best, shapes):
        # Amounts of money have two decimals or none, so groups of three digits are thousands.
        comma = any("," in shape for shape in shapes)
        fraction = hints.comma_is_decimal if comma else not hints.comma_is_decimal
        if bodies.currencies and not (comma and hints.comma_is_decimal):
            fraction = False
        wanted = ("," if fraction else ".") if comma else ("." if fraction else ",")
        best = [marks for marks in best if marks[0] == wanted] or list(best)
    decimal, plainest = best[0]
    grouped = re.compile(body_pattern(*best[0]))
    fitting = {shape: cells for shape, cells in shapes.items() if grouped.fullmatch(shape)}
    used = [groups for mark, groups in best if mark == decimal and groups and _uses(fitting, groups)]
    return decimal, (used[0] if used else plainest)


def _uses(shapes: Mapping[str, int], mark: str) -> bool:
    return any(mark in shape for shape in shapes)


def _is_doubtful(best: Sequence[tuple[str, str]], shapes: Mapping[str, int]) -> bool:
    """Tell whether a comma or a point stands in the words that may be either mark."""
    return len({decimal for decimal, _ in best}) > 1 and (_uses(shapes, ",") or _uses(shapes, "."))
