"""Reading: what is known beforehand about how a data file is to be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is to be read, as far as the config or the model says it; formats take what concerns them.

    header: whether the first line names the columns, or over how many lines the names go; None: it is
    detected. separator: of the cells; None: it is detected. skip: lines before the table that are passed
    over. comment: the mark that a line begins with that is passed over; None: # where the first lines of a
    file begin with it. names: columns that the config or the model uses: a line that has them is the header.
    as_text: columns whose cells are kept as words, however they look. ignore: columns that nobody uses: they
    may be of any type and length, and formats that can leave them out do.
    """

    header: bool | int | None = None
    separator: str | None = None
    skip: int = 0
    comment: str | None = None
    names: frozenset[str] = frozenset()
    as_text: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()


PLAIN_READING = Reading()
"""Everything is detected."""
