"""What the input columns are: numeric, pooled or categorical; and which cannot be used as they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlpcli.data.cell_values import is_missing, numbers
from mlpcli.data.table import Array, Block, Column, Table
from mlpcli.errors import DataError, Fault
from mlpcli.wording import MOST, listed

MOSTLY_NUMBERS = 0.8
"""From this share of numbers on, the other cells of a column are taken for slips, not for categories."""
MANY_LEVELS = 50
"""A text column is an identifier with more levels than this and more than ID_SHARE levels per row …"""
ID_SHARE = 0.3
FEW_ROWS = 20
"""… or when all cells differ in more rows than this."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_SHOWN = 10


@dataclass(frozen=True)
class Group:
    """Columns that are prepared together.

    kind: numeric (each by itself), pooled (scaled as one) or categorical.
    """

    kind: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Inference:
    """The table, with numbers where text turned out to be numbers (NaN: missing), and its column groups."""

    table: Table
    groups: tuple[Group, ...]
    notes: tuple[str, ...]


def infer(table: Table, targets: Collection[str], categorical: Collection[str] = ()) -> Inference:
    """Group the input columns, all but `targets`; `categorical` are so whatever they look like.

    Text columns without one value are categorical, without a level. Raises DataError, naming all columns that
    cannot be used at once: identifiers, and columns of numbers with a few cells that are none.
    """
    columns: list[Column | Block] = []
    groups: list[Group] = []
    faults: list[Fault] = []
    ids: list[str] = []
    for column in table.columns:
        if isinstance(column, Block):
            groups += _block_groups(column, targets, categorical)
            columns.append(column)
            continue
        cells, kind = column.cells, "categorical" if column.name in categorical else "numeric"
        if isinstance(cells, list) and kind == "numeric" and column.name not in targets:
            values, bad = numbers(cells)
            present = table.rows - int(np.isnan(values).sum())
            if not present:
                kind = "categorical"  # whatever later files have in it, no number is asked for
            elif not len(bad):
                column = replace(column, cells=values)
            elif len(bad) <= (1 - MOSTLY_NUMBERS) * present or _comma(cells, bad):
                faults.append(slip(table, column.name, cells, bad))
            elif _is_identifier(cells, present):
                ids.append(column.name)
            else:
                kind = "categorical"
        if column.name not in targets:
            groups.append(Group(kind, column.names))
        columns.append(column)
    if ids:
        faults.append(_identifiers(table.source, ids))
    if not groups and not faults:
        remedy = "Give a file with a column besides the target, or ignore fewer."
        faults.append(Fault(table.source, "There is no input column.", remedy))
    if faults:
        raise DataError(faults)
    typed = replace(table, columns=tuple(columns))
    return Inference(typed, tuple(groups), tuple(_notes(typed, groups)))


def slip(table: Table, name: str, cells: list[str], bad: Array) -> Fault:
    """Return the fault of a numeric column with text in it: the first such cell, and what to do.

    bad: the rows of such cells, (n,).
    """
    cell = cells[bad[0]]
    what = f"{cell!r} is not a finite number, though nearly all cells of the column are numbers"
    remedy = (
        "Mend the cell, leave it empty if the value is not known, "
        f"or say `data: {{categorical: {yaml_list([name])}}}`."
    )
    if _comma(cells, bad):
        what, remedy = f"{cell!r} has a decimal comma", "Write the numbers with a point: 12.5."
    elif bad[0] == 0 and len(bad) == 1:
        remedy += " If this line is the header, say `data: {header: true}`."
    others = f" ({len(bad)} such cells)" if len(bad) > 1 else ""
    return Fault(table.where(bad[0], name), f"{what}{others}.", remedy)


def yaml_list(names: Iterable[str]) -> str:
    """Write names as a YAML list on one line, quoted where YAML asks for it."""
    plain = re.compile(r"[A-Za-z_][\w .-]*(?<! )")
    words = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
    quoted = (
        name if plain.fullmatch(name) and name.lower() not in words else "'" + name.replace("'", "''") + "'"
        for name in names
    )
    return "[" + ", ".join(quoted) + "]"


def ignoring(names: Sequence[str]) -> str:
    """Say how these columns are left out; a list that is long is not written out."""
    few = len(names) <= MOST
    return f"Say `data: {{ignore: {yaml_list(names)}}}`" if few else "Name these columns under data.ignore"


def _comma(cells: list[str], bad: Array) -> bool:
    return all(_DECIMAL_COMMA.fullmatch(cells[row]) for row in bad.tolist())


def _is_identifier(cells: list[str], present: int) -> bool:
    levels = sum(not is_missing(cell) for cell in set(cells))
    return (levels > MANY_LEVELS and levels > ID_SHARE * present) or levels == present > FEW_ROWS


def _identifiers(source: str, ids: list[str]) -> Fault:
    what = f"Hardly a text stands in many rows of {_listed(ids)}: from such names little can be learned."
    remedy = f"{ignoring(ids)}, or name them under data.categorical to use them."
    return Fault(source, what, remedy)


def _listed(names: list[str]) -> str:
    return ("column " if len(names) == 1 else "columns ") + listed(map(repr, names))


def _block_groups(block: Block, targets: Collection[str], categorical: Collection[str]) -> list[Group]:
    """Group the columns of a block: runs of numeric ones, cut by the categorical ones."""
    groups: list[Group] = []
    run: list[str] = []
    kind = "pooled" if block.pooled else "numeric"
    for name in block.names:
        if name in targets:
            continue
        if name in categorical:
            groups += [Group(kind, tuple(run))] if run else []
            groups.append(Group("categorical", (name,)))
            run = []
        else:
            run.append(name)
    return groups + ([Group(kind, tuple(run))] if run else [])


def _notes(table: Table, groups: list[Group]) -> Iterable[str]:
    for group in groups:
        if group.kind == "pooled":
            first, last, count = group.names[0], group.names[-1], len(group.names)
            yield f"{table.source}: {count} columns {first} … {last}, scaled together."
        elif group.kind == "numeric":
            for name in group.names:
                if _counts_rows(table.numbers(name)):
                    yield (
                        f"{table.source}: column {name!r} only counts the rows; "
                        f"to leave it out, say `data: {{ignore: {yaml_list([name])}}}`."
                    )


def _counts_rows(values: Array) -> bool:
    """Tell whether a column counts 0, 1, 2, … or 1, 2, 3, … without a gap."""
    rows = len(values)
    if rows <= FEW_ROWS or values[0] not in (0, 1) or values[-1] - float(values[0]) != rows - 1:
        return False
    return bool(np.array_equal(values, np.arange(rows) + values[0]))
