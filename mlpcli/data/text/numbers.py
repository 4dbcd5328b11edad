"""Plain numbers out of bytes, many cells at once: eight characters are one 64-bit word.

Daniel Lemire's way of reading eight digits with three multiplications, see
https://lemire.me/blog/2022/01/21/swar-explained-parsing-eight-digits/.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import EXACT

Array = NDArray[Any]

LONGEST = 24
"""Characters of a number that is read here, without its exponent: three words."""
_WITH_EXPONENT = 5  # characters of the shortest number with an exponent of two digits
KEEP = np.array([(1 << 8 * count) - 1 for count in range(9)], "<u8")
"""Masks that keep so many characters of a word."""

_U = np.uint64
_ONES, _HIGHS = _U(0x0101010101010101), _U(0x8080808080808080)
_POINTS, _ZEROS, _OVER_NINE = _U(0x2E2E2E2E2E2E2E2E), _U(0x3030303030303030), _U(0x7676767676767676)
_EVERY_FOURTH = _U(0x000000FF000000FF)
_PAIRS, _FOURS = _U(100 + (1_000_000 << 32)), _U(1 + (10_000 << 32))
_MINUS, _PLUS = 0x2D, 0x2B
_POWERS = 10.0 ** np.arange(23)
_EXACT = _U(EXACT)
_WHOLE_POWERS = np.array([10**count for count in range(17)], "<u8")
# The smallest whole number of so many digits: a smaller one has leading zeros, and no digit is no number.
_SMALLEST = np.array([1 << 63, 0, *(10**count for count in range(1, 19))], "<u8")
_EXTENDED = np.finfo(np.longdouble).nmant == 63  # the x87 format: 64 bits, of which one is the leading one
_LONG_POWERS = np.longdouble(10) ** np.arange(28) if _EXTENDED else np.ones(28, np.longdouble)


def parse(words: Array, starts: Array, lengths: Array) -> tuple[Array, Array]:
    """Read cells as plain numbers; return float64 (cells,) and bool (cells,): which of them were read.

    words: uint64, the eight bytes from each place of the text on. starts, lengths: int64 (cells,), without
    blanks; `LONGEST` bytes after the last cell must be there. A cell that is not read may still be a number:
    one with an exponent, or a very long one.
    """
    longest = int(lengths.max(initial=0))
    if longest <= 8:
        values, read = _short(words[starts] & KEEP.take(lengths), lengths)
    else:
        values = np.empty(len(starts))
        read = np.zeros(len(starts), bool)
        short = lengths <= 8
        at = np.flatnonzero(short)
        if len(at):
            begin, length = starts[at], lengths[at]
            values[at], read[at] = _short(words[begin] & KEEP.take(length), length)
        at = np.flatnonzero(~short)
        values[at], read[at] = _long(words, starts[at], lengths[at])
    if longest >= _WITH_EXPONENT:
        at = np.flatnonzero(~read & (lengths >= _WITH_EXPONENT) & (lengths <= 8))
        at = at[_exponents(words, starts[at], lengths[at])[1]]
        if len(at):
            values[at], read[at] = _long(words, starts[at], lengths[at])
    return values, read


def _exponents(words: Array, starts: Array, lengths: Array) -> tuple[Array, Array]:
    """Return the exponents at the ends of cells of at least five characters, int64, and where there is one.

    Only those with a sign and two digits are seen, as programs write them.
    """
    tail = words[starts + lengths - 4]
    letter = (tail | _U(0x20)) & _U(0xFF) == ord("e")
    sign = (tail >> _U(8)) & _U(0xFF)
    tens, ones = ((tail >> _U(shift)) - _U(0x30) & _U(0xFF) for shift in (16, 24))
    there = letter & ((sign == _PLUS) | (sign == _MINUS)) & (tens < 10) & (ones < 10)
    size = (tens * _U(10) + ones).astype(np.int64)
    return np.where(there, np.where(sign == _MINUS, -size, size), 0), there


def _short(word: Array, lengths: Array) -> tuple[Array, Array]:
    """Read cells of at most eight characters, each in one word whose other bytes are 0."""
    first = word.view(np.uint8)[::8].copy()
    negative, positive = first == _MINUS, first == _PLUS
    signed = negative | positive
    word ^= _sign_to_zero(negative, positive)
    below = _below_point(word)
    place = np.bitwise_count(below) >> 3
    length = lengths.astype(np.uint8)
    point = place < length
    digits = length - point
    shifted = word >> _U(8)
    word = shifted ^ ((word ^ shifted) & below)
    values, right = _digits(word, digits)
    digits -= signed
    right &= digits > 0
    numbers = values.view(np.int64).astype(np.float64)
    whole = np.flatnonzero(~point)
    if len(whole) < len(point):
        numbers /= _POWERS.take((length - place - 1) * point)
    if len(whole):
        right[whole] &= values[whole] >= _SMALLEST.take(digits[whole])
    return _with_sign(numbers, negative), right


def _long(words: Array, starts: Array, lengths: Array) -> tuple[Array, Array]:
    """Read cells of at least five characters, at most `LONGEST` before an exponent, each in three words."""
    exponent, with_exponent = _exponents(words, starts, lengths)
    lengths = lengths - 4 * with_exponent
    too_long = lengths > LONGEST
    lengths = np.minimum(lengths, LONGEST)
    parts = [words[starts + 8 * at] & KEEP.take(np.clip(lengths - 8 * at, 0, 8)) for at in range(3)]
    first = parts[0].view(np.uint8)[::8].copy()
    negative, positive = first == _MINUS, first == _PLUS
    parts[0] ^= _sign_to_zero(negative, positive)
    place = np.zeros(len(starts), np.uint8)
    passed = np.zeros(len(starts), bool)  # whether the point was in an earlier word
    moved = []
    for part, following in zip(parts, [*parts[1:], np.zeros_like(parts[0])], strict=True):
        below = np.where(passed, _U(0), _below_point(part))
        place += np.bitwise_count(below) >> 3
        shifted = (part >> _U(8)) | (following << _U(56))
        moved.append(shifted ^ ((part ^ shifted) & below))
        passed |= below != ~_U(0)
    length = lengths.astype(np.uint8)
    point = place < length
    digits = length - point
    counts = [np.clip(digits.astype(np.int8) - 8 * at, 0, 8).astype(np.uint8) for at in range(3)]
    (high, right), (middle, right_too), (low, right_also) = map(_digits, moved, counts)
    wrong = ~(right & right_too & right_also)
    digits -= negative | positive
    behind = counts[1] + counts[2]
    mantissa = (high * _WHOLE_POWERS.take(behind)) + middle * _WHOLE_POWERS.take(counts[2]) + low
    size = high.astype(np.float64) * _POWERS.take(behind)
    power = exponent - ((length - place - 1) * point).astype(np.int64)
    # Whole numbers with a zero before them, or from 2⁵³ on, are words.
    whole = ~(point | with_exponent)
    wrong |= whole & ((mantissa < _SMALLEST.take(np.minimum(digits, 19))) | (mantissa >= _EXACT))
    wrong |= (digits == 0) | (digits > 24) | too_long | (size > 1.8e19) | (np.abs(power) > 27)
    power[wrong] = 0
    numbers = mantissa.astype(np.float64)
    size_of_power = np.minimum(np.abs(power), 22)
    numbers /= _POWERS.take(np.where(power < 0, size_of_power, 0))
    if with_exponent.any():
        numbers *= _POWERS.take(np.where(power > 0, size_of_power, 0))
    exact = (mantissa < _EXACT) & (np.abs(power) < 23)
    rest = np.flatnonzero(~exact & ~wrong)
    if len(rest):
        numbers[rest], wrong[rest] = _rounded(mantissa[rest], power[rest])
    return _with_sign(numbers, negative), ~wrong


def _sign_to_zero(negative: Array, positive: Array) -> Array:
    """Return what turns a sign in the first byte into the digit 0."""
    change = negative.view(np.uint8) * np.uint8(_MINUS ^ 0x30)
    if positive.any():
        change |= positive.view(np.uint8) * np.uint8(_PLUS ^ 0x30)
    return change.astype(np.uint64)


def _below_point(word: Array) -> Array:
    """Return masks of the bytes before the first point; all bytes where there is none."""
    other = word ^ _POINTS
    found = (other - _ONES) & ~other & _HIGHS
    below: Array = ((found & np.negative(found)) >> _U(7)) - _U(1)
    return below


def _digits(word: Array, count: Array) -> tuple[Array, Array]:
    """Read the first `count` characters, uint8, of each word as digits; return uint64 and where all are."""
    word = (word ^ _ZEROS) << ((8 - count) << 3).astype(np.uint64)
    right = (((word + _OVER_NINE) | word) & _HIGHS) == 0
    word = word * _U(10) + (word >> _U(8))
    word = (word & _EVERY_FOURTH) * _PAIRS + ((word >> _U(16)) & _EVERY_FOURTH) * _FOURS
    return word >> _U(32), right


def _rounded(mantissa: Array, power: Array) -> tuple[Array, Array]:
    """Multiply uint64 by powers of ten, -27 … 27, and round to the nearest float64; return also where unsure.

    The result is first rounded to the 64 bits of the x87 format. Rounding again is right but where these
    lie half way between two float64.
    """
    if not _EXTENDED:
        return np.zeros(len(mantissa)), np.ones(len(mantissa), bool)
    value = mantissa.astype(np.longdouble) / _LONG_POWERS.take(np.maximum(-power, 0))
    value *= _LONG_POWERS.take(np.maximum(power, 0))
    halfway = (value.view(np.uint64)[::2] & _U(0x7FF)) == _U(0x400)
    return value.astype(np.float64), halfway


def _with_sign(numbers: Array, negative: Array) -> Array:
    bits = numbers.view(np.uint64)
    bits ^= negative.astype(np.uint64) << _U(63)
    return numbers
