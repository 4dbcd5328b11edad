"""Prints the coefficients in mlpcli/execute/native/codegen/functions.py. Needs mpmath and no arguments.

Remez exchange in 60 digits: the polynomial p of the given degree that makes the largest
|weight · (p - function)| on the interval smallest, then rounded to the type.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from mpmath import mp, mpf

mp.dps = 60
Function = Callable[[mpf], mpf]


def tail_of_exp(r: mpf) -> mpf:
    """(e^r - 1 - r) / r²."""
    if abs(r) > mpf(10) ** -4:
        return (mp.expm1(r) - r) / r**2
    return mp.fsum(r**n / mp.factorial(n + 2) for n in range(14))


def weight_of_exp(r: mpf) -> mpf:
    """An error of the tail, relative to e^r - 1: the stricter of its two uses."""
    return abs(r) if abs(r) < mpf(10) ** -30 else abs(r**2 / mp.expm1(r))


def tail_of_atanh(z: mpf) -> mpf:
    """(2·atanh(s) - 2s) / s³ with z = s²."""
    if z > mpf(10) ** -5:
        s = mp.sqrt(z)
        return (2 * mp.atanh(s) - 2 * s) / s**3
    return mp.fsum(2 * z**n / (2 * n + 3) for n in range(14))


def remez(function: Function, weight: Function, low: mpf, high: mpf, degree: int) -> tuple[list[mpf], mpf]:
    """Coefficients, lowest first, and the largest weighted error."""
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / 600) for i in range(601)]
    values, weights = [function(x) for x in grid], [weight(x) for x in grid]
    # The weight of exp is zero at 0, the middle of its interval, so no first point may be there.
    points = [round(597 * (i + 0.5) / (degree + 2)) for i in range(degree + 2)]
    for _ in range(40):
        rows = [
            [grid[p] ** n for n in range(degree + 1)] + [(-1) ** i / weights[p]] for i, p in enumerate(points)
        ]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([values[p] for p in points]))
        coefficients = list(solution)[:-1]
        errors = [
            w * (mp.polyval(coefficients[::-1], x) - v) for x, v, w in zip(grid, values, weights, strict=True)
        ]
        chosen = alternating_peaks(errors)
        while len(chosen) > degree + 2:  # drop the weaker end
            chosen.pop(0 if abs(errors[chosen[0]]) < abs(errors[chosen[-1]]) else -1)
        if chosen == points:
            break
        points = chosen
    return coefficients, max(abs(e) for e in errors)


def alternating_peaks(errors: list[mpf]) -> list[int]:
    """The place of the largest error in each run of one sign."""
    chosen: list[int] = []
    for place, error in enumerate(errors):
        if error == 0:
            continue
        if chosen and (errors[chosen[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[chosen[-1]]):
                chosen[-1] = place
        else:
            chosen.append(place)
    return chosen


def round_to_float(value: mpf) -> float:
    return float(struct.unpack("<f", struct.pack("<f", float(value)))[0])


def show(name: str, coefficients: list[mpf], error: mpf, rounding: Callable[[mpf], float]) -> None:
    print(f"{name}: error 2^{float(mp.log(error, 2)):.1f}")
    print("   " + " ".join(f"{rounding(c)!r}," for c in coefficients))


def split_ln2(bits: int) -> tuple[mpf, mpf]:
    """ln 2 as a head of so many bits, whose product with a small integer is exact, and the rest."""
    head = mp.floor(mp.ln(2) * mpf(2) ** bits) / mpf(2) ** bits
    return head, mp.ln(2) - head


def main() -> None:
    half = mp.ln(2) / 2 * mpf("1.001")  # rounding may choose the next integer at a tie
    largest = (3 - 2 * mp.sqrt(2)) ** 2 * mpf("1.0001")  # s² where m = √2 or √½
    for rounding, exp_degree, log_degree, bits in ((float, 10, 6, 42), (round_to_float, 5, 2, 15)):
        show("exp", *remez(tail_of_exp, weight_of_exp, -half, half, exp_degree), rounding)
        show("log", *remez(tail_of_atanh, lambda z: z, mpf(10) ** -9, largest, log_degree), rounding)
        head, rest = split_ln2(bits)
        print("ln 2:", repr(rounding(head)), repr(rounding(rest)))


if __name__ == "__main__":
    main()
