"""Dates and times: reading words in a format, many at once.

A format is written as for strptime, with %Y %y %m %d %b %H %I %M %S %f %p %z. Months and days may lack their
leading zero, and a time of day may follow any date, or lack: programs drop that of midnight, and write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LONGEST = 48
"""Letters of the longest word that may be a date."""
MOST_SHAPES = 400
"""Different patterns of digits and letters among dates of one format, at most."""
DAY = 86400.0
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NAMED = {name: 1 + at for at, month in enumerate(_MONTHS) for name in (month, month[:3])} | {"sept": 9}

_FIELDS = {
    "Y": "(?P<Y>0000)",
    "y": "(?P<y>00)",
    "m": "(?P<m>00?)",
    "d": "(?P<d>00?)",
    "b": r"(?P<b>a{3,9})\.?",
    "B": r"(?P<b>a{3,9})\.?",
}
_COMPACT = {"m": "(?P<m>00)", "d": "(?P<d>00)"}
_TIME = (
    r"(?:(?P<T>a)|,? {1,2})(?P<H>00?):(?P<M>00)(?::(?P<S>00)(?:[.,](?P<f>0{1,9}))?)?(?: ?(?P<p>aa)(?!a))?"
    r"(?: ?(?:(?P<Z>aaa|a)|(?P<sign>[+\-])(?P<zh>00):?(?P<zm>00)?))?"
)
_TIME_IN_FORMAT = re.compile(r",?[T ]*%[HI]")


def date_part(date_format: str) -> str:
    """Return what a format says before the time of day."""
    found = _TIME_IN_FORMAT.search(date_format)
    return date_format[: found.start()] if found else date_format


def has_time(date_format: str) -> bool:
    """Tell whether a format says a time of day."""
    return _TIME_IN_FORMAT.search(date_format) is not None


def format_fault(date_format: str) -> str:
    """Say what is wrong with a format of dates that a person wrote; empty when all is well."""
    fields = re.findall("%(.?)", date_part(date_format))
    wrong = [field for field in fields if field not in _FIELDS]
    if wrong:
        return f"%{wrong[0]} is not known: a date has %Y or %y, %m or %b, and %d, in any order"
    kinds = ["m" if field in "bB" else field.lower() for field in fields]
    if sorted(kinds) not in (["d", "m", "y"], ["m", "y"]):
        return "a date has %Y or %y, %m or %b, and %d, each once"
    return ""


@lru_cache(maxsize=64)
def shape_pattern(date_format: str) -> re.Pattern[str]:
    """Return the pattern of the shapes of words in this format, with any time of day or none behind it."""
    date = date_part(date_format)
    fields = _FIELDS | _COMPACT if re.search("%[Ymd]%[Ymd]", date) else _FIELDS
    parts = re.split("%(.)", date)
    pattern = "".join(
        fields[part] if at % 2 else re.escape(re.sub("[A-Za-z]", "a", part)) for at, part in enumerate(parts)
    )
    return re.compile(f"{pattern}(?:{_TIME})?")


class Letters:
    """Words as one matrix of letters, and the words of each shape.

    A shape is the word with all digits 0 and all letters a. words that are too long, or not ASCII, have none.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.count = len(words)
        given = [
            word if len(word) <= LONGEST and word.isascii() and word.isprintable() else "" for word in words
        ]
        array = np.array(given or [""], dtype="S")
        self.width = max(array.dtype.itemsize, 1)
        self.bytes = np.frombuffer(array.tobytes(), np.uint8).reshape(len(array), self.width)
        table = np.arange(256, dtype=np.uint8)
        table[ord("0") : ord("9") + 1] = ord("0")
        table[ord("a") : ord("z") + 1] = table[ord("A") : ord("Z") + 1] = ord("a")
        self._shapes = table[self.bytes]

    def groups(self, most: int = MOST_SHAPES) -> Iterator[tuple[str, Array]]:
        """Yield each shape and the places of its words, (n,) int; no more than `most` shapes."""
        # The bytes of a word are summed with odd weights: equal shapes are found without sorting texts.
        weights = np.random.default_rng(0).integers(1, 2**40, self.width)
        keys = np.zeros(len(self._shapes), np.int64)
        for at in range(self.width):
            keys += self._shapes[:, at] * weights[at]
        distinct, where = np.unique(keys, return_inverse=True)
        if len(distinct) > most:
            distinct = distinct[np.argsort(-np.bincount(where), kind="stable")[:most]]
            kept = np.flatnonzero(np.isin(keys, distinct))
            distinct, inner = np.unique(keys[kept], return_inverse=True)
        else:
            kept, inner = np.arange(len(keys)), where
        order = np.argsort(inner, kind="stable")
        ends = np.searchsorted(inner[order], np.arange(len(distinct) + 1))
        for start, end in pairwise(ends.tolist()):
            places = kept[order[start:end]]
            shape = self._shapes[places[0]].tobytes().rstrip(b"\0").decode("ascii")
            same = (self._shapes[places] == self._shapes[places[0]]).all(axis=1)
            if shape:
                yield shape, places[same]


