"""Notations of numbers: reading words by one, exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import plain_number
from mlpcli.data.schema.column_schema import Notation

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
    r"(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9](?:[.,][0-9]+)?))?"
    r"(?: ?(?P<half>[aApP])\.?[mM]\.?)?"
)


def clock_hours(word: str) -> float | None:
    """Return the hours since midnight of a time of day, as 19:49, 19:49:30 or 7:49 pm; None for others."""
    found = CLOCK.fullmatch(word)
    if found is None:
        return None
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] in "pP" else 0)
    second = float((found["second"] or "0").replace(",", "."))
    hours = hour + int(found["minute"]) / 60 + second / 3600
    return hours if hours <= 24 else None


def body_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of digits with these marks: groups of exactly three digits, or no groups at all.

    A decimal comma leaves the point no other meaning than that of thousands, so these are read beside it.
    Whole numbers with a leading zero are none, as they are no plain numbers.
    """
    marks = {thousands} - {""} | ({"."} if decimal == "," else set())
    groups = "".join(rf"|[1-9][0-9]{{0,2}}(?:{GROUPING[mark]}[0-9]{{3}})+" for mark in sorted(marks))
    point = re.escape(decimal)
    return rf"(?:(?:[0-9]+{groups})?{point}[0-9]+|(?:[0-9]+{groups}){point}|(?:0|[1-9][0-9]*{groups}))"


@lru_cache(maxsize=256)
def _reader(notation: Notation) -> Callable[[str], float | None]:
    """Return the function that reads a word in a notation; the same one each time."""
    if notation.clock:
        return clock_hours
    currency = f"(?:{re.escape(notation.currency)})" if notation.currency else ""
    before = f"(?:{currency} ?)?" if currency else ""
    after = ""
    if notation.percent:
        after = f"[{SPACES}]?{PERCENT}"
    elif notation.unit or currency:
        options = [re.escape(each) for each in (notation.unit, notation.currency) if each]
        after = f"(?:[{SPACES}]?(?:{'|'.join(options)}))?"
    body = body_pattern(notation.decimal, notation.thousands)
    pattern = re.compile(
        rf"(?P<open>\()?{before}(?P<sign>{SIGN})? ?{before}(?P<body>{body}){EXPONENT}{after}"
        r"(?P<close>\))?(?P<behind>-)?"
    )
    drop = dict.fromkeys(map(ord, f"{SPACES}'\u2019\u02bc,."))
    del drop[ord(notation.decimal)]
    drop[ord(",")] = "." if notation.decimal == "," else None

    def read(word: str) -> float | None:
        found = pattern.fullmatch(word)
        if found is None:
            zero = plain_number(word) == 0 if notation.percent else False
            return 0.0 if zero else None
        opened, sign = found["open"], found["sign"]
        if (opened is None) != (found["close"] is None) or ((opened or found["behind"]) and sign):
            return None
        text = found["body"].translate(drop)
        exponent = int((found["exponent"] or "0").replace("\u2212", "-")) - (2 if notation.percent else 0)
        value = float(f"{text}e{exponent}" if exponent else text)  # rounded once, so 46.4% is 0.464
        if value == np.inf:
            return None
        return -value if opened or found["behind"] or sign in MINUS else value

    return read


def read_number(word: str, notation: Notation) -> float | None:
    """Return the number that a word without blanks around it says in a notation; None where it says none."""
    return _reader(notation)(word)


def read_numbers(words: Sequence[str] | Iterable[str], notation: Notation) -> Array:
    """Return the numbers that words say in a notation, float64 (words,); NaN where they say none."""
    read = _reader(notation)
    return np.array([np.nan if (value := read(word)) is None else value for word in words], np.float64)
