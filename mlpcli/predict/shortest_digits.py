"""The fewest decimal digits that read back to a float, for whole arrays at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_MASK32 = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


@dataclass(frozen=True, kw_only=True)
class _Format:
    """A format of IEEE 754. digits: the most that a number needs. least, most: powers of ten of the table."""

    bits: type[Any]
    fraction_bits: int
    bias: int
    digits: int
    least: int
    most: int


_FORMATS = {
    "float32": _Format(bits=np.uint32, fraction_bits=23, bias=150, digits=9, least=-31, most=45),
    "float64": _Format(bits=np.uint64, fraction_bits=52, bias=1075, digits=17, least=-292, most=324),
}


def digits_of(precision: str) -> int:
    """Return how many digits shortest_digits() gives. precision: float32 or float64."""
    return _FORMATS[precision].digits


def shortest_digits(values: Array) -> tuple[Array, Array]:
    """Return the digits of the shortest decimals that read back to these numbers, and their exponents.

    values: (n,) float32 or float64, finite, not zero; the sign is passed over. digits: uint64 (n,), with
    zeros behind up to digits_of(precision) digits. exponents: int64 (n,): the power of ten of the first
    digit. Among several decimals of one length it is the one nearest to the number.

    The method is that of R. Giulietti, "The Schubfach way to render doubles" (2020), in the form of
    A. Jacob's Drachennest, with array operations in place of branches.
    """
    format_ = _FORMATS[values.dtype.name]
    bits = values.view(format_.bits).astype(np.uint64)
    fraction = bits & np.uint64((1 << format_.fraction_bits) - 1)
    biased = (bits >> np.uint64(format_.fraction_bits)).astype(np.int64)
    biased &= (1 << (8 * values.itemsize - 1 - format_.fraction_bits)) - 1
    significand = np.where(biased > 0, fraction | np.uint64(1 << format_.fraction_bits), fraction)
    # Below a power of two the neighbour is half as far away as above.
    closer = (fraction == 0) & (biased > 1)
    power = np.maximum(biased, 1) - format_.bias
    ten = (power * 1262611 - closer * 524031) >> 22  # ⌊log10 of the spacing⌋
    shift = (power + ((-ten * 1741647) >> 19) + 1).astype(np.uint64)
    scale = _scaled32 if values.itemsize == 4 else _scaled64
    lower, middle, upper = scale(significand, shift, closer, -ten - format_.least)
    odd = significand & np.uint64(1)  # an even significand also has what lies right on the border
    digits, shorter = _within(lower + odd, middle, upper - odd)
    return _padded(digits, ten + shorter, format_.digits)


def _within(lower: Array, middle: Array, upper: Array) -> tuple[Array, Array]:
    """Return the whole number to take, and whether it counts tens. All are four times the scaled number."""
    four, ten, forty = np.uint64(4), np.uint64(10), np.uint64(40)
    ones = middle >> np.uint64(2)
    tens = ones // ten
    below = tens * forty
    under, over = lower <= below, below + forty <= upper
    shorter = (under != over) & (tens > 0)
    low = ones << np.uint64(2)
    down, up = lower <= low, low + four <= upper
    # The nearer of the two, the even one of a tie.
    rest = middle - low + (ones & np.uint64(1))
    raised = np.where(down != up, up, rest > np.uint64(2))
    return np.where(shorter, tens + over, ones + raised), shorter


def _padded(digits: Array, exponents: Array, width: int) -> tuple[Array, Array]:
    """Append zeros until all have `width` digits; return them, and the power of ten of the first one."""
    least = np.uint64(10 ** (width - 1))
    while (few := digits < least).any():
        digits = np.where(few, digits * np.uint64(10), digits)
        exponents = exponents - few
    return digits, exponents + (width - 1)


# 10^k is g · 2^e with 2^(b-1) <= g < 2^b, rounded up, where b is 64 bits or 128. The whole part of a product
# with it is kept, and one bit that says whether anything lies behind it ("round to odd").


def _scaled32(significand: Array, shift: Array, closer: Array, at: Array) -> tuple[Array, Array, Array]:
    (power,) = _powers("float32")
    power = power.take(at)
    high, low = power >> _32, power & _MASK32
    quadruple = significand << np.uint64(2)
    found = []
    for times in (quadruple - np.uint64(2) + closer, quadruple, quadruple + np.uint64(2)):
        times = times << shift
        product = high * times + ((low * times) >> _32)
        found.append((product >> _32) | ((product & _MASK32) > 1))
    return found[0], found[1], found[2]


def _scaled64(significand: Array, shift: Array, closer: Array, at: Array) -> tuple[Array, Array, Array]:
    powers = _powers("float64")
    high, low = powers[0].take(at), powers[1].take(at)
    times = significand << (shift + np.uint64(2))
    # The product has three limbs of 64 bits: whole, part, tail.
    tail = low * times
    carried = _high_limb(low, times)
    part = high * times + carried
    whole = _high_limb(high, times) + (part < carried)
    # Half a spacing away to either side: 2 · 2^shift times the power, in limbs too.
    left, right = shift + np.uint64(1), np.uint64(63) - shift
    step = high >> right, (high << left) | (low >> right), low << left
    above = _add((whole, part, tail), step)
    quarter = closer.astype(np.uint64)  # of a spacing, where the neighbour below is closer
    right = right + quarter
    left = left - quarter
    below = _subtract((whole, part, tail), (high >> right, (high << left) | (low >> right), low << left))
    return _to_odd(*below), _to_odd(whole, part), _to_odd(*above)


def _add(limbs: tuple[Array, Array, Array], others: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Return the upper two limbs of a sum."""
    tail = limbs[2] + others[2]
    part = limbs[1] + others[1]
    carried = part < others[1]
    part += tail < others[2]
    carried |= (part == 0) & (tail < others[2])
    return limbs[0] + others[0] + carried, part


def _subtract(limbs: tuple[Array, Array, Array], others: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Return the upper two limbs of a difference."""
    borrowed = (limbs[2] < others[2]).astype(np.uint64)
    part = limbs[1] - others[1]
    lacking = (limbs[1] < others[1]) | (part < borrowed)
    return limbs[0] - others[0] - lacking, part - borrowed


def _to_odd(whole: Array, part: Array) -> Array:
    result: Array = whole | (part > np.uint64(1))
    return result


def _high_limb(first: Array, second: Array) -> Array:
    """Return the upper 64 bits of the products of two uint64 arrays."""
    a1, a0 = first >> _32, first & _MASK32
    b1, b0 = second >> _32, second & _MASK32
    crossed = a0 * b1
    middle = ((a0 * b0) >> _32) + (crossed & _MASK32) + a1 * b0
    result: Array = a1 * b1 + (crossed >> _32) + (middle >> _32)
    return result


@cache
def _powers(precision: str) -> tuple[Array, ...]:
    """Return the powers of ten from `least` on, in limbs of 64 bits, the upper one first."""
    format_ = _FORMATS[precision]
    size = 64 if precision == "float32" else 128
    limbs = []
    for exponent in range(format_.least, format_.most + 1):
        top, bottom = 10 ** max(exponent, 0), 10 ** max(-exponent, 0)
        shift = size - (top.bit_length() - bottom.bit_length())
        for bits in (shift - 1, shift, shift + 1):
            whole = (top << max(bits, 0)) // (bottom << max(-bits, 0))
            if whole.bit_length() == size:
                whole += 1
                limbs.append([(whole >> at) & (2**64 - 1) for at in range(size - 64, -1, -64)])
                break
    return tuple(np.array(limb, np.uint64) for limb in zip(*limbs, strict=True))
