"""Columns of words: categories, truth values, identifiers and free text."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from mlpcli.data.column import number_text
from mlpcli.data.schema.column_schema import CATEGORY, CONSTANT, EMPTY, TRUTH
from mlpcli.data.schema.draft import ColumnCells, Draft, entry, shown
from mlpcli.data.schema.identifiers import word_kind
from mlpcli.data.schema.missing_words import CATEGORIES, TRUTHS
from mlpcli.data.schema.wish import Wish
from mlpcli.wording import plural

_ZERO_LED = re.compile(r"[+-]?0[0-9]+")


def of_levels(cells: ColumnCells, wish: Wish, code: str = "") -> Draft:
    """Return the draft of a category, or of an identifier or text, which is not used.

    code: a whole number that is kept as a word, for its leading zero or its many digits; "" for none.
    """
    places = cells.values(CATEGORIES)
    missing = cells.missing(CATEGORIES)
    schema = entry(cells.name, wish, missing, CATEGORY)
    numbers, of_number = np.unique(cells.present, return_counts=True)
    count = len(places) + len(numbers)
    if not count:
        schema = replace(schema, kind=EMPTY, why="there is not one value", used=wish.keeps)
        return Draft(schema=schema, missing=missing)
    if count == 1:
        level = cells.words[places[0]] if len(places) else number_text(float(numbers[0]))
        schema = replace(schema, kind=CONSTANT, levels=(level,), why=f"all values are {shown(level)}")
        return Draft(schema=schema, missing=missing)
    why = plural(count, "level")
    notes: tuple[str, ...] = ()
    if code:
        reason = "a leading zero" if _ZERO_LED.fullmatch(code) else "more digits than a number can hold"
        why = f"whole numbers some of which have {reason}, as {shown(code)}"
    elif len(numbers) and len(places):
        words = int(cells.counts[places].sum())
        cells_in_all = words + int(of_number.sum())
        why = f"{words:,} of {cells_in_all:,} cells are words, such as {shown(cells.words[places[0]])}"
    if why != plural(count, "level"):
        notes = (f"a category, for {why}",)
    if not (wish.keeps or wish.kind):
        counts = np.concatenate([cells.counts[places], of_number])
        key = word_kind(cells.texts(places), counts)
        if key:
            reason = f"{key[1]}; {why}" if code else key[1]
            return Draft(schema=replace(schema, kind=key[0], why=reason, used=False), missing=missing)
    return Draft(schema=replace(schema, why=why), notes=notes, missing=missing)


def of_truth(cells: ColumnCells, pair: tuple[str, str], wish: Wish) -> Draft:
    """Return the draft of a column of truth values. pair: the words for no and for yes."""
    missing = {word: count for word, count in cells.missing(TRUTHS).items() if word not in pair}
    schema = entry(cells.name, wish, missing, TRUTH)
    why = f"{shown(pair[0])} and {shown(pair[1])} are no and yes"
    return Draft(schema=replace(schema, levels=pair, why=why), missing=missing)
