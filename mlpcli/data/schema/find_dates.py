"""Finding the format of a column of dates: the one that the words of most cells fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.schema.dates import Letters, read_dates, shape_pattern

Array = NDArray[Any]

FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d/%b/%Y",
    "%d%b%Y",
    "%b-%d-%Y",
    "%Y-%b-%d",
    "%d.%b.%Y",
    "%Y-%m",
    "%Y/%m",
    "%b-%Y",
    "%d %b %Y",
    "%d %b %y",
    "%b %d %Y",
    "%b %d, %Y",
    "%d. %b %Y",
    "%b %Y",
    "%Y%m%d",
)
"""The formats of dates that are known, each with any time of day behind it."""
FIRST_LOOK = 50
"""Words that are looked at first: where none of them is a date, no word is."""
FIRST_DAY, LAST_DAY = 19000101, 20991231
"""Whole numbers that may be dates: 20240301."""


@dataclass(frozen=True, kw_only=True)
class FoundDates:
    """The format of most words, and their seconds since 1970 in it, float64 (words,), NaN for the others.

    other: the format that all of them fit as well, with day and month in the other order; "" for none.
    """

    date_format: str
    seconds: Array
    other: str = ""


def find_dates(words: Sequence[str], counts: Array) -> FoundDates | None:
    """Find the format that the words of most cells fit; None where no word is a date in any.

    counts: int (words,), the cells of each word, in the order of their first appearance in the file.
    """
    first = Letters(words[:FIRST_LOOK])
    shapes = [shape for shape, _ in first.groups()]
    likely = [each for each in FORMATS if any(map(shape_pattern(each).fullmatch, shapes))]
    if not likely:
        return None
    letters = Letters(words)
    read = {each: read_dates(letters, each) for each in likely}
    cells = {each: int(counts[~np.isnan(seconds)].sum()) for each, seconds in read.items()}
    most = max(cells.values())
    if not most:
        return None
    best = [each for each in likely if cells[each] == most]
    swapped = {each.replace("%m", "%_").replace("%d", "%m").replace("%_", "%d"): each for each in best}
    chosen = best[0]
    other = swapped.get(chosen, "")
    if other and chosen != other:
        ours, theirs = read[chosen], read[other]
        if _in_order(theirs) and not _in_order(ours):
            chosen, other = other, chosen
    else:
        other = ""
    return FoundDates(date_format=chosen + _time(words, read[chosen]), seconds=read[chosen], other=other)


def _in_order(seconds: Array) -> bool:
    """Tell whether the dates of a file go one way, as those of a diary do."""
    steps = np.diff(seconds[~np.isnan(seconds)])
    return bool((steps >= 0).all() or (steps <= 0).all())


def _time(words: Sequence[str], seconds: Array) -> str:
    """Return what follows the date in a format: "", or the time of day as the first word with one has it."""
    for at in np.flatnonzero(~np.isnan(seconds)).tolist():
        found = re.search(r"([T ]|, ) ?(\d\d?):(\d\d)(:\d\d)?([.,]\d+)?( ?[aApP][mM])?(.*)$", words[at], re.I)
        if found:
            seconds_too = ":%S" if found[4] else ""
            half = found[6] or ""
            hours = "%I" if half else "%H"
            zone = "%z" if found[7] else ""
            half = " %p" if half.startswith(" ") else "%p" if half else ""
            return f"{found[1]}{hours}:%M{seconds_too}{half}{zone}"
    return ""


def days_of_numbers(numbers: Array) -> bool:
    """Tell whether all of these whole numbers, (n,), which have no NaN, are dates as 20240301."""
    if not len(numbers) or numbers.min() < FIRST_DAY or numbers.max() > LAST_DAY:
        return False
    return not np.isnan(number_seconds(numbers)).any()


def number_seconds(numbers: Array) -> Array:
    """Return the seconds from 1970-01-01 UTC to days written as 20240301, float64; NaN for other numbers."""
    whole = np.where(np.isnan(numbers) | (numbers < 1e7) | (numbers >= 1e8), 0, numbers).astype(np.int64)
    year, month, day = whole // 10000, whole // 100 % 100, whole % 100
    fine = (numbers == whole) & (month >= 1) & (month <= 12) & (day >= 1)
    first = (np.where(fine, year, 1970) - 1970).astype("M8[Y]").astype("M8[M]")
    first = first + (np.where(fine, month, 1) - 1).astype("m8[M]")
    dates = first.astype("M8[D]") + (day - 1).astype("m8[D]")
    fine &= dates.astype("M8[M]") == first
    return np.where(fine, dates.astype(np.int64) * 86400.0, np.nan)