def read_dates(words: Sequence[str] | Letters, date_format: str) -> Array:
    """Return the seconds from 1970-01-01 UTC to the dates that words say, float64 (words,); NaN for no date.

    A time without a place is taken for UTC. Days that no month has, as 31.02., are no dates.
    """
    letters = words if isinstance(words, Letters) else Letters(words)
    seconds = np.full(letters.count, np.nan)
    pattern = shape_pattern(date_format)
    date = date_part(date_format)
    for shape, places in letters.groups():
        found = pattern.fullmatch(shape)
        if found is not None:
            seconds[places] = _read_shape(letters.bytes[places], found, date)
    return seconds


def _read_shape(matrix: Array, found: re.Match[str], date: str) -> Array:
    """Return the seconds of words of one shape, given as bytes (words, letters); NaN for no date."""
    spans = {name: found.span(name) for name, text in found.groupdict().items() if text is not None}
    literal = np.ones(len(matrix), bool)
    if re.search("[A-Za-z]", re.sub("%.", "", date)):
        literal = _has_letters(matrix, found, date)

    def number(name: str) -> Array:
        return _number(matrix, *spans[name]) if name in spans else np.zeros(len(matrix))

    year = number("Y")
    if "y" in spans:
        short = number("y")
        year = np.where(short < 69, 2000 + short, 1900 + short)
    month = _months(matrix, *spans["b"]) if "b" in spans else number("m")
    day = number("d") if "d" in spans else np.ones(len(matrix))
    fine = literal & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    first = (year - 1970).astype("M8[Y]").astype("M8[M]") + (month - 1).astype("m8[M]")
    dates = first.astype("M8[D]") + (day - 1).astype("m8[D]")
    fine &= dates.astype("M8[M]") == first
    hour, minute, second = number("H"), number("M"), number("S")
    if "f" in spans:
        start, end = spans["f"]
        second = second + number("f") / 10 ** (end - start)
    if "T" in spans:
        fine &= _is_one_of(matrix, *spans["T"], ("t",))
    if "p" in spans:
        afternoon = _is_one_of(matrix, *spans["p"], ("pm",))
        fine &= (afternoon | _is_one_of(matrix, *spans["p"], ("am",))) & (hour >= 1) & (hour <= 12)
        hour = hour % 12 + 12 * afternoon
    if "Z" in spans:
        fine &= _is_one_of(matrix, *spans["Z"], ("z", "utc", "gmt"))
    # Midnight may be 24:00, and a minute may have a leap second.
    fine &= (minute < 60) & (second < 61) & ((hour < 24) | ((hour == 24) & (minute == 0) & (second == 0)))
    seconds = dates.astype(np.int64) * DAY + hour * 3600 + minute * 60 + second
    if "sign" in spans:
        ahead = np.where(matrix[:, spans["sign"][0]] == ord("-"), -1, 1)
        seconds = seconds - ahead * (number("zh") * 3600 + number("zm") * 60)
    return np.where(fine, seconds, np.nan)


def _number(matrix: Array, start: int, end: int) -> Array:
    value = np.zeros(len(matrix), np.int64)
    for at in range(start, end):
        value = value * 10 + (matrix[:, at].astype(np.int64) - ord("0"))
    return value


def _texts(matrix: Array, start: int, end: int) -> Array:
    """Return the letters of a place in each word as small ones, bytes (words,)."""
    return np.ascontiguousarray(matrix[:, start:end] | 32).view(f"S{end - start}").reshape(-1)


def _months(matrix: Array, start: int, end: int) -> Array:
    """Return the months of names, 0 for a word that is none."""
    texts = _texts(matrix, start, end)
    months = np.zeros(len(matrix), np.int64)
    for name, month in _named(end - start).items():
        months[texts == name.encode()] = month
    return months


def _named(length: int) -> Mapping[str, int]:
    return {name: month for name, month in _NAMED.items() if len(name) == length}


def _is_one_of(matrix: Array, start: int, end: int, texts: tuple[str, ...]) -> Array:
    found: Array = np.isin(_texts(matrix, start, end), [text.encode() for text in texts])
    return found


def _has_letters(matrix: Array, found: re.Match[str], date: str) -> Array:
    """Tell where the letters that a format has between its fields stand in the words."""
    fine = np.ones(len(matrix), bool)
    parts = re.split("%(.)", date)
    at = 0
    for place, part in enumerate(parts):
        if place % 2:
            at = found.span("b" if part == "B" else part)[1]
            continue
        for letter in part:
            if letter.isalpha():
                fine &= (matrix[:, at] | 32) == ord(letter.lower())
            at += 1
    return fine
