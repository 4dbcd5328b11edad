"""Columns whose kind the config gives: what is not given of their meaning is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column, number_text
from mlpcli.data.schema.column_schema import DATE, ID, NUMBER, ORDINAL, PLAIN, TEXT, TRUTH, ColumnSchema
from mlpcli.data.schema.dates import format_fault
from mlpcli.data.schema.draft import ColumnCells, Draft, cells_of
from mlpcli.data.schema.draft_levels import of_levels
from mlpcli.data.schema.find_dates import days_of_numbers, find_dates
from mlpcli.data.schema.find_notation import find_notation
from mlpcli.data.schema.infer_column import infer_column
from mlpcli.data.schema.missing_words import NUMBERS, TRUTHS
from mlpcli.data.schema.read_column import Slip, read_column
from mlpcli.data.schema.truth import NO, YES, truth_pair
from mlpcli.data.schema.wish import Wish
from mlpcli.wording import listed

Array = NDArray[Any]


def draft_column(column: Column, wish: Wish) -> Draft:
    """Find what a column means, where the config gives no kind; else what the kind leaves open.

    A column that does not fit its kind has a slip in its draft.
    """
    if wish.kind is None:
        return infer_column(column, wish)
    cells = cells_of(column, wish.missing)
    schema = ColumnSchema(
        name=column.name, kind=wish.kind, missing=wish.given, usual_missing=wish.missing.usual, why=wish.why
    )
    if wish.kind in (ID, TEXT):
        return Draft(schema=replace(schema, used=wish.keeps))
    if wish.levels and wish.kind not in (ORDINAL, TRUTH):
        return _wrong(schema, "levels", f"Levels do not fit the kind {wish.kind}.", "Leave them out.")
    fill = {NUMBER: _number, TRUTH: _truth, ORDINAL: _ordinal, DATE: _date}.get(wish.kind)
    if fill is None:
        draft = of_levels(cells, wish)
        return replace(draft, schema=replace(draft.schema, why=wish.why))
    draft = fill(cells, wish, schema)
    if draft.slip is None:
        draft = replace(draft, slip=read_column(column, draft.schema)[1])
    return draft


def _wrong(schema: ColumnSchema, setting: str, what: str, remedy: str) -> Draft:
    slip = Slip(row=None, what=what, remedy=remedy, key=f"data.columns.{schema.name}.{setting}")
    return Draft(schema=schema, slip=slip)


def _values(cells: ColumnCells, among: str) -> tuple[list[str], Array]:
    """Return the words of a column that are values, and the cells of each."""
    places = cells.values(among)
    return cells.texts(places), cells.counts[places]


def _number(cells: ColumnCells, wish: Wish, schema: ColumnSchema) -> Draft:
    words, counts = _values(cells, NUMBERS)
    found = find_notation(words, counts, len(cells.present), wish.hints) if words else None
    binary = not words and np.isin(cells.present, (0, 1)).all()
    levels = (NO, YES) if binary and len(cells.present) else ()
    return Draft(schema=replace(schema, notation=found.notation if found else PLAIN, levels=levels))


def _truth(cells: ColumnCells, wish: Wish, schema: ColumnSchema) -> Draft:
    if wish.levels:
        if len(wish.levels) != 2:
            what = f"A truth value has two levels, and {len(wish.levels)} are given."
            return _wrong(schema, "levels", what, "Write the word for no, then the one for yes.")
        return Draft(schema=replace(schema, levels=wish.levels))
    words, _ = _values(cells, TRUTHS)
    numbers = np.unique(cells.present).tolist()
    pair = truth_pair(words, numbers) or ((NO, YES) if not words else None)
    if pair is None:
        shown = listed([*words, *map(number_text, numbers)])
        what = f"These are no two words that are known to say no and yes: {shown}."
        return _wrong(
            schema, "kind", what, "Name them under levels: first the word for no, then that for yes."
        )
    return Draft(schema=replace(schema, levels=pair))


def _ordinal(cells: ColumnCells, wish: Wish, schema: ColumnSchema) -> Draft:
    if len(wish.levels) < 2:
        what = f"{len(wish.levels)} levels are given of a column that is declared to be ordinal."
        return _wrong(schema, "levels", what, "Name its levels, the lowest first.")
    return Draft(schema=replace(schema, levels=wish.levels))


def _date(cells: ColumnCells, wish: Wish, schema: ColumnSchema) -> Draft:
    if wish.date_format:
        fault = format_fault(wish.date_format)
        if fault:
            return _wrong(schema, "format", f"{wish.date_format!r}: {fault}.", "Write it as %d.%m.%Y.")
        return Draft(schema=replace(schema, date_format=wish.date_format))
    words, counts = _values(cells, NUMBERS)
    found = find_dates(words, counts) if words else None
    if found is not None:
        return Draft(schema=replace(schema, date_format=found.date_format))
    if not words and days_of_numbers(cells.present):
        return Draft(schema=replace(schema, date_format="%Y%m%d"))
    what = f"{schema.name!r} is declared to be a date, and no format is known that its cells have."
    return _wrong(schema, "format", what, "Give their format, as %d.%m.%Y.")
