"""Inference: the schema of the training table, with the reasons said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.column import Column, plain_number
from mlpcli.data.schema.column_schema import CONSTANT, COUNTER, EMPTY, ID, PLAIN, ColumnSchema
from mlpcli.data.schema.declared import draft_column
from mlpcli.data.schema.draft import Draft
from mlpcli.data.schema.identifiers import FEW_ROWS
from mlpcli.data.schema.infer_notes import notes_on
from mlpcli.data.schema.schema import Schema, columns_of, place
from mlpcli.data.schema.wish import Roles, roles_of, wish_for
from mlpcli.data.table import Block, Table
from mlpcli.errors import DataError, Fault, nearest
from mlpcli.wording import listed

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Inference:
    """The schema of a table. notes: sentences for the user on what is not plain.

    as_text: columns of which the table has plain numbers where text is needed, as 1.250 that may mean 1250:
    the file has to be read again with them as text, and the schema to be inferred from that.
    """

    schema: Schema
    notes: tuple[str, ...]
    as_text: frozenset[str] = frozenset()


def infer_schema(
    table: Table,
    config: DataConfig,
    targets: tuple[str, ...],
    separator: str = "",
    may_read_again: bool = True,
) -> Inference:
    """Infer what each column of the raw training table means; the config has the last word.

    separator: of the cells in the file, "" where there is none; it decides what 1,250 is if no column does.
    may_read_again: whether columns may be asked for as text; else plain numbers are what they look like.
    Raises DataError, naming all columns at fault at once: those that are numbers but for a few cells, those
    that do not fit what the config says of them, and names in the config that are no columns; or where no
    column is left to learn from.
    """
    roles = roles_of(config, targets)
    faults = [*_unknown_names(table, config)]
    columns = _columns(table, config)
    drafts = _drafts(columns, config, roles, separator, table.declared)
    again = _as_text(columns, drafts, config, separator) if may_read_again else frozenset()
    drafts, kept = _keep_some(table, columns, drafts, config, roles)
    faults += [
        _fault(table, name, draft, name == config.weight)
        for name, draft in drafts.items()
        if draft.slip is not None
    ]
    if not faults and not again and not _inputs(table, drafts, roles, also=(CONSTANT,)):
        faults.append(_no_input(table, drafts))
    # What a second reading may mend is no fault yet.
    if faults and not again:
        raise DataError(faults)
    entries = tuple(draft.schema for draft in drafts.values() if not _is_plain(draft.schema))
    schema = Schema(columns=entries, targets=roles.targets, aside=roles.aside)
    notes = (*notes_on(table.source, drafts.values(), kept), *_words_nowhere(table, columns, config))
    return Inference(schema=schema, notes=notes, as_text=again)


def _words_nowhere(table: Table, columns: dict[str, Column], config: DataConfig) -> Iterator[str]:
    """Yield a note on words that the config says stand for no value, and that stand in no cell."""
    given = [word for word in config.missing.values or () if plain_number(word) is None]
    there = {word for column in columns.values() for word in column.words} if given else set()
    nowhere = [word for word in given if word not in there]
    if nowhere:
        key = "data.missing.values"
        yield f"{table.source}: {key} names {listed(map(repr, nowhere))}, which no cell of the file says."


def _unknown_names(table: Table, config: DataConfig) -> Iterator[Fault]:
    known = {*table.names, *config.ignore}
    for key, names in (("data.columns", config.columns), ("data.use", config.use)):
        for name in names:
            if name not in known:
                yield Fault(table.source, f"There is no column {name!r}.", nearest(name, table.names), key)


def _columns(table: Table, config: DataConfig) -> dict[str, Column]:
    """Return the columns by name whose meaning is to be found; of those of blocks, few."""
    named = {*config.columns, *config.categorical, *table.declared}
    everywhere = bool(config.missing.values)
    columns: dict[str, Column] = {}
    for column in columns_of(table):
        if isinstance(column, Block):
            alone = {name for name in column.names if everywhere or name in named}
            alone |= set() if column.pooled else {*_maybe_keys(column)}
            for at, name in enumerate(column.names):
                if name in alone:
                    columns[name] = Column(name=name, numbers=column.values[:, at])
        else:
            columns[column.name] = column
    return columns


def _maybe_keys(block: Block) -> Iterator[str]:
    """Yield the columns of a block whose first cells are different whole numbers."""
    head = block.values[: FEW_ROWS + 1]
    if len(head) <= FEW_ROWS:
        return
    ordered = np.sort(head, axis=0)
    distinct = (ordered[1:] != ordered[:-1]).all(axis=0)
    for at in np.flatnonzero(distinct).tolist():
        if (head[:, at] == np.floor(head[:, at])).all():
            yield block.names[at]


def _drafts(
    columns: dict[str, Column],
    config: DataConfig,
    roles: Roles,
    separator: str,
    declared: Mapping[str, ColumnSchema],
) -> dict[str, Draft]:
    """Return a draft of each column; the columns that leave a mark in doubt go by the others."""
    fraction = separator == ";" and not any(map(_shows_point, columns.values()))
    first = next(iter(columns), "")
    drafts = {
        name: draft_column(column, wish_for(name, config, roles, fraction, name == first, declared.get(name)))
        for name, column in columns.items()
    }
    doubtful = [name for name, draft in drafts.items() if draft.doubtful]
    if not doubtful:
        return drafts
    sure = [draft.schema for draft in drafts.values() if not draft.doubtful]
    comma = any(schema.notation.decimal == "," for schema in sure)
    point = any(schema.notation.thousands == "," for schema in sure) or any(
        _has_fractions(column) for name, column in columns.items() if drafts[name].schema.numeric
    )
    for name in doubtful:
        own = _has_fractions(columns[name])
        decided = False if own else comma if comma != point else fraction
        if decided != fraction:
            wish = wish_for(name, config, roles, decided, name == first)
            drafts[name] = draft_column(columns[name], wish)
    return drafts


_POINT = re.compile(r"[+-]?[0-9]+\.(?:[0-9]{1,2}|[0-9]{4,})")


def _shows_point(column: Column) -> bool:
    """Tell whether a column has a number with a point that cannot set off thousands, as 0.5 or 7.1234."""
    if _has_fractions(column) and not _may_be_thousands(column):
        return True
    return any(map(_POINT.fullmatch, column.words[:_LOOK]))


_LOOK = 1000
"""Words of a column that are looked at."""


def _may_be_thousands(column: Column) -> bool:
    """Tell whether all fractions of a column may be groups of three digits: 1.25, of which 1.250 became."""
    assert column.numbers is not None
    thousandths = column.numbers[~np.isnan(column.numbers)] * 1000
    return bool((np.abs(thousandths) < 1e6).all() and (thousandths == np.round(thousandths)).all())


def _has_fractions(column: Column) -> bool:
    numbers = column.numbers
    if numbers is None or numbers.dtype.kind != "f":
        return False
    return bool(np.any(numbers != np.floor(numbers), where=~np.isnan(numbers)))


def _as_text(
    columns: dict[str, Column], drafts: dict[str, Draft], config: DataConfig, separator: str
) -> frozenset[str]:
    """Return the columns to be read again as text: 1.250 may mean 1250 where commas are before fractions.

    So it may in a file of semicolons without any comma, unless fractions of other than three digits show
    that the point is before them.
    """
    comma = config.decimal == "," or any(draft.schema.notation.decimal == "," for draft in drafts.values())
    if separator == ";" and not comma and config.decimal is None:
        fractions = [column for column in columns.values() if _has_fractions(column)]
        comma = bool(fractions) and all(map(_may_be_thousands, fractions))
    again = set()
    for name, column in columns.items():
        notation = drafts[name].schema.notation
        own = config.columns.get(name)
        if not comma or column.numbers is None or (own is not None and own.decimal == "."):
            continue
        if not drafts[name].schema.numeric or not (np.abs(column.numbers) < 1000).any():
            continue
        if notation.decimal == "," or (notation == PLAIN and _has_fractions(column)):
            again.add(name)
    return frozenset(again)


def _inputs(table: Table, drafts: dict[str, Draft], roles: Roles, also: tuple[str, ...] = ()) -> list[str]:
    """Return the columns that something can be learned from; also: kinds that count besides."""
    idle = {CONSTANT, EMPTY} - {*also}
    others = {*roles.targets, *roles.aside}
    return [
        name
        for name in table.names
        if name not in others
        and (name not in drafts or (drafts[name].schema.used and drafts[name].schema.kind not in idle))
    ]


def _keep_some(
    table: Table, columns: dict[str, Column], drafts: dict[str, Draft], config: DataConfig, roles: Roles
) -> tuple[dict[str, Draft], tuple[str, ...]]:
    """Keep counters and ids of numbers where there is no other input, and return their names as well."""
    if _inputs(table, drafts, roles):
        return drafts, ()
    names = tuple(
        name
        for name, draft in drafts.items()
        if draft.schema.kind in (COUNTER, ID) and columns[name].codes is None and not config.columns.get(name)
    )
    kept = replace(config, use=(*config.use, *names))
    wishes = {name: wish_for(name, kept, roles, False, False) for name in names}
    return drafts | {name: draft_column(columns[name], wish) for name, wish in wishes.items()}, names


def _is_plain(schema: ColumnSchema) -> bool:
    """Tell whether a column is what one without an entry is taken for."""
    return replace(schema, why="") == ColumnSchema(name=schema.name)


def _fault(table: Table, name: str, draft: Draft, is_weight: bool) -> Fault:
    slip = draft.slip
    assert slip is not None
    where = place(table, slip, name)
    if is_weight:
        remedy = "Give a number of 0 or more; a row of weight 0 is left out."
        return Fault(where, slip.what, remedy, "data.weight")
    return Fault(where, slip.what, slip.remedy, slip.key)


def _no_input(table: Table, drafts: dict[str, Draft]) -> Fault:
    left_out = [f"{name!r}: {draft.schema.why}" for name, draft in drafts.items() if not draft.schema.used]
    if not left_out:
        remedy = "Give a file with a column besides the target, or ignore fewer."
        return Fault(table.source, "There is no input column.", remedy)
    what = f"There is no input column: those there are tell rows apart, or are empty ({_joined(left_out)})."
    return Fault(table.source, what, "Name those that something can be learned from under data.use.")


def _joined(parts: Iterable[str]) -> str:
    return listed(parts, 4)
