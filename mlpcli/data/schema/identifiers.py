"""Counters of rows, identifiers and free text: columns that tell rows apart and teach nothing.

The rules, for a table of more than FEW_ROWS rows. A column of whole numbers, one in each row:
- is a counter where it goes 0, 1, 2, … or 1, 2, 3, … in the order of the file, unless its name is one of time
  (day, month, t, …): then the order is that of a series and can mean something;
- is an id where no number comes twice, and its name says so (id, key, no, uuid, PassengerId, user_nr, …);
- is an id where no number comes twice though so many draws from their range would have repeated one (the odds
  of that are below e⁻¹²), as in a counter that was shuffled or has gaps;
- is an id where it is the first column and always rises by unequal steps: the file is sorted by a key.
Whole numbers in even steps stay, as settings of an experiment are, unless they go on from LEAST_KEY or above
one by one; and so do years, and whole numbers without a repetition that are far apart, as populations and
salaries are.
A column of words is an id or free text where it has more than MANY_LEVELS levels and more than ID_SHARE
levels for each cell, or where all cells differ. It is free text where a cell has several words, as sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import EXACT
from mlpcli.data.schema.column_schema import COUNTER, ID, TEXT

Array = NDArray[Any]

FEW_ROWS = 20
"""Up to so many rows, different cells say nothing."""
MANY_LEVELS = 50
ID_SHARE = 0.3
ODDS = 12.0
"""Repetitions to be expected of as many random draws from the range, from which on none tells of keys."""
YEARS = (1500, 2200)
LEAST_KEY = 1000
_LOOK = 1000
"""Cells that are looked at before all are sorted."""
_TEXT_WORDS = 2.5
"""Words of a cell, on average, from which on a column is text; what has a digit in it is no word here."""

_ID_WORDS = """
    id ids idx index key keys pk no nr num nummer number uuid guid uid code row rowid rownum rownames
    rowname record serial sn ssn isbn ean sku barcode ticket account kundennummer kundennr kennung
    matrikelnummer cod codigo código numero número identifier unnamed order orderid ref reference
"""
_ID_NAMES = frozenset(_ID_WORDS.split())
_TIME_WORDS = """
    t ts time times timestamp date datetime day days week weeks month months quarter year years hour hours
    minute minutes min second seconds sec ms epoch step tick period zeit datum tag woche monat jahr
    stunde
"""
_TIME_NAMES = frozenset(_TIME_WORDS.split())


_PARTS = re.compile(r"[\s.,;:!?()\"'/-]+")


def name_words(name: str) -> list[str]:
    """Return the words of a column name in small letters: passenger, id for PassengerId and passenger_id."""
    spaced = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zà-ÿ])", " ", name)
    return [word.lower() for word in re.split(r"[\W_]+|(?<=\D)(?=\d)", spaced) if word]


def is_id_name(name: str) -> bool:
    """Tell whether a column name ends or begins as that of a key does: id, UserID, key_1, no."""
    words = [word for word in name_words(name) if not word.isdigit()]
    return bool(words) and (words[-1] in _ID_NAMES or words[0] in {"id", "unnamed"})


def is_time_name(name: str) -> bool:
    """Tell whether a column name is one of time: day, month, time_s."""
    return any(word in _TIME_NAMES for word in name_words(name))


def key_kind(name: str, numbers: Array, first: bool) -> tuple[str, str] | None:
    """Return the kind, counter or id, of a column of numbers and the reason; None where it is neither.

    numbers: (rows,). first: whether it is the first column of the file. Raises nothing.
    """
    rows = len(numbers)
    if rows <= FEW_ROWS or not _is_distinct_whole(numbers[:_LOOK]):
        return None
    if _counts(numbers):
        if is_time_name(name) and not is_id_name(name):
            return None
        return COUNTER, f"it counts the rows, {numbers[0]:g} to {numbers[-1]:g}"
    if not _is_distinct_whole(numbers):
        return None
    low, high = float(numbers.min()), float(numbers.max())
    why = f"{rows:,} different whole numbers in {rows:,} rows"
    if is_id_name(name):
        return ID, f"{why}, and the name of a key"
    if (YEARS[0] <= low and high <= YEARS[1]) or is_time_name(name):
        return None
    odds = rows * (rows - 1) / 2 / (high - low + 1) >= ODDS
    if not (odds or first):
        return None
    steps = np.diff(numbers.astype(np.float64))
    if (steps == steps[0]).all():
        return (ID, f"{why}, one after the other") if abs(steps[0]) == 1 and low >= LEAST_KEY else None
    if odds:
        return ID, f"{why}, though by chance some would come twice"
    if low >= 0 and ((steps > 0).all() or (steps < 0).all()):
        return ID, f"{why}, by which the file is sorted"
    return None


def may_be_key(name: str, numbers: Array) -> bool:
    """Tell whether a column that is taken for a quantity may be a key: no number of it comes twice."""
    if len(numbers) <= FEW_ROWS or is_time_name(name) or not _is_distinct_whole(numbers[:_LOOK]):
        return False
    if YEARS[0] <= numbers.min() and numbers.max() <= YEARS[1]:
        return False
    return _is_distinct_whole(numbers)


def word_kind(words: Sequence[str], counts: Array) -> tuple[str, str] | None:
    """Return the kind, id or text, of a column of words and the reason; None where it is a category.

    counts: int (words,), the cells of each word, those without a value left out.
    """
    levels, cells = int(np.count_nonzero(counts)), int(counts.sum())
    many = levels > MANY_LEVELS and levels > ID_SHARE * cells
    if not many and not (levels == cells and cells > FEW_ROWS):
        return None
    why = f"{levels:,} different texts in {cells:,} cells"
    looked = words[:_LOOK]
    average = sum(part.isalpha() for word in looked for part in _PARTS.split(word)) / max(len(looked), 1)
    return (TEXT, f"{why}, of several words each") if average >= _TEXT_WORDS else (ID, why)


def _counts(numbers: Array) -> bool:
    start = numbers[0]
    if start not in (0, 1) or numbers[-1] - float(start) != len(numbers) - 1:
        return False
    return bool(np.array_equal(numbers, np.arange(len(numbers)) + start))


def _is_distinct_whole(numbers: Array) -> bool:
    """Tell whether all are whole numbers of which none comes twice; NaN is none."""
    if numbers.dtype.kind == "f" and not (numbers == np.floor(numbers)).all():
        return False
    # A whole number from 2⁵³ on may stand for its neighbour.
    if numbers.dtype.kind not in "uif" or float(np.abs(numbers).max()) >= EXACT:
        return False
    ordered = np.sort(numbers)
    return bool((ordered[1:] != ordered[:-1]).all())
