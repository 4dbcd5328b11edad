"""ColumnSchema: what the cells of one column mean, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.data.schema.dates import format_fault
from mlpcli.wording import listed

NUMBER, TRUTH, CATEGORY, ORDINAL, DATE = "number", "truth", "category", "ordinal", "date"
ID, COUNTER, TEXT, CONSTANT, EMPTY = "id", "counter", "text", "constant", "empty"
KINDS = (NUMBER, TRUTH, CATEGORY, ORDINAL, DATE, ID, COUNTER, TEXT, CONSTANT, EMPTY)
"""What a column can be; a constant one is of one value and read as numbers or categories as that value is."""
MARKS = (",", ".", " ", "'")


@dataclass(frozen=True, kw_only=True)
class Notation:
    """How the numbers of a column are written, beyond plain ones.

    decimal: the mark before fractions. thousands: the mark between groups of three digits. currency, unit:
    the sign or word before or after numbers. percent: whether they are in percent; the number is the share.
    clock: whether they are times of day, or durations, 19:49; the number is in hours. Brackets around a
    number, a Unicode minus and D for E in an exponent are read in every notation.
    """

    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    unit: str = ""
    percent: bool = False
    clock: bool = False

    def fault(self) -> str:
        """Say what cannot be true of a notation; empty when all is well."""
        if self.decimal not in (".", ","):
            return f"the decimal mark {self.decimal!r} is not known."
        if self.thousands not in ("", *MARKS) or self.thousands == self.decimal:
            return f"the mark of thousands {self.thousands!r} cannot be beside {self.decimal!r}."
        if self.percent and self.clock:
            return "percent and times of day exclude each other."
        return ""


PLAIN = Notation()


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """The meaning of one column.

    kind: one of KINDS. missing: words, or numbers as text, that stand for no value in this column, in the
    spelling of the file. usual_missing: whether the usual words for that do so too. levels: the words for no
    and yes of a truth value, and 0 and 1 of a number column that has nothing else; of an ordinal all, in
    their order; the one word of a constant that is no number; of a category none: they are fitted. Other
    words for the two levels of a truth value, or spellings, are known by themselves. date_format: how dates
    are written. why: the reason for the kind, without a full stop. used: whether it is an input (or the
    target).
    """

    name: str
    kind: str = NUMBER
    notation: Notation = PLAIN
    missing: tuple[str, ...] = ()
    usual_missing: bool = True
    levels: tuple[str, ...] = ()
    date_format: str = ""
    why: str = ""
    used: bool = True

    @property
    def numeric(self) -> bool:
        """Whether a cell is read as a number that stands there in the notation."""
        return self.kind in (NUMBER, COUNTER) or (self.kind == CONSTANT and not self.levels)

    def fault(self) -> str:
        """Say what cannot be true of a column; empty when all is well."""
        if self.kind not in KINDS:
            return f"{self.name!r}: the kind {self.kind!r} is none of {listed(KINDS, len(KINDS))}."
        if len(set(self.levels)) < len(self.levels):
            return f"{self.name!r}: a level comes twice."
        allowed = {TRUTH: (2,), NUMBER: (0, 2), CONSTANT: (0, 1), ORDINAL: range(2, 1 + len(self.levels))}
        if len(self.levels) not in allowed.get(self.kind, (0,)):
            return f"{self.name!r}: {len(self.levels)} levels do not fit the kind {self.kind}."
        if (self.kind == DATE) != bool(self.date_format):
            return f"{self.name!r}: a format of dates is there for a date, and for nothing else."
        wrong = format_fault(self.date_format) if self.date_format else ""
        return f"{self.name!r}: {wrong}." if wrong else ""
