"""Columns of dates, among which one other word stands for no value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import number_text
from mlpcli.data.schema.column_schema import DATE
from mlpcli.data.schema.draft import ColumnCells, Draft, entry, has_digit, shown, slip_of
from mlpcli.data.schema.find_dates import FoundDates, find_dates
from mlpcli.data.schema.missing_words import NUMBERS
from mlpcli.data.schema.read_column import Slip
from mlpcli.data.schema.remedies import for_column, yaml_word
from mlpcli.data.schema.wish import Wish

Array = NDArray[Any]

HALF = 0.5
"""From this share of dates on, the other cells of a column are slips: days are no levels of a category."""


def of_dates(cells: ColumnCells, places: Array, wish: Wish) -> Draft | None:
    """Return the draft of a column of which nearly all cells are dates; None of any other.

    places: those of the words in cells.words that are values.
    """
    counts = cells.counts[places]
    found = find_dates(cells.texts(places), counts)
    if found is None:
        return None
    fits = ~np.isnan(found.seconds)
    plain = len(cells.present)
    wrong = places[~fits]
    others = list({word.lower() for word in cells.texts(wrong)})
    one_word = len(others) == 1 and not plain and not has_digit(others[0]) and np.count_nonzero(fits) > 1
    if not one_word and counts[fits].sum() < HALF * (counts.sum() + plain):
        return None
    missing = cells.missing(NUMBERS)
    how = f"as {found.date_format}"
    notes, slip = [_note(cells, places, found)], None
    if one_word:
        missing |= cells.counted(wrong.tolist())
        notes.append(f"{shown(cells.words[wrong[0]])} is taken for no value, as all others are dates")
    elif len(wrong):
        slip = slip_of(cells, wrong, "dates", how)
    elif plain and cells.numbers is not None:
        row = int(np.flatnonzero(~np.isnan(cells.numbers))[0])
        what = f"{number_text(cells.numbers[row].item())} is not a date {how}, as nearly all other cells are."
        slip = Slip(row=row, what=what, remedy="Mend the cell, or leave it empty if the date is not known.")
    schema = replace(
        entry(cells.name, wish, missing, DATE), date_format=found.date_format, why=f"dates {how}"
    )
    return Draft(schema=schema, notes=tuple(notes), missing=missing, slip=slip)


def _note(cells: ColumnCells, places: Array, found: FoundDates) -> str:
    """Say how dates are written, by the first one; and of day and month that could be swapped, what to do."""
    first = int(np.flatnonzero(~np.isnan(found.seconds))[0])
    day = np.datetime64(int(found.seconds[first]), "s").astype("M8[D]")
    note = f"dates as {found.date_format}: {shown(cells.words[places[first]])} is {day}"
    if found.other:
        setting = f"format: {yaml_word(found.other)}"
        note += f"; day and month could be the other way round: then say {for_column(cells.name, setting)}"
    return note
