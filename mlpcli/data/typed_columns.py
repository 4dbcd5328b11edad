"""Columns from values that have types already: arrays, codes into levels, Python values, points in time."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import EXACT, Column, plain_number

Array = NDArray[Any]

TICKS = {"D": 0, "s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units of points in time: how many there are in a second; days have no seconds."""


def column_of_numbers(name: str, values: Array, empty: Array | None = None) -> Column:
    """Make a column of numbers or flags, (rows,); flags are 0 and 1.

    What is no plain number becomes a word: whole numbers from 2⁵³ on, and infinity. empty: bool (rows,), the
    cells that have no value; None: those that are NaN.
    """
    kind = values.dtype.kind
    if kind == "b":
        values = values.astype(np.uint8)
    odd = np.zeros(len(values), bool)
    if kind == "f":
        odd = np.isinf(values)
    elif values.dtype.itemsize == 8:
        odd = (values >= EXACT) | (values <= -EXACT)
    if empty is not None and empty.any():
        odd &= ~empty
    else:
        empty = None
    if not odd.any():
        if empty is not None:
            values = np.where(empty, np.nan, values)
        return Column(name=name, numbers=values)
    distinct, places = np.unique(values[odd], return_inverse=True)
    texts = [str(value) for value in distinct.tolist()]
    codes = np.full(len(values), -1, np.int32)
    codes[odd] = places
    words = column_of_levels(name, codes, texts)
    gone = odd if empty is None else odd | empty
    numbers = np.where(gone, np.nan, values)
    return Column(name=name, numbers=numbers, codes=words.codes, words=words.words)


def column_of_levels(name: str, codes: Array, texts: Sequence[str], as_text: bool = False) -> Column:
    """Make a column of codes, int (rows,), into any texts; -1 is an empty cell.

    Texts may be plain numbers, which become numbers unless `as_text`, have blanks around them, be empty or
    equal, or occur in no cell.
    """
    rows = len(codes)
    first = np.full(len(texts) + 1, rows)
    first[codes[::-1]] = np.arange(rows)[::-1]  # the last to be written, so the first of each, stays
    numbers = np.full(len(texts) + 1, np.nan)
    places = np.full(len(texts) + 1, -1, np.int32)
    words: dict[str, int] = {}
    for at in np.argsort(first[:-1], kind="stable").tolist():
        if first[at] == rows:
            break
        text = texts[at].strip()
        value = None if as_text else plain_number(text)
        if value is not None:
            numbers[at] = value
        elif text:
            places[at] = words.setdefault(text, len(words))
    some_number = not words or not np.isnan(numbers).all()
    return Column(
        name=name,
        numbers=numbers[codes] if some_number else None,
        codes=places[codes] if words else None,
        words=tuple(words),
    )


def column_of_values(name: str, values: Sequence[Any], as_text: bool = False) -> Column:
    """Make a column of Python values, one for each row, of any mixture of types; see `cell_of`."""
    types = set(map(type, values))
    if types <= {str, type(None)}:
        places = {value: at for at, value in enumerate(dict.fromkeys(values))}
        codes = np.fromiter(map(places.__getitem__, values), np.int64, len(values))
        return column_of_levels(name, codes, [value or "" for value in places], as_text)
    if types <= {float, int, type(None)} and not as_text:
        array = np.array(values, np.float64)  # None becomes NaN
        if int not in types or not (np.abs(array) >= EXACT).any():
            return column_of_numbers(name, array)
    return _column_of_mixture(name, values, as_text)


def _column_of_mixture(name: str, values: Sequence[Any], as_text: bool) -> Column:
    codes = np.empty(len(values), np.int32)
    known: dict[Any, int] = {}
    texts: list[str] = []
    numbers: list[float] = []
    for row, value in enumerate(values):
        key = value if isinstance(value, str) else (type(value), value)
        code = known.get(key)
        if code is None:
            code = known[key] = len(texts)
            text, number = cell_of(value)
            texts.append(text)
            numbers.append(number)
        codes[row] = code
    if as_text:
        texts = [
            text or ("" if np.isnan(number) else repr(number))
            for text, number in zip(texts, numbers, strict=True)
        ]
        return column_of_levels(name, codes, texts, as_text)
    column = column_of_levels(name, codes, texts)
    given = np.array(numbers)
    if len(given) and not np.isnan(given).all():
        cells = given[codes]
        if column.numbers is not None:
            cells = np.where(np.isnan(cells), column.numbers, cells)
        column = Column(name=name, numbers=cells, codes=column.codes, words=column.words)
    return column


def cell_of(value: Any) -> tuple[str, float]:
    """Return what a Python value is in a cell: a text and NaN, or no text and a number.

    Neither is an empty cell: None, NaN, NaT, pandas' NA. Flags are 0 and 1; whole numbers from 2⁵³ on and
    infinity are texts, points in time are written by ISO 8601.
    """
    if isinstance(value, str):
        return value, np.nan
    if is_absent(value):
        return "", np.nan
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace"), np.nan
    if isinstance(value, (bool, np.bool_)):
        return "", float(value)
    if isinstance(value, (int, np.integer)):
        return (str(int(value)), np.nan) if abs(int(value)) >= EXACT else ("", float(value))
    if isinstance(value, (float, np.floating)):
        return (str(float(value)), np.nan) if np.isinf(value) else ("", float(value))
    if isinstance(value, Decimal):
        return format(value, "f"), np.nan
    if isinstance(value, (datetime.datetime, np.datetime64)):
        moment = np.datetime64(value) if isinstance(value, np.datetime64) else moment_of(value)
        unit = np.datetime_data(moment.dtype)[0]
        return moment_texts(np.array([moment.astype(np.int64)]), unit)[0], np.nan
    if isinstance(value, datetime.timedelta):
        return "", value.total_seconds()
    return str(value), np.nan


def moment_of(value: datetime.datetime) -> np.datetime64:
    """Return a date with its time as microseconds since 1970; a time zone is brought to UTC."""
    if value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def is_absent(value: Any) -> bool:
    """Tell whether a value stands for none: None, NaN, NaT, and pandas' NA, which has no truth value."""
    if value is None or type(value).__name__ == "NAType":
        return True
    unequal = value != value
    return isinstance(unequal, (bool, np.bool_)) and bool(unequal)


def column_of_moments(
    name: str, ticks: Array, unit: str, empty: Array | None = None, utc: bool = False
) -> Column:
    """Make a column of points in time, written by ISO 8601: 2024-03-01, or 2024-03-01T19:00:00.

    ticks: int64 (rows,), since 1970, in a `unit` of TICKS. empty: bool (rows,), the cells that have none.
    utc: whether they are in UTC, which is then said by a Z.
    """
    distinct, places = np.unique(ticks, return_inverse=True)
    texts = [text + "Z" * utc for text in moment_texts(distinct, unit)]
    codes = places.astype(np.int32)
    if empty is not None:
        codes[empty] = -1
    return column_of_levels(name, codes, texts)


def moment_texts(ticks: Array, unit: str) -> list[str]:
    """Write points in time, int64 (n,) in a unit of TICKS, by ISO 8601, with as few decimals as tell them."""
    moments = ticks.astype(f"M8[{unit}]")
    if unit not in TICKS or unit in ("D", "s"):
        found: list[str] = np.datetime_as_string(moments).tolist()
        return found
    texts: list[str] = np.datetime_as_string(moments, unit="s").tolist()
    for at in np.flatnonzero(ticks % TICKS[unit]).tolist():
        texts[at] = str(np.datetime_as_string(moments[at])).rstrip("0")
    return texts
