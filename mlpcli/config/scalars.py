"""What one YAML word can mean. YAML 1.1's own guesses (no = false, 012 = 10, 1:30 = 90) are not made."""

from __future__ import annotations

import math
import re
import sys

TRUE = ("true", "True", "TRUE")
FALSE = ("false", "False", "FALSE")
NULL = ("", "~", "null", "Null", "NULL")
YES_NO = ("y", "yes", "on", "n", "no", "off")

# Patterns are text: re compiles one when it is first needed, and keeps it.
NUMBER = r"[-+]?[0-9._]*[0-9][0-9._]*([eE][-+]?[0-9]+)?"
LEADING_ZERO = r"([-+]?)0[0-9_]*[0-9]"
RADIX = r"[-+]?0[xXoObB][0-9a-fA-F_]+"
NOT_FINITE = r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
# Unquoted words that cannot be mistaken for YAML punctuation, in block and in flow style.
PLAIN = r"(?!-( |$))[\w./~+-]([\w ./~+\\%@=^()$-]*[\w./~+)-])?"
LONGEST_NUMBER = 400
"""More digits than any float needs; Python itself refuses to read very long integers."""


def as_number(text: str) -> int | float | None:
    """Return the number that a plain decimal word means (1e-3, 1_000, +.5); None for any other word.

    A float may be infinite (1e999).
    """
    if len(text) > LONGEST_NUMBER or not re.fullmatch(NUMBER, text) or re.fullmatch(LEADING_ZERO, text):
        return None
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def as_whole(number: int | float) -> int | None:
    """Return the integer that a number is equal to (1e12 is one); None for others."""
    if isinstance(number, float):
        return int(number) if math.isfinite(number) and number.is_integer() else None
    return number


def as_float(number: int | float) -> float | None:
    """Return the finite float nearest to a number; None where there is none."""
    return float(number) if abs(number) <= sys.float_info.max else None


def odd_number(text: str) -> str:
    """Return a remedy for numbers that YAML readers disagree about or that are non-finite; else ''."""
    if re.fullmatch(NOT_FINITE, text):
        return "The number must be finite."
    if len(text) <= LONGEST_NUMBER and re.fullmatch(LEADING_ZERO, text):
        return f"A leading zero means octal to some readers. Write {int(text)}."
    if len(text) <= LONGEST_NUMBER and re.fullmatch(RADIX, text):
        try:
            return f"Write {int(text, 0)}."
        except ValueError:
            pass
    return ""


def means_more_than_text(text: str) -> bool:
    """Tell whether quotes around this word change what it means."""
    return (
        text in NULL + TRUE + FALSE
        or as_number(text) is not None
        or re.fullmatch(NOT_FINITE, text) is not None
        or re.fullmatch(LEADING_ZERO, text) is not None
        or re.fullmatch(RADIX, text) is not None
    )


def write_text(text: str, quoted: bool = True) -> str:
    """Write the word as YAML that reads back as this text, quoted only where it has to be."""
    if re.fullmatch(PLAIN, text) and not (quoted and means_more_than_text(text)):
        return text
    return '"' + "".join(escape(sign) for sign in text) + '"'


def escape(sign: str) -> str:
    """Write a sign as it stands between double quotes."""
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}.get(sign)
    return short or (sign if sign.isprintable() else f"\\U{ord(sign):08x}")


def shorten(text: str, limit: int = 60) -> str:
    """Return one printable line of at most `limit` signs, for messages."""
    line = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[: limit + 1])
    return line if len(line) <= limit else line[: limit - 1] + "…"
