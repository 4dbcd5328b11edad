"""What one column of the training table means: its kind, notation, missing words, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, plain_number
from mlpcli.data.schema.column_schema import NUMBER, PLAIN
from mlpcli.data.schema.draft import MOSTLY, ColumnCells, Draft, cells_of, entry, has_digit, shown, slip_of
from mlpcli.data.schema.draft_dates import of_dates
from mlpcli.data.schema.draft_levels import of_levels, of_truth
from mlpcli.data.schema.draft_numbers import of_plain_numbers, of_written_numbers
from mlpcli.data.schema.find_notation import Found, find_notation
from mlpcli.data.schema.missing_words import NUMBERS, TRUTHS
from mlpcli.data.schema.remedies import describe_notation, yaml_list
from mlpcli.data.schema.truth import truth_pair
from mlpcli.data.schema.wish import Wish
from mlpcli.wording import percent, plural

Array = NDArray[Any]

FEW_NUMBERS = 10
"""Up to so many different whole numbers, words with digits beside them, as 3+, are levels among levels."""
FEW_CLASSES = 20
"""Up to so many different whole numbers, a target with another word is one of classes."""
MOST_WORDS = 20
"""Different words in a column of truth values, at most, those that stand for no value among them."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_INFINITE = re.compile(r"[+-]?(?:inf|infinity|infinite|∞|1\.#inf)", re.IGNORECASE)
_SIGNS = {"-", "+"}


def infer_column(column: Column, wish: Wish) -> Draft:
    """Find what a column means that the config does not give a kind."""
    cells = cells_of(column, wish.missing)
    if not cells.counts.any():
        return of_plain_numbers(cells, wish, {})
    pair = _truth_words(cells)
    if pair is not None:
        return of_truth(cells, pair, wish)
    present, places = cells.present, cells.values(NUMBERS)
    if not len(places):
        if not len(present):
            return of_levels(cells, wish)
        return of_plain_numbers(cells, wish, cells.missing(NUMBERS))
    dates = of_dates(cells, places, wish)
    if dates is not None:
        return dates
    words = cells.texts(places)
    code = next((word for word in words if _is_code(word)), "")
    if code and all(map(_WHOLE.fullmatch, words)) and _are_whole(present):
        return of_levels(cells, wish, code)
    return _of_words(cells, places, wish)


def _truth_words(cells: ColumnCells) -> tuple[str, str] | None:
    """Return the words for no and for yes of a column that holds nothing else; None of any other."""
    present = cells.present
    if len(present) and (present.min() < 0 or present.max() > 1):
        return None
    there = np.flatnonzero(cells.counts)
    if len(there) > MOST_WORDS:
        return None
    if not len(present) and set(cells.texts(there)) == _SIGNS:
        return "-", "+"  # a minus alone would mean that there is no value
    return truth_pair(cells.texts(cells.values(TRUTHS)), np.unique(present).tolist())


def _is_code(word: str) -> bool:
    """Tell whether a word is a whole number with a leading zero, or more digits than a number can hold."""
    return _WHOLE.fullmatch(word) is not None and plain_number(word) is None


def _are_whole(numbers: Array) -> bool:
    return bool((numbers == np.floor(numbers)).all())


def _of_words(cells: ColumnCells, places: Array, wish: Wish) -> Draft:
    """Return the draft of a column with words, by place, that are neither truth values nor dates."""
    counts, plain = cells.counts[places], len(cells.present)
    found = find_notation(cells.texts(places), counts, plain, wish.hints)
    if found is None:
        found = Found(notation=PLAIN, values=np.full(len(places), np.nan))
    fits = ~np.isnan(found.values)
    marked = found.notation.percent or found.notation.clock
    # Beside 46.4 %, a plain 0.5 may be a share or half a percent.
    if not (plain or fits.any()) or (marked and cells.present.any()):
        return of_levels(cells, wish)
    wrong = places[~fits]
    rows = _rows(cells, places, found.values)
    missing = cells.missing(NUMBERS)
    if not len(wrong):
        return of_written_numbers(cells, rows, found, wish, missing)
    others, distinct = cells.texts(wrong), np.unique(rows[~np.isnan(rows)])
    if _is_placeholder(others, distinct, wish):
        gone = cells.counted(wrong.tolist())
        draft = of_written_numbers(cells, rows, found, wish, missing | gone)
        return replace(draft, notes=(*draft.notes, _one_word(cells, gone)), missing=missing)
    if _are_slips(cells, wrong, found, plain + int(counts[fits].sum()), distinct):
        schema = replace(entry(cells.name, wish, missing, NUMBER), notation=found.notation)
        slip = slip_of(cells, wrong, "numbers", describe_notation(found.notation))
        return Draft(schema=schema, slip=slip)
    return of_levels(cells, wish)


def _rows(cells: ColumnCells, places: Array, values: Array) -> Array:
    """Return the numbers of a column, float64 (rows,), with those that words say, (words,)."""
    rows = np.full(len(cells.codes), np.nan)
    if cells.numbers is not None:
        rows[:] = cells.numbers
    said = np.full(len(cells.words), np.nan)
    said[places] = values
    worded = cells.codes >= 0
    rows[worded] = said[cells.codes[worded]]
    return rows


def _is_placeholder(others: Sequence[str], numbers: Array, wish: Wish) -> bool:
    """Tell whether all cells that are no numbers hold one word, which then stands for no value.

    A word with a digit, as 3+ or <0.1, says something; infinity does, too.
    """
    if len({word.lower() for word in others}) > 1 or has_digit(others[0]) or _INFINITE.fullmatch(others[0]):
        return False
    if wish.target and len(numbers) <= FEW_CLASSES and _are_whole(numbers):
        return False
    return len(numbers) > 1


def _are_slips(cells: ColumnCells, wrong: Array, found: Found, fitting: int, numbers: Array) -> bool:
    """Tell whether words, by place, are mistakes in a column of numbers, and not what makes it a category.

    fitting: the cells that are numbers; numbers: the different ones.
    """
    others, count = cells.texts(wrong), int(cells.counts[wrong].sum())
    if all(map(_INFINITE.fullmatch, others)):
        return True
    if found.notation.decimal == ",":  # numbers with a point among those with a comma
        written = find_notation(others, cells.counts[wrong])
        if written is not None and not np.isnan(written.values).any():
            return True
    if len(numbers) <= FEW_NUMBERS and _are_whole(numbers) and any(map(has_digit, others)):
        return False
    return count <= (1 - MOSTLY) * (fitting + count)


def _one_word(cells: ColumnCells, gone: dict[str, int]) -> str:
    count = sum(gone.values())
    return (
        f"{shown(next(iter(gone)))} stands in {plural(count, 'cell')} ({percent(count / len(cells.codes))}) "
        "and is taken for no value, as all others are numbers; to keep it as a level, say "
        f"`data: {{categorical: {yaml_list([cells.name])}}}`"
    )
