"""Numbers as the bytes of their texts, in matrices of one width with blanks that are dropped in the end."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.predict.shortest_digits import digits_of, shortest_digits

Array = NDArray[Any]

BLANK = 0xFF
"""The byte that stands for nothing: it occurs in no UTF-8 text."""
WORD = 8
"""Bytes that are moved at once. A number takes the words prefix, two or three of digits, suffix."""
SEPARATOR_AT, QUOTE_AT, QUOTED_AT, END_AT = 0, 1, 5, 6
"""Bytes left blank for what stands around a number: the first two in the prefix, the others in the suffix."""

_LEAST_POSITIONAL, _LEAST_SCIENTIFIC = -4, 16
"""Exponents between which Python's repr writes no exponent."""


def number_cells(values: Array, digits: int | None = None) -> Array:
    """Return the texts of numbers, uint64 (n, words), as bytes padded with BLANK anywhere.

    values: (n,) float32 or float64. The text is the shortest that reads back to the number in its own
    precision, in the form of Python's repr. digits: at most so many significant ones, correctly rounded.
    """
    usual = np.isfinite(values) & (values != 0)
    some_special = not usual.all()
    # An array of 0 dimensions keeps the precision.
    numbers = np.where(usual, values, values.dtype.type(1)) if some_special else values
    found, exponents = shortest_digits(numbers)
    width = digits_of(values.dtype.name)
    if digits is not None and digits < width:
        found, exponents = _rounded(numbers, found, exponents, width, digits)
    scientific = (exponents < _LEAST_POSITIONAL) | (exponents >= _LEAST_SCIENTIFIC)
    # Digits before the point; 0 where the number begins with "0.", which is in the prefix.
    whole = np.where(scientific, 1, np.maximum(exponents + 1, 0))
    length = width - _trailing_zeros(found)
    kept = np.where(scientific, length, np.maximum(length, np.where(whole > 0, whole + 1, 0)))
    words = 2 if width < 2 * WORD - 1 and int(whole.max(initial=0)) + 2 <= 2 * WORD else 3
    cells = np.empty((len(values), words + 2), np.uint64)
    zeros = np.where(scientific, 0, np.maximum(-exponents, 0))
    negative = np.signbit(values)
    cells[:, 0] = _prefixes().take(negative * 5 + zeros)
    cells[:, 1:-1] = _pointed(_characters(found, width, words), np.where(kept > whole, whole, 0), kept)
    cells[:, -1] = _suffixes().take(np.where(scientific, exponents + 325, 0))
    if some_special:
        at = np.flatnonzero(~usual)
        kind = np.where(np.isnan(values[at]), 2, np.where(np.isinf(values[at]), 1, 0))
        cells[at, 0] = _prefixes().take((negative[at] & (kind < 2)) * 5)
        cells[at, 1:-1] = _words(["0.0", "inf", "nan"], words).take(kind, axis=0)
        cells[at, -1] = _suffixes()[0]
    return cells


