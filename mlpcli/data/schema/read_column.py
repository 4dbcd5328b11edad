"""Reading the cells of one column by its schema: numbers, 0 and 1, seconds, places of levels, or levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, number_text, plain_number
from mlpcli.data.schema.column_schema import CATEGORY, CONSTANT, DATE, NUMBER, ORDINAL, TRUTH, ColumnSchema
from mlpcli.data.schema.dates import date_part, read_dates
from mlpcli.data.schema.find_dates import number_seconds
from mlpcli.data.schema.missing_words import CATEGORIES, MissingRule, missing_places, rule_of
from mlpcli.data.schema.notation import read_numbers
from mlpcli.data.schema.remedies import describe_notation, for_column, yaml_list
from mlpcli.data.schema.truth import truth_codes
from mlpcli.errors import nearest
from mlpcli.wording import LONGEST, shortened

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Slip:
    """A cell without meaning in its column, or what is wrong with what the config says about the column.

    row: the index of the cell; None where it is no single one. what, remedy, key: those of a Fault.
    """

    row: int | None
    what: str
    remedy: str
    key: str = ""


def read_column(column: Column, schema: ColumnSchema, as_words: bool = False) -> tuple[Column, Slip | None]:
    """Return the typed cells of a column that is used, and the first cell that has no meaning in it.

    Numbers, truth values (0 and 1), dates (seconds since 1970 UTC) and ordinals (places of levels) have
    float64 numbers, NaN for no value, and no codes; categories have codes and words, and no numbers.
    as_words: truth values have codes and words: the two, for no and yes, and any others that later files
    have.
    """
    if schema.kind == CATEGORY or (schema.kind == CONSTANT and schema.levels):
        return _levels(column, rule_of(schema)), None
    rule = rule_of(schema)
    if column.codes is None and schema.numeric and not rule.numbers and not _marked(schema):
        return column, None
    if schema.kind == TRUTH and as_words:
        return _truth_words(_levels(column, rule, schema.levels), schema.levels), None
    values, bad = _values(column, schema, rule)
    slip = None
    if len(bad):
        row, cell = int(bad[0]), column.cell(int(bad[0]))
        missing = [column.words[at] for at in missing_places(column.words, rule)]
        slip = Slip(row=row, what=_what(cell, schema, len(bad)), remedy=_remedy(cell, schema, missing))
    return Column(name=column.name, numbers=values), slip


def _marked(schema: ColumnSchema) -> bool:
    """Tell whether a plain number means nothing in a column, since the other cells have a mark."""
    return schema.notation.percent or schema.notation.clock


def _values(column: Column, schema: ColumnSchema, rule: MissingRule) -> tuple[Array, Array]:
    """Return the numbers of a column, float64 (rows,), and the rows, (n,), of cells that have none."""
    plain = np.full(column.rows, np.nan)
    if column.numbers is not None:
        plain = column.numbers.astype(np.float64)
        plain[np.isin(plain, rule.numbers)] = np.nan
    values = _of_numbers(plain, schema)
    wrong = np.isnan(values) & ~np.isnan(plain)
    if column.codes is not None:
        worded = np.flatnonzero(column.codes >= 0)
        codes, words = column.codes[worded], column.words
        if len(words) > len(codes):  # a few rows of a larger table
            used, codes = np.unique(codes, return_inverse=True)
            words = tuple(words[at] for at in used.tolist())
        said, no_value = _of_words(words, schema, rule)
        values[worded] = said[codes]
        wrong[worded] = np.isnan(said[codes]) & ~no_value[codes]
    return values, np.flatnonzero(wrong)


def _of_numbers(plain: Array, schema: ColumnSchema) -> Array:
    """Return what plain numbers, (rows,), mean in a column; NaN where they mean nothing."""
    if schema.kind == NUMBER and _marked(schema):
        return np.where(plain == 0, plain, np.nan)
    if schema.kind == TRUTH:
        return np.where((plain == 0) | (plain == 1), plain, np.nan)
    if schema.kind == DATE:
        compact = date_part(schema.date_format) == "%Y%m%d"
        return number_seconds(plain) if compact else np.full(len(plain), np.nan)
    if schema.kind == ORDINAL:
        places = np.full(len(plain), np.nan)
        for place, level in enumerate(schema.levels):
            number = plain_number(level)
            if number is not None:
                places[plain == number] = place
        return places
    return plain


def _of_words(words: tuple[str, ...], schema: ColumnSchema, rule: MissingRule) -> tuple[Array, Array]:
    """Return what each word means as a number, NaN for nothing, and where it stands for no value."""
    no_value = np.zeros(len(words), bool)
    no_value[[at for at in missing_places(words, rule) if words[at] not in schema.levels]] = True
    if schema.kind == DATE:
        said = read_dates(words, schema.date_format)
    elif schema.kind in (TRUTH, ORDINAL):
        said = _places(words, schema)
    else:
        said = read_numbers(words, schema.notation)
        if schema.levels:  # 0 and 1, which later files may write as words
            said = np.where(np.isnan(said), _places(words, schema), said)
    no_value |= np.isin(said, rule.numbers)
    said[no_value] = np.nan
    return said, no_value


def _places(words: tuple[str, ...], schema: ColumnSchema) -> Array:
    """Return the places of words among the levels of a column, float64 (words,); NaN for other words."""
    if schema.kind == ORDINAL:
        places = {_level(level): float(place) for place, level in enumerate(schema.levels)}
        found = [places.get(_level(word)) for word in words]
    else:
        found = [truth_codes(word, schema.levels) for word in words]
    return np.array([np.nan if place is None else place for place in found], np.float64)


def _level(word: str) -> str:
    """Return the name of a level: words that are one number, as 1 and 1.0, are one level."""
    number = plain_number(word)
    return word if number is None else number_text(number)


def _levels(column: Column, rule: MissingRule, kept: tuple[str, ...] = ()) -> Column:
    """Return a column of levels by name; no value is the code -1. kept: words that never stand for none."""
    places: dict[str, int] = {}
    codes = np.full(column.rows, -1, np.int32)
    if column.numbers is not None:
        there = np.flatnonzero(~np.isnan(column.numbers) & ~np.isin(column.numbers, rule.numbers))
        distinct, where = np.unique(column.numbers[there], return_inverse=True)
        names = [places.setdefault(number_text(value), len(places)) for value in distinct.tolist()]
        codes[there] = np.array(names, np.int32)[where] if len(names) else -1
    if column.codes is not None:
        missing = {*missing_places(column.words, rule, CATEGORIES)}
        known = [
            -1 if at in missing and word not in kept else places.setdefault(_level(word), len(places))
            for at, word in enumerate(column.words)
        ]
        worded = column.codes >= 0
        codes[worded] = np.array([*known, -1], np.int32)[column.codes[worded]]
    return Column(name=column.name, codes=codes, words=tuple(places))


def _truth_words(column: Column, levels: tuple[str, ...]) -> Column:
    """Return a column of words with those that say no or yes in the spelling of `levels`; others stay."""
    said = [truth_codes(word, levels) for word in column.words]
    names = [
        word if code is None else levels[int(code)] for word, code in zip(column.words, said, strict=True)
    ]
    words = tuple(dict.fromkeys((*levels, *names)))
    assert column.codes is not None
    codes = np.array([*map(words.index, names), -1], np.int32)[column.codes]
    return Column(name=column.name, codes=codes, words=words)


_NAMES = {NUMBER: "number", TRUTH: "truth value", DATE: "date", ORDINAL: "level"}


def _what(cell: str, schema: ColumnSchema, count: int) -> str:
    shown = shortened(repr(cell), LONGEST)
    others = f" ({count:,} such cells)" if count > 1 else ""
    if schema.kind == TRUTH:
        return f"{shown} is neither {schema.levels[0]!r} nor {schema.levels[1]!r}{others}."
    if schema.kind == DATE:
        return f"{shown} is no date as {schema.date_format}{others}."
    if schema.kind == ORDINAL:
        return f"{shown} is none of the levels{others}."
    kind = describe_notation(schema.notation)
    return f"{shown} is not a finite number{' ' if kind else ''}{kind}{others}."


def _remedy(cell: str, schema: ColumnSchema, missing: Sequence[str]) -> str:
    """Say what to do about a cell. missing: the words in the column that stand for no value already."""
    if schema.kind == ORDINAL:
        return nearest(cell, schema.levels)
    if any(sign.isdigit() for sign in cell):  # a number or a date in another notation is no word
        written = f"as {schema.date_format}" if schema.kind == DATE else describe_notation(schema.notation)
        asked = f" The column has {_NAMES.get(schema.kind, 'number')}s {written or 'with a point'}."
        return f"Mend the cell, or leave it empty where the value is not known.{asked}"
    # A list of words takes the place of those that are known by themselves.
    setting = for_column(schema.name, f"missing: {yaml_list([*missing, cell])}")
    return f"Mend the cell, or leave it empty where the value is not known; if the word says that, {setting}."
