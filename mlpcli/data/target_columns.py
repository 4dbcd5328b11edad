"""The target columns of a table: which they are, and which rows have a value in all of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mlpcli.config.schema import DataConfig
from mlpcli.data.reader import LABEL
from mlpcli.data.table import Table
from mlpcli.errors import DataError, Fault, nearest
from mlpcli.wording import listed


def target_names(config: DataConfig, table: Table) -> tuple[str, ...]:
    """Return the names of the target columns; without data.target, of the column `label`.

    Raises DataError where there is neither, and with every name in the section that is not in the table.
    """
    given = config.target if config.target is not None else (LABEL if LABEL in table.names else None)
    faults = []
    if given is None:
        what = "The config does not say which column is to be predicted."
        remedy = f"Say `data: {{target: {table.names[-1]}}}`, if it is that. {nearest('', table.names)}"
        raise DataError(Fault(table.source, what, remedy, "data.target"))
    names = (given,) if isinstance(given, str) else given
    weight = () if config.weight is None else (config.weight,)
    for key, words in (
        ("target", names),
        ("weight", weight),
        ("ignore", config.ignore),
        ("categorical", config.categorical),
        *((f"split.{key}", (name,)) for key, name in config.split.columns().items()),
    ):
        for word in words:
            if word not in table.names:
                what = f"There is no column {word!r} in the file."
                faults.append(Fault(table.source, what, nearest(word, table.names), f"data.{key}"))
    for word in sorted({*names, *config.categorical} & set(config.ignore)):
        what = f"The column {word!r} is ignored and used at once."
        faults.append(Fault(table.source, what, "Take it out of one of the two lists.", "data.ignore"))
    if faults:
        raise DataError(faults)
    return names


def split_columns(config: DataConfig) -> tuple[str, ...]:
    """Return the columns by which rows are dealt to the parts; none of them is an input."""
    return tuple(config.split.columns().values())


def declared_as_classes(config: DataConfig, names: tuple[str, ...]) -> bool:
    """Tell whether the config declares the target to be classes, whatever it looks like."""
    return set(names) <= set(config.categorical) or bool(config.classes)


def with_target(table: Table, names: Iterable[str]) -> tuple[Table, tuple[str, ...]]:
    """Return the rows that have a value in every target column, and a note where others are left out.

    Raises DataError where no row is left.
    """
    there, columns = np.ones(table.rows, bool), tuple(names)
    for name in columns:
        there &= ~table.column(name).is_empty()
    dropped = table.rows - int(there.sum())
    if dropped == table.rows:
        every = "a target" if len(columns) == 1 else "a value for every target"
        what = f"In no row there is {every} ({listed(columns)})."
        raise DataError(Fault(table.source, what, "Give rows with a target, or name another one."))
    if not dropped:
        return table, ()
    lack = "have no target" if len(columns) == 1 else f"lack one of the targets {listed(columns)}"
    note = f"{table.source}: {dropped} of {table.rows} rows {lack} and are left out."
    return table.take(np.flatnonzero(there)), (note,)