def _rounded(values: Array, found: Array, exponents: Array, width: int, digits: int) -> tuple[Array, Array]:
    """Return digits and exponents rounded to so many digits, with zeros behind.

    Rounding the shortest decimal rounds the number itself, as no shorter one lies between the two, unless the
    decimal ends right in the middle; then the number's own digits decide.
    """
    unit = 10 ** (width - digits)
    quotient, rest = np.divmod(found, np.uint64(unit))
    rounded = (quotient + (rest > unit // 2)) * np.uint64(unit)
    for at in np.flatnonzero(rest == unit // 2).tolist():
        mantissa, exponent = f"{abs(float(values[at])):.{digits - 1}e}".split("e")
        carried = int(exponent) > exponents[at]
        rounded[at] = int(mantissa.replace(".", "")) * unit * (10 if carried else 1)
    carried = rounded >= np.uint64(10**width)
    return np.where(carried, rounded // np.uint64(10), rounded), exponents + carried


def _trailing_zeros(digits: Array) -> Array:
    """Return how many zeros each number ends with, int64."""
    ten = np.uint64(10)
    zeros = np.zeros(len(digits), np.int64)
    quotient = digits // ten
    at = np.flatnonzero(quotient * ten == digits)
    rest = quotient[at]
    while len(at):
        zeros[at] += 1
        quotient = rest // ten
        more = quotient * ten == rest
        at, rest = at[more], quotient[more]
    return zeros


def _characters(digits: Array, width: int, words: int) -> Array:
    """Return the digits as characters, uint64 (n, words), followed by zeros."""
    characters = np.full((len(digits), 2 * words), int.from_bytes(b"0000"), np.uint32)
    table = _four_digits()
    tail = width % WORD  # 1 in both precisions: groups of eight digits, and a last one
    quotient = digits // np.uint64(10**tail)
    last = digits - quotient * np.uint64(10**tail)
    characters[:, width // 4] = table.take((last * np.uint64(1000)).astype(np.intp))
    for place in range(width // WORD - 1, -1, -1):
        above = quotient // np.uint64(10**8)
        eight = (quotient - above * np.uint64(10**8)).astype(np.uint32)
        upper = eight // np.uint32(10**4)
        characters[:, 2 * place] = table.take(upper)
        characters[:, 2 * place + 1] = table.take(eight - upper * np.uint32(10**4))
        quotient = above
    return characters.view(np.uint64)


def _pointed(characters: Array, point: Array, kept: Array) -> Array:
    """Return the first `kept` characters of each row with a point after `point` of them; 0: without."""
    words = characters.shape[1]
    before, after, points, ends = _masks(words)
    shifted = np.empty_like(characters)
    # What moves over from the row above lies before any point.
    shifted.view(np.uint8).ravel()[1:] = characters.view(np.uint8).ravel()[:-1]
    pointed = characters & before.take(point, axis=0)
    shifted &= after.take(point, axis=0)
    pointed |= shifted
    pointed |= points.take(point, axis=0)
    pointed |= ends.take(kept + (point > 0), axis=0)
    return pointed


@cache
def _masks(words: int) -> tuple[Array, Array, Array, Array]:
    """Return by the place of the point what stays, what moves and the point; by length what is blank."""
    at = np.arange(words * WORD)
    place = np.arange(words * WORD)[:, None]
    before = np.where((at < place) | (place == 0), BLANK, 0)
    after = np.where((at > place) & (place > 0), BLANK, 0)
    points = np.where((at == place) & (place > 0), ord("."), 0)
    ends = np.where(at >= np.arange(words * WORD + 1)[:, None], BLANK, 0)
    found = [np.ascontiguousarray(each, np.uint8).view(np.uint64) for each in (before, after, points, ends)]
    return found[0], found[1], found[2], found[3]


@cache
def _four_digits() -> Array:
    return np.frombuffer(b"".join(b"%04d" % number for number in range(10**4)), np.uint32)


@cache
def _prefixes() -> Array:
    """Return sign, "0." and zeros, by 5 · negative + place of the first digit behind the point (0: none)."""
    starts = [f"{'':5}" if not place else ("0." + "0" * (place - 1)).ljust(5) for place in range(5)]
    return _words([f"  {sign}{start}" for sign in " -" for start in starts], 1)[:, 0]


@cache
def _suffixes() -> Array:
    """Return the exponents from -324 on, after an empty text."""
    return _words(["", *(f"e{exponent:+03d}" for exponent in range(-324, 309))], 1)[:, 0]


def _words(texts: list[str], words: int) -> Array:
    """Return ASCII texts as uint64 (texts, words); blanks become BLANK."""
    padded = "".join(text.ljust(words * WORD) for text in texts).encode().replace(b" ", bytes([BLANK]))
    return np.frombuffer(padded, np.uint64).reshape(len(texts), words)
