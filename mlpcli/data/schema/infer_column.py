"""What one column of the training table means: its kind, notation, missing words, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, number_text, plain_number
from mlpcli.data.schema.column_schema import (
    CATEGORY,
    CONSTANT,
    DATE,
    EMPTY,
    NUMBER,
    PLAIN,
    TRUTH,
    ColumnSchema,
    Notation,
)
from mlpcli.data.schema.find_dates import FoundDates, days_of_numbers, find_dates
from mlpcli.data.schema.find_notation import Found, find_notation
from mlpcli.data.schema.identifiers import differs_everywhere, is_time_name, key_kind, word_kind
from mlpcli.data.schema.missing_words import CATEGORIES, NUMBERS, TRUTHS, MissingRule
from mlpcli.data.schema.placeholders import find_placeholder
from mlpcli.data.schema.read_column import Slip
from mlpcli.data.schema.remedies import describe_notation, for_column, yaml_list, yaml_value
from mlpcli.data.schema.truth import NO, YES, truth_pair
from mlpcli.data.schema.wish import Wish
from mlpcli.wording import LONGEST, percent, plural, shortened

Array = NDArray[Any]

MOSTLY = 0.8
"""From this share of numbers (or dates) on, the other cells of a column are taken for slips."""
FEW_NUMBERS = 10
"""Up to so many different whole numbers, words with digits beside them, as 3+, are levels among levels."""
FEW_CLASSES = 20
"""Up to so many different whole numbers, a target with another word is one of classes."""
FEW_DAYS = 10
"""From so many different days on, whole numbers that all are dates, as 20240301, are no chance."""

_WHOLE = re.compile(r"[+-]?[0-9]+")
_ZERO_LED = re.compile(r"[+-]?0[0-9]+")
_INFINITE = re.compile(r"[+-]?(?:inf|infinity|infinite|∞|1\.#inf)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was found of a column. notes: sentences without its name and the full stop.

    missing: the cells of each word that stands for no value. doubtful: whether only other columns can tell if
    a comma marks thousands. slip: what keeps the column from being read.
    """

    schema: ColumnSchema
    notes: tuple[str, ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    doubtful: bool = False
    slip: Slip | None = None


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The cells of a column: plain numbers, float64 or whole, (rows,) with NaN; words, and the cells of each.

    codes: int32 (rows,), places in `words`, -1 elsewhere; None where there are no words.
    """

    name: str
    numbers: Array | None
    words: tuple[str, ...]
    counts: Array
    codes: Array | None

    @property
    def present(self) -> Array:
        """The numbers, (n,), of cells that are numbers."""
        if self.numbers is None:
            return np.zeros(0)
        return self.numbers if self.numbers.dtype.kind in "ui" else self.numbers[~np.isnan(self.numbers)]

    def places(self, rule: MissingRule, among: str) -> list[int]:
        """Return the places of words that stand in cells and are values."""
        there = np.flatnonzero(self.counts).tolist()
        return [at for at in there if not rule.has(self.words[at], among)]

    def first_row(self, places: Sequence[int]) -> int:
        """Return the first row in which one of these words stands."""
        return int(np.flatnonzero(np.isin(self.codes, places))[0])  # type: ignore[arg-type]


def cells_of(column: Column, rule: MissingRule) -> Cells:
    """Return the cells of a column, those without numbers that stand for no value."""
    numbers = column.numbers
    if numbers is not None and rule.numbers:
        numbers = np.where(np.isin(numbers, rule.numbers), np.nan, numbers)
    return Cells(
        name=column.name,
        numbers=numbers,
        words=column.words,
        counts=column.word_counts(),
        codes=column.codes,
    )


def infer_column(column: Column, wish: Wish) -> Draft:
    """Find what a column means that the config does not give a kind."""
    cells = cells_of(column, wish.missing)
    if not cells.counts.any():
        return of_numbers(cells, cells.numbers, PLAIN, wish, {})
    beside_truth = cells.places(wish.missing, TRUTHS)
    present = cells.present
    if {cells.words[at] for at in np.flatnonzero(cells.counts)} == {"-", "+"} and not len(present):
        return of_truth(cells, ("-", "+"), wish)
    if len(beside_truth) <= FEW_CLASSES and (not len(present) or (present.min() >= 0 and present.max() <= 1)):
        pair = truth_pair([cells.words[at] for at in beside_truth], np.unique(present).tolist())
        if pair:
            return of_truth(cells, pair, wish)
    places = cells.places(wish.missing, NUMBERS)
    if not places:
        if not len(present):
            return of_levels(cells, wish)
        return of_numbers(cells, cells.numbers, PLAIN, wish, _missing(cells, wish, NUMBERS))
    words, counts = [cells.words[at] for at in places], cells.counts[places]
    dates = find_dates(words, counts)
    if dates is not None:
        days = int(counts[~np.isnan(dates.seconds)].sum())
        if days >= MOSTLY * (counts.sum() + len(present)):
            return of_dates(cells, places, dates, wish)
    if all(map(_WHOLE.fullmatch, words)) and _are_whole(present) and _some_are_codes(words):
        return of_levels(cells, wish, next(filter(_ZERO_LED.fullmatch, words), words[0]))
    return _of_words(cells, places, wish)


def _some_are_codes(words: Sequence[str]) -> bool:
    """Tell whether a whole number has a leading zero, or more digits than a number can hold."""
    return any(plain_number(word) is None for word in words)


def _are_whole(numbers: Array) -> bool:
    return bool((numbers == np.floor(numbers)).all())


def _of_words(cells: Cells, places: list[int], wish: Wish) -> Draft:
    """Return the draft of a column with words that are neither truth values nor dates."""
    words, counts = [cells.words[at] for at in places], cells.counts[places]
    present = cells.present
    found = find_notation(words, counts, len(present), wish.hints)
    values = found.values if found else np.full(len(words), np.nan)
    notation = found.notation if found else PLAIN
    wrong = [at for at, value in zip(places, values.tolist(), strict=True) if value != value]
    marked = notation.percent or notation.clock
    plain = int(np.count_nonzero(present)) if marked else 0
    fitting = len(present) - plain + int(counts[~np.isnan(values)].sum())
    if not fitting or plain:
        return of_levels(cells, wish)
    rows = _with_words(cells, places, values)
    if not wrong:
        return _with_notation(cells, rows, found, wish, _missing(cells, wish, NUMBERS))
    others = [cells.words[at] for at in wrong]
    distinct = np.unique(rows[~np.isnan(rows)])
    if _is_placeholder(others, distinct, wish):
        gone = {cells.words[at]: int(cells.counts[at]) for at in wrong}
        draft = _with_notation(cells, rows, found, wish, _missing(cells, wish, NUMBERS) | gone)
        return replace(draft, notes=(*draft.notes, _one_word(cells, gone)))
    count = int(cells.counts[wrong].sum())
    level = len(distinct) <= FEW_NUMBERS and _are_whole(distinct) and any(map(_has_digit, others))
    otherwise = (
        find_notation(others, cells.counts[wrong]) if found and found.notation.decimal == "," else None
    )
    mixed = otherwise is not None and not np.isnan(otherwise.values).any()
    infinite = all(map(_INFINITE.fullmatch, others))
    if (count <= (1 - MOSTLY) * (fitting + count) and not level) or mixed or infinite:
        schema = ColumnSchema(name=cells.name, notation=notation, missing=wish.given)
        return Draft(schema=schema, slip=slip_of(cells, wrong, "numbers", describe_notation(notation)))
    return of_levels(cells, wish)


def _has_digit(word: str) -> bool:
    return any(letter.isdecimal() for letter in word)


def _is_placeholder(others: Sequence[str], numbers: Array, wish: Wish) -> bool:
    """Tell whether all cells that are no numbers hold one word, which then stands for no value."""
    if len({word.lower() for word in others}) > 1 or _has_digit(others[0]) or _INFINITE.fullmatch(others[0]):
        return False
    if wish.target and len(numbers) <= FEW_CLASSES and _are_whole(numbers):
        return False
    return len(numbers) > 1


def _one_word(cells: Cells, gone: Mapping[str, int]) -> str:
    word, count = next(iter(gone)), sum(gone.values())
    share = percent(count / len(cells.codes)) if cells.codes is not None else ""
    return (
        f"{shortened(repr(word), LONGEST)} stands in {plural(count, 'cell')} ({share}) and is taken for no value, "
        f"as all others are numbers; to keep it as a level, say `data: {{categorical: {yaml_list([cells.name])}}}`"
    )


def _with_words(cells: Cells, places: Sequence[int], values: Array) -> Array:
    """Return the numbers of a column, float64 (rows,), with those that words say, (words,)."""
    rows = np.full(len(cells.codes), np.nan) if cells.numbers is None else cells.numbers.astype(np.float64)  # type: ignore[arg-type]
    said = np.full(len(cells.words), np.nan)
    said[places] = values
    worded = cells.codes >= 0  # type: ignore[operator]
    rows[worded] = said[cells.codes[worded]]  # type: ignore[index]
    return rows


def _with_notation(
    cells: Cells, rows: Array, found: Found | None, wish: Wish, missing: Mapping[str, int]
) -> Draft:
    if found is None:
        return of_numbers(cells, rows, PLAIN, wish, missing)
    draft = of_numbers(cells, rows, found.notation, wish, missing)
    note = _notation_note(cells, rows, found, wish)
    return replace(draft, notes=(*draft.notes, *note), doubtful=found.doubtful)


def _notation_note(cells: Cells, rows: Array, found: Found, wish: Wish) -> tuple[str, ...]:
    how = describe_notation(found.notation)
    worded = np.flatnonzero((cells.codes >= 0) & ~np.isnan(rows))  # type: ignore[operator]
    if not how or not len(worded):
        return ()
    row = int(worded[0])
    word, value = cells.words[cells.codes[row]], number_text(rows[row].item())  # type: ignore[index]
    note = f"numbers {how}: {word!r} is {value}"
    if found.doubtful:
        other = "," if found.notation.decimal == "." else "."
        setting = f"decimal: {other!r}"
        note += f", for all that the column tells; if {other} is before fractions, say {for_column(cells.name, setting)}"
    return (note,)


def of_numbers(
    cells: Cells, rows: Array | None, notation: Notation, wish: Wish, missing: Mapping[str, int]
) -> Draft:
    """Return the draft of a column of numbers, (rows,) with NaN; one that tells rows apart is not used.

    missing: the cells of each word that stands for no value.
    """
    schema = ColumnSchema(
        name=cells.name,
        notation=notation,
        missing=_given(wish, missing),
        usual_missing=wish.missing.usual,
        why=_why(notation),
    )
    draft = Draft(schema=schema, missing=missing)
    values = np.zeros(0) if rows is None else rows
    if values.dtype.kind == "f":
        holes = np.isnan(values)
        values = values[~holes] if holes.any() else values
    if not len(values):
        why = "there is not one value"
        return replace(draft, schema=replace(schema, kind=EMPTY, why=why, used=wish.keeps))
    low, high = values.min(), values.max()
    if low == high:
        why = f"all values are {number_text(float(low))}"
        return replace(draft, schema=replace(schema, kind=CONSTANT, why=why))
    if low == 0 and high == 1 and notation == PLAIN and ((values == 0) | (values == 1)).all():
        return replace(draft, schema=replace(schema, levels=(NO, YES), why="0 and 1"))
    if notation == PLAIN and days_of_numbers(values[:FEW_DAYS]) and days_of_numbers(values):
        if is_time_name(cells.name) or len(np.unique(values[:10_000])) >= FEW_DAYS:
            why = f"whole numbers that all are dates, as {number_text(float(values[0]))}"
            return replace(
                draft,
                schema=replace(schema, kind=DATE, date_format="%Y%m%d", why=why),
                notes=(
                    f"the numbers are dates as %Y%m%d; for numbers, say {for_column(cells.name, 'kind: number')}",
                ),
            )
    key = None if wish.keeps else key_kind(cells.name, values, wish.first)
    if key:
        return replace(draft, schema=replace(schema, kind=key[0], why=key[1], used=False))
    return replace(draft, notes=tuple(_number_notes(cells.name, values, wish)))


def _number_notes(name: str, values: Array, wish: Wish) -> list[str]:
    notes = []
    found = find_placeholder(values)
    if found is not None:
        number = number_text(found.number)
        limits = f"{number_text(found.low)} to {number_text(found.high)}"
        notes.append(
            f"{number} stands in {plural(found.cells, 'cell')} ({percent(found.cells / len(values))}), "
            f"far from all others ({limits}); if it means that there is no value, say "
            f"`data: {{missing: {{values: [{number}]}}}}`, or for this column alone "
            f"{for_column(name, f'missing: [{number}]')}"
        )
    if not wish.keeps and wish.first and differs_everywhere(values):
        notes.append(
            "each row has another whole number; if it is a key and no quantity, say "
            f"`data: {{ignore: {yaml_list([name])}}}`"
        )
    return notes


def _why(notation: Notation) -> str:
    return f"numbers {how}" if (how := describe_notation(notation)) else "numbers"


def _missing(cells: Cells, wish: Wish, among: str) -> dict[str, int]:
    """Return the cells of each word that stands for no value among such cells."""
    there = np.flatnonzero(cells.counts).tolist()
    return {
        cells.words[at]: int(cells.counts[at]) for at in there if wish.missing.has(cells.words[at], among)
    }


def _given(wish: Wish, missing: Mapping[str, int]) -> tuple[str, ...]:
    """Return what stands for no value in a column: as the config says, and as found."""
    return tuple(dict.fromkeys((*wish.given, *missing)))


def of_truth(cells: Cells, pair: tuple[str, str], wish: Wish) -> Draft:
    """Return the draft of a column of truth values. pair: the words for no and for yes."""
    missing = {word: count for word, count in _missing(cells, wish, TRUTHS).items() if word not in pair}
    schema = ColumnSchema(
        name=cells.name,
        kind=TRUTH,
        missing=_given(wish, missing),
        usual_missing=wish.missing.usual,
        levels=pair,
        why=f"{shortened(repr(pair[0]), LONGEST)} and {shortened(repr(pair[1]), LONGEST)}",
    )
    return Draft(schema=schema, missing=missing)


def of_dates(cells: Cells, places: Sequence[int], dates: FoundDates, wish: Wish) -> Draft:
    """Return the draft of a column of dates, in which one other word stands for no value."""
    wrong = [at for at, second in zip(places, dates.seconds.tolist(), strict=True) if second != second]
    others = {cells.words[at].lower() for at in wrong}
    plain = len(cells.present)
    missing = _missing(cells, wish, NUMBERS)
    slip = None
    notes: list[str] = []
    if len(others) == 1 and not plain and not _has_digit(*others):
        gone = {cells.words[at]: int(cells.counts[at]) for at in wrong}
        missing |= gone
        notes.append(f"{next(iter(gone))!r} is taken for no value, as all others are dates")
    elif wrong:
        slip = slip_of(cells, wrong, "dates", f"as {dates.date_format}")
    elif plain:
        row = int(np.flatnonzero(~np.isnan(cells.numbers))[0])  # type: ignore[arg-type]
        what = f"{number_text(cells.numbers[row].item())} is no date, though nearly all cells of the column are dates"  # type: ignore[index]
        slip = Slip(row=row, what=f"{what}.", remedy="Mend the cell, or leave it empty.")
    first = next(at for at, second in zip(places, dates.seconds.tolist(), strict=True) if second == second)
    day = np.datetime64(int(dates.seconds[places.index(first)]), "s").item().strftime("%Y-%m-%d")
    note = f"dates as {dates.date_format}: {cells.words[first]!r} is {day}"
    if dates.other:
        setting = f"format: {yaml_value(dates.other)}"
        note += f"; day and month could be the other way round, then say {for_column(cells.name, setting)}"
    schema = ColumnSchema(
        name=cells.name,
        kind=DATE,
        missing=_given(wish, missing),
        usual_missing=wish.missing.usual,
        date_format=dates.date_format,
        why=f"dates as {dates.date_format}",
    )
    return Draft(schema=schema, notes=(note, *notes), missing=missing, slip=slip)


def of_levels(cells: Cells, wish: Wish, code: str = "") -> Draft:
    """Return the draft of a category, or of an identifier or text, which is not used.

    code: a whole number that is kept as a word, for its leading zero or its many digits.
    """
    places = cells.places(wish.missing, CATEGORIES)
    numbers, of_numbers_ = np.unique(cells.present, return_counts=True)
    missing = _missing(cells, wish, CATEGORIES)
    schema = ColumnSchema(
        name=cells.name, kind=CATEGORY, missing=_given(wish, missing), usual_missing=wish.missing.usual
    )
    count = len(places) + len(numbers)
    if not count:
        why = "there is not one value"
        schema = replace(schema, kind=EMPTY, why=why, used=wish.keeps)
        return Draft(schema=schema, missing=missing)
    if count == 1:
        level = cells.words[places[0]] if places else number_text(numbers[0].item())
        why = f"all values are {shortened(repr(level), LONGEST)}"
        return Draft(schema=replace(schema, kind=CONSTANT, levels=(level,), why=why), missing=missing)
    why, notes = plural(count, "level"), []
    if code:
        reason = "leading zeros" if _ZERO_LED.fullmatch(code) else "more digits than a number can hold"
        why = f"whole numbers with {reason}, as {code!r}"
        notes.append(f"{why}: each is a level")
    elif len(numbers) and places:
        words = int(cells.counts[places].sum())
        example = shortened(repr(cells.words[places[0]]), LONGEST)
        why = f"{words:,} of {words + int(of_numbers_.sum()):,} cells are words, such as {example}"
        notes.append(f"{why}, so it is a category")
    if not (wish.keeps or wish.kind):
        words_of = [cells.words[at] for at in places]
        key = word_kind(words_of, np.concatenate([cells.counts[places], of_numbers_]))
        if key:
            reason = f"{why}; {key[1]}" if code else key[1]
            return Draft(schema=replace(schema, kind=key[0], why=reason, used=False), missing=missing)
    return Draft(schema=replace(schema, why=why), notes=tuple(notes), missing=missing)


def slip_of(cells: Cells, wrong: Sequence[int], kind: str, how: str = "") -> Slip:
    """Return the slip of a column with cells of these words, places in cells.words, that do not fit."""
    row = cells.first_row(wrong)
    cell = shortened(repr(cells.words[cells.codes[row]]), LONGEST)  # type: ignore[index]
    count = int(cells.counts[list(wrong)].sum())
    others = f" ({count:,} such cells)" if count > 1 else ""
    one = "date" if kind == "dates" else "finite number"
    what = f"{cell} is not a {one}{' ' if how else ''}{how}, though the other cells of the column are {kind}"
    remedy = (
        "Mend the cell, leave it empty if the value is not known, "
        f"or say `data: {{categorical: {yaml_list([cells.name])}}}`."
    )
    if row == 0 and count == 1:
        remedy += " If this line is the header, say `data: {header: true}`."
    return Slip(row=row, what=f"{what}{others}.", remedy=remedy)
