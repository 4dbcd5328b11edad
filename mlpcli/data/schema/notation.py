"""Notations of numbers: reading words by one, exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import plain_number
from mlpcli.data.schema.column_schema import Notation
from mlpcli.data.schema.word_shapes import LINE, group_by_shape

Array = NDArray[Any]

SIGN = r"[+\-\u2212\u2010\u2011\u2013\uFF0B\uFF0D]"
MINUS = frozenset("-\u2212\u2010\u2011\u2013\uff0d")
"""A hyphen, the minus of Unicode, and what word processors make of one of them."""
SPACES = " \u00a0\u202f\u2009\u2007"
"""Blanks that stand between groups of digits: the common, the unbreakable, the narrow, the thin, the wide."""
GROUPING = {",": ",", ".": r"\.", " ": f"[{SPACES}]", "'": "['\u2019\u02bc]"}
EXPONENT = r"(?:[eEdD](?P<exponent>[+\-\u2212]?[0-9]+))?"
CURRENCY_SIGN = r"[$\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20c0\ufdfc]"
CURRENCY_CODES = """
    AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KRW KZT MAD
    MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR
"""
_NAMES = rf"(?:{'|'.join(CURRENCY_CODES.split())}|kr\.?|zł|Kč|Ft|Fr\.|Rs\.?|R)"
CURRENCY = rf"(?:(?:US|C|A|R|HK|NZ|S)?{CURRENCY_SIGN}|{_NAMES})"
"""Signs and codes of currencies; those of letters stand in this spelling."""
PERCENT = "[%\uff05\u066a]"
_WORD = r"[^\W\d_]+\.?[23\u00b2\u00b3]?"
UNIT = rf"{_WORD}(?:[/·*]{_WORD})*|[\u00b0\u2032\u2033\"'][CFK]?"
CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,3}):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9](?:[.,][0-9]+)?))?"
    r"(?: ?(?P<half>[aApP])\.?[mM]\.?)?"
)


def clock_hours(word: str) -> float | None:
    """Return the hours of a time of day or a duration, as 19:49, 125:30:05 or 7:49 pm; None for others."""
    found = CLOCK.fullmatch(word)
    if found is None:
        return None
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    second = float((found["second"] or "0").replace(",", "."))
    return hour + int(found["minute"]) / 60 + second / 3600


def body_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of digits with these marks: groups of exactly three digits, or no groups at all.

    A decimal comma leaves the point no other meaning than that of thousands, so these are read beside it.
    Whole numbers with a leading zero are none without an exponent, as they are no plain numbers.
    """
    marks = {thousands} - {""} | ({"."} if decimal == "," else set())
    groups = "".join(rf"|[1-9][0-9]{{0,2}}(?:{GROUPING[mark]}[0-9]{{3}})+" for mark in sorted(marks))
    point, before_exponent = re.escape(decimal), r"[0-9]+(?=[eEdD][+\-\u2212]?[0-9])"
    whole = rf"(?:0|[1-9][0-9]*{groups})|{before_exponent}"
    return rf"(?:(?:[0-9]+{groups})?{point}[0-9]+|(?:[0-9]+{groups}){point}|{whole})"


@lru_cache(maxsize=256)
def _pattern(notation: Notation) -> re.Pattern[str]:
    """Return the pattern of numbers in a notation that is none of times of day."""
    before, between = "", ""
    if notation.currency:
        before = f"(?P<first>{re.escape(notation.currency)} ?)?"
        between = f"(?(first)|(?:{re.escape(notation.currency)} ?)?)"
    after = ""
    if notation.percent:
        after = f"[{SPACES}]?{PERCENT}"
    elif notation.unit or notation.currency:
        options = [re.escape(each) for each in (notation.unit, notation.currency) if each]
        after = f"(?:[{SPACES}]?(?:{'|'.join(options)}))?"
    body = body_pattern(notation.decimal, notation.thousands)
    return re.compile(
        rf"(?P<open>\()?{before}(?P<sign>{SIGN})? ?{between}(?P<body>{body}){EXPONENT}{after}"
        # 1.- is a price without cents; behind a digit the hyphen is a minus.
        r"(?P<close>\))?(?:(?P<behind>(?<![.,])-)|(?<=[.,])[\-\u2013\u2014]{1,2})?"
    )


def _dropped(decimal: str) -> dict[int, str | None]:
    """Return what the marks between digits become for Python."""
    table: dict[int, str | None] = dict.fromkeys(map(ord, f"{SPACES}'\u2019\u02bc,."))
    return table | {ord(decimal): "."}


_DROPPED = {decimal: _dropped(decimal) for decimal in (".", ",")}


def read_number(word: str, notation: Notation) -> float | None:
    """Return the number that a word without blanks around it says in a notation; None where it says none."""
    values = read_numbers([word], notation)
    return None if np.isnan(values[0]) else float(values[0])


def read_numbers(words: Sequence[str], notation: Notation) -> Array:
    """Return the numbers that words say in a notation, float64 (words,); NaN where they say none."""
    values = np.full(len(words), np.nan)
    if notation.clock:
        hours = map(clock_hours, words)
        return np.array([np.nan if hour is None else hour for hour in hours], np.float64)
    for places in group_by_shape(words):
        first = words[places[0]]
        found = _pattern(notation).fullmatch(first)
        if found is None:
            if notation.percent and plain_number(first) == 0:  # nothing is no percent as well
                values[places] = 0.0
            continue
        opened, sign, behind = found["open"], found["sign"], found["behind"]
        if (opened is None) != (found["close"] is None) or ((opened or behind) and sign):
            continue
        start, end = found.span("body")
        exponent = int((found["exponent"] or "0").replace("\u2212", "-")) - (2 if notation.percent else 0)
        behind_digits = f"e{exponent}" if exponent else ""  # rounded once, so 46.4% is 0.464
        line = behind_digits + LINE
        text = line.join([words[at][start:end] for at in places.tolist()]) + behind_digits
        read = np.array(text.translate(_DROPPED[notation.decimal]).split(LINE), np.float64)
        read[np.isinf(read)] = np.nan
        values[places] = -read if opened or behind or sign in MINUS else read
    return values
