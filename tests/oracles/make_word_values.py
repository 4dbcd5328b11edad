"""Writes word_values.json: exp, expm1, log, log1p and tanh in 60 digits. Needs mpmath and no arguments.

Per word and type a list of [x, y, rest]: y is the value rounded to the type, and rest what is missing,
in units in the last place of y. x and y are C99 hexadecimal.
"""

from __future__ import annotations

import json
import math
import random
import struct
from pathlib import Path

from mpmath import mp, mpf

mp.dps = 60
WORDS = {"exp": mp.exp, "expm1": mp.expm1, "log": mp.log, "log1p": mp.log1p, "tanh": mp.tanh}
FORMATS = {"double": ("<d", "<Q", 52, -1022), "float": ("<f", "<I", 23, -126)}
POINTS = 100
# Where the methods change: ends of the ranges, ties of the reductions, the mantissa's ends, tiny numbers.
TURNS = {
    "exp": (709.78, 88.72, -708.39, -745.1, -87.33, -103.9, 0.3465735902799726, 1.0397207708399179, 1e-20),
    "expm1": (
        709.78,
        88.72,
        -37.5,
        -16.6,
        36.7,
        37.4,
        0.3465735902799726,
        -0.3465735902799726,
        1e-17,
        1e-310,
    ),
    "log": (1.0, 0.9999999, 1.0000001, 0.7071067811865476, 1.414213562373095, 2.0, 5e-324, 2.2e-308, 1.1e-38),
    "log1p": (-0.9999999, -0.2928932188134524, 0.414213562373095, 1e-17, 1e-8, 1e16, 1e308, 1e38, 1e-310),
    "tanh": (19.06, 9.01, 18.5, 0.17328679513998632, 0.5493061443340549, 1e-8, 1e-310, -0.25, 0.99),
}


def rounded(value: mpf, code: str) -> float:
    try:
        return float(struct.unpack(code, struct.pack(code, float(value)))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def points(word: str, type: str, rng: random.Random) -> list[float]:
    code, whole = FORMATS[type][:2]
    drawn = list(TURNS[word])
    drawn += [rng.uniform(-1, 1) * 2.0 ** rng.randint(-60, 10) for _ in range(POINTS)]
    drawn += [
        struct.unpack(code, struct.pack(whole, rng.getrandbits(struct.calcsize(code) * 8)))[0]
        for _ in range(POINTS)
    ]
    lowest = {"log": 0.0, "log1p": -1.0}.get(word, -math.inf)
    kept = sorted({rounded(mpf(x), code) for x in drawn if math.isfinite(x)})
    return [x for x in kept if x > lowest and x != 0 and math.isfinite(x)]


def row(x: float, word: str, type: str) -> list[object]:
    code, _whole, bits, lowest = FORMATS[type]
    if (word == "exp" and abs(x) > 1e4) or (word == "expm1" and x > 1e4):
        return [x.hex(), (math.inf if x > 0 else 0.0).hex(), 0.0]
    true = WORDS[word](mpf(x))
    y = rounded(true, code)
    if math.isinf(y):
        return [x.hex(), y.hex(), 0.0]
    unit = mpf(2) ** (max(math.frexp(y)[1] - 1, lowest) - bits)
    return [x.hex(), y.hex(), round(float((true - mpf(y)) / unit), 4)]


def main() -> None:
    rng = random.Random(20240607)
    values = {
        word: {type: [row(x, word, type) for x in points(word, type, rng)] for type in FORMATS}
        for word in WORDS
    }
    text = json.dumps(values).replace("], [", "],\n[")
    Path(__file__).with_name("word_values.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
