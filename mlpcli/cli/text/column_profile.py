"""The columns of a table as plain text: kind, bars, limits or levels, missing cells, and the reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlpcli.cli.text.histogram import histogram
from mlpcli.cli.text.table import paragraph, terminal_columns
from mlpcli.wording import listed, percent, printable, shortened, told_apart

if TYPE_CHECKING:
    from mlpcli.data.profile.columns import ColumnProfile, TableProfile

MOST_COLUMNS = 40
"""Columns that have a line, unless all are asked for."""
LEVELS = 5
"""Levels of a column that are named."""
WORDS = 4
"""Words for missing cells that are named."""
LONGEST_NAME = 32
LARGEST = 1e9
"""Numbers from here on, and below its inverse, are written with an exponent."""
OBVIOUS = re.compile(r"numbers|0 and 1|[\d,]+ levels?|all values are .*|'no' and 'yes' are no and yes")
"""Reasons for a kind that what is said of the column shows."""
FIXED = "\u00a0"
"""A blank at which no line is broken: between a level and its share."""
DAYS = 10 * 86400.0
"""Seconds between the first and the last date from which on times of day are left out."""
LEAST_DETAIL = 40
"""Letters for what is said of a column beside its name; where there is less room, it goes below."""


def describe_profiles(profile: TableProfile, show_all: bool = False) -> str:
    """Give each column as many lines as it needs; the middle of a long table is left out but for show_all."""
    columns = list(profile.columns)
    cut = not show_all and len(columns) > MOST_COLUMNS
    targets = [column for column in columns if column.role == "target"]
    shown = [column for column in columns if column.role != "target"] if cut else columns
    kept = shown[: max(1, MOST_COLUMNS - len(targets))] if cut else shown
    name_width = max(min(len(printable(column.name)), LONGEST_NAME) for column in (*kept, *targets))
    kind_width = max(len(_kind(column)) for column in (*kept, *targets))
    bar_width = max((len(column.numbers.counts) for column in (*kept, *targets) if column.numbers), default=0)
    widths = (name_width, kind_width, bar_width)
    lines = [_column(column, profile.rows, widths) for column in kept]
    if cut:
        hidden = len(shown) - len(kept)
        lines.append(f"… {hidden:,} more {'column' if hidden == 1 else 'columns'}; --all shows them")
        lines += [_column(column, profile.rows, widths) for column in targets]
    return "\n".join(lines)


def _column(column: ColumnProfile, rows: int, widths: tuple[int, int, int]) -> str:
    name, kind, bar = widths
    counts = column.numbers.counts if column.numbers else ()
    shown = shortened(printable(column.name), LONGEST_NAME)
    word = f"{shown:<{name}}  {_kind(column):<{kind}}  {histogram(counts):<{bar}}"
    word = f"{word}  " if bar else word
    detail = "; ".join(_detail(column, rows))
    if terminal_columns() - len(word) < LEAST_DETAIL:
        text = f"{word.rstrip()}\n{paragraph(detail, 4)}"
    else:
        text = paragraph(detail, len(word), word)
    return text.replace(FIXED, " ")


def _kind(column: ColumnProfile) -> str:
    if column.role == "ignored":
        return "ignored"
    marks = {"target": "target, ", "left out": "left out, ", "aside": "no input, "}
    return marks.get(column.role, "") + column.kind


def _detail(column: ColumnProfile, rows: int) -> list[str]:
    said = []
    if column.numbers is not None and column.distinct:
        said.append(_numbers(column))
    elif column.levels:
        said.append(_levels(column, rows - column.missing))
    if column.missing:
        share = "all" if column.missing == rows else f"{column.missing:,}"
        part = "" if column.missing == rows else f" ({percent(column.missing / rows)})"
        said.append(f"{share} missing{part}{_words(column)}")
    if column.why and not OBVIOUS.fullmatch(column.why):
        said.append(column.why)
    return said


def _numbers(column: ColumnProfile) -> str:
    """Say the limits and quartiles of numbers or dates, or their few different values."""
    numbers = column.numbers
    assert numbers is not None
    if column.distinct == 1:
        return f"always {_written(column, numbers.low)[0]}"
    total = sum(count for _, count in numbers.few)
    if total >= 2 * column.distinct:
        values = _written(column, *(value for value, _ in numbers.few))
        shares = (percent(count / total) for _, count in numbers.few)
        return ", ".join(f"{value}{FIXED}{share}" for value, share in zip(values, shares, strict=True))
    limits = _written(column, numbers.low, *numbers.quartiles, numbers.high)
    return f"{limits[0]} to {limits[-1]}, quartiles {' '.join(limits[1:-1])}"


def _written(column: ColumnProfile, *values: float) -> tuple[str, ...]:
    if column.kind == "date":
        dates = tuple(map(column.date, values))
        return tuple(date[:10] for date in dates) if max(values) - min(values) >= DAYS else dates
    different = tuple(dict.fromkeys(values))  # equal quartiles are no reason for more digits
    texts = zip(different, told_apart(*different, digits=5), strict=True)
    shown = {value: f"{value:.0f}" if _is_whole(value) else plain_text(text) for value, text in texts}
    return tuple(shown[value] for value in values)


def _is_whole(value: float) -> bool:
    return abs(value) < LARGEST and value == int(value)


def plain_text(number: str) -> str:
    """Write a number without an exponent where it is neither huge nor tiny: 39320 for 3.932e+04."""
    value = float(number)
    if "e" not in number or not 1 / LARGEST <= abs(value) < LARGEST:
        return number
    digits = len(number.partition("e")[0].replace("-", "").replace(".", ""))
    decimals = max(0, digits - 1 - int(number.partition("e")[2]))
    return f"{value:.{decimals}f}"


def _levels(column: ColumnProfile, cells: int) -> str:
    """Name the commonest levels with their shares of the cells that have one; of ids some examples."""
    if column.kind in ("id", "text", "counter"):
        return "such as " + listed(repr(level) for level, _ in column.levels)
    if column.distinct == 1:
        return f"always {column.levels[0][0]!r}"
    named = [f"{shortened(printable(n), 24)}{FIXED}{percent(c / cells)}" for n, c in column.levels[:LEVELS]]
    count = f"{column.distinct:,} levels: " if column.distinct > 2 else ""
    more = column.distinct - len(named)
    return count + ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def _words(column: ColumnProfile) -> str:
    """Say what stands in the cells without a value, where it is not only nothing."""
    if all(not word for word, _ in column.words):
        return ""
    named = [f"{repr(word) if word else 'empty'} {count:,}" for word, count in column.words]
    return ": " + listed(named, WORDS)
