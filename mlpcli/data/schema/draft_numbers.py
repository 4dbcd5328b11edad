"""Columns of numbers: their notation, and those of them that tell rows apart, are dates or constant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import number_text, plain_number
from mlpcli.data.schema.column_schema import CONSTANT, DATE, EMPTY, PLAIN
from mlpcli.data.schema.draft import ColumnCells, Draft, entry, shown
from mlpcli.data.schema.find_dates import days_of_numbers
from mlpcli.data.schema.find_notation import Found
from mlpcli.data.schema.identifiers import is_time_name, key_kind, may_be_key
from mlpcli.data.schema.placeholders import find_placeholder
from mlpcli.data.schema.remedies import describe_notation, for_column, yaml_list
from mlpcli.data.schema.truth import NO, YES
from mlpcli.data.schema.wish import Wish
from mlpcli.wording import percent, plural

Array = NDArray[Any]

FEW_DAYS = 10
"""From so many different days on, whole numbers that all are dates, as 20240301, are no chance."""

_LOOK = 1000
"""Cells among which one with a mark is looked for, to show what it is."""


def of_plain_numbers(cells: ColumnCells, wish: Wish, missing: Mapping[str, int]) -> Draft:
    """Return the draft of a column whose values are plain numbers; one that tells rows apart is not used.

    missing: the cells of each word that stands for no value.
    """
    draft = Draft(schema=entry(cells.name, wish, missing, why="numbers"), missing=missing)
    values = cells.present
    usual = _of_values(draft, values, wish)
    if usual is not None:
        return usual
    schema = draft.schema
    if values.min() == 0 and values.max() == 1 and ((values == 0) | (values == 1)).all():
        return replace(draft, schema=replace(schema, levels=(NO, YES), why="0 and 1"))
    if _are_days(cells.name, values):
        why = f"whole numbers that all are dates, as {number_text(float(values[0]))}"
        note = f"dates as %Y%m%d; to keep the numbers, say {for_column(cells.name, 'kind: number')}"
        return replace(draft, schema=replace(schema, kind=DATE, date_format="%Y%m%d", why=why), notes=(note,))
    key = None if wish.keeps else key_kind(cells.name, values, wish.first)
    if key is not None:
        return replace(draft, schema=replace(schema, kind=key[0], why=key[1], used=False))
    notes = (*_placeholder(cells.name, values), *_maybe_key(cells.name, values, wish))
    return replace(draft, notes=notes) if notes else draft


def of_written_numbers(
    cells: ColumnCells, rows: Array, found: Found, wish: Wish, missing: Mapping[str, int]
) -> Draft:
    """Return the draft of a column of numbers in a notation, read as float64 (rows,), NaN for no value.

    Keys are written without marks and units, so such columns are none.
    """
    how = describe_notation(found.notation)
    if not how and found.notation == PLAIN:
        return of_plain_numbers(replace(cells, numbers=rows), wish, missing)
    schema = replace(entry(cells.name, wish, missing), notation=found.notation, why=f"numbers {how}")
    draft = Draft(schema=schema, missing=missing, doubtful=found.doubtful)
    values = rows[~np.isnan(rows)]
    draft = _of_values(draft, values, wish) or replace(draft, notes=tuple(_placeholder(cells.name, values)))
    worded = np.flatnonzero((cells.codes >= 0) & ~np.isnan(rows))
    if not len(worded):
        return draft
    marked = (row for row in worded[:_LOOK].tolist() if plain_number(cells.words[cells.codes[row]]) is None)
    row = next(marked, int(worded[0]))
    note = f"numbers {how}: {shown(cells.words[cells.codes[row]])} is {number_text(rows[row].item())}"
    if found.doubtful:
        other = "," if found.notation.decimal == "." else "."
        setting = f"decimal: {other!r}"
        note += f"; if {other!r} is before fractions there, say {for_column(cells.name, setting)}"
    return replace(draft, notes=(note, *draft.notes))


def _of_values(draft: Draft, values: Array, wish: Wish) -> Draft | None:
    """Return the draft of a column without one value, or of one value; None of any other."""
    if not len(values):
        schema = replace(draft.schema, kind=EMPTY, why="there is not one value", used=wish.keeps)
        return replace(draft, schema=schema)
    if values.min() != values.max():
        return None
    why = f"all values are {number_text(float(values[0]))}"
    return replace(draft, schema=replace(draft.schema, kind=CONSTANT, why=why))


def _are_days(name: str, values: Array) -> bool:
    if not (days_of_numbers(values[:FEW_DAYS]) and days_of_numbers(values)):
        return False
    return is_time_name(name) or len(np.unique(values[: 1000 * FEW_DAYS])) >= FEW_DAYS


def _placeholder(name: str, values: Array) -> Iterator[str]:
    found = find_placeholder(values)
    if found is not None:
        number = number_text(found.number)
        limits = f"{number_text(found.low)} to {number_text(found.high)}"
        yield (
            f"{number} stands in {plural(found.cells, 'cell')} ({percent(found.cells / len(values))}), far "
            f"from all others ({limits}); if it means that there is no value, say "
            f"`data: {{missing: {{values: [{number}]}}}}`, or for this column alone "
            f"{for_column(name, f'missing: [{number}]')}"
        )


def _maybe_key(name: str, values: Array, wish: Wish) -> Iterator[str]:
    if wish.first and not wish.keeps and may_be_key(name, values):
        yield (
            "each row has another whole number; if that is a key and no quantity, say "
            f"`data: {{ignore: {yaml_list([name])}}}`"
        )
