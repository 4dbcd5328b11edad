"""ColumnSchema: what the cells of one column mean, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

NUMBER, TRUTH, CATEGORY, ORDINAL, DATE = "number", "truth", "category", "ordinal", "date"
ID, COUNTER, TEXT, CONSTANT, EMPTY = "id", "counter", "text", "constant", "empty"
KINDS = (NUMBER, TRUTH, CATEGORY, ORDINAL, DATE, ID, COUNTER, TEXT, CONSTANT, EMPTY)
"""What a column can be; a constant one is of one value and read as numbers or categories as that value is."""


@dataclass(frozen=True, kw_only=True)
class Notation:
    """How the numbers of a column are written, beyond plain ones.

    decimal: the mark before fractions. thousands: the mark between groups of three digits. currency, unit:
    the sign or word before or after all numbers. percent: whether they are in percent; the number is the share.
    clock: whether they are times of day, 19:49; the number is in hours. Brackets around a number, a Unicode
    minus and D for E in an exponent are read in every notation.
    """

    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    unit: str = ""
    percent: bool = False
    clock: bool = False


PLAIN = Notation()


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """The meaning of one column.

    kind: one of KINDS. missing: words, or numbers as text, that stand for no value in this column, in the
    spelling of the file. levels: of a truth value the words for no and for yes; of an ordinal all, in their
    order; of a category none: they are fitted. date_format: how dates are written. words: other words beside
    the two levels of a truth value, or spellings, are known by themselves. why: the reason for the kind, a
    sentence without a full stop. used: whether it is an input (or the target).
    """

    name: str
    kind: str = NUMBER
    notation: Notation = PLAIN
    missing: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    date_format: str = ""
    why: str = ""
    used: bool = True
