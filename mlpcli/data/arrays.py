"""Columns from NumPy arrays: one axis is a column, more are a block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.column import Column
from mlpcli.data.table import Block
from mlpcli.data.typed_columns import column_of_levels, column_of_moments, column_of_numbers
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed

Array = NDArray[Any]


def columns_of(
    name: str, values: Array, where: str, as_text: frozenset[str] = frozenset()
) -> list[Column | Block]:
    """Make columns of an array.

    (rows,) is the column `name`; (rows, w) the columns name1 … namew; more axes: a pooled block, flat. The
    fields of a structured array are columns. as_text: names of columns whose cells are kept as words.
    Raises DataError for a single value and for what is neither number, text nor point in time.
    """
    if values.dtype.names:
        fields = ((field, values[field]) for field in values.dtype.names)
        return [column for field, cells in fields for column in columns_of(field, cells, where, as_text)]
    if values.ndim == 0:
        raise DataError(Fault(where, f"{name!r} is a single value, not rows.", "Give one row per example."))
    values = _plain(name, values, where)
    if values.ndim == 1:
        return [_column(name, values, name in as_text)]
    flat = values.reshape(len(values), -1) if len(values) else values.reshape(0, 0)
    if not flat.shape[1]:
        what = f"{name!r} has no rows or columns: {values.shape}."
        raise DataError(Fault(where, what, "Give one of each."))
    names = tuple(f"{name}{at}" for at in range(1, flat.shape[1] + 1))
    if values.dtype.kind in "UM":
        return [_column(each, flat[:, at], each in as_text) for at, each in enumerate(names)]
    return [Block(names, flat, pooled=values.ndim > 2)]


def _column(name: str, values: Array, as_text: bool) -> Column:
    """Make a column of numbers, text or points in time, (rows,)."""
    kind = values.dtype.kind
    if kind == "M":
        unit = np.datetime_data(values.dtype)[0]
        return column_of_moments(name, values.astype(np.int64), unit, np.isnat(values))
    if kind == "U" or as_text:
        distinct, places = np.unique(values.astype(str), return_inverse=True)
        return column_of_levels(name, places.reshape(-1), distinct.tolist(), as_text)
    return column_of_numbers(name, values)


def _plain(name: str, values: Array, where: str) -> Array:
    """Return numbers as they are, flags as 0 and 1, text as Unicode, moments in a unit. Raises DataError."""
    kind = values.dtype.kind if values.dtype.itemsize else "of no width"
    if kind == "b":
        return values.astype(np.uint8)
    if kind == "S":
        try:
            values, kind = np.char.decode(values, "utf-8"), "U"
        except UnicodeDecodeError as error:
            what = f"{name!r} holds text that is not UTF-8: {error}."
            raise DataError(Fault(where, what, "Save it as text.")) from error
    if kind == "U":
        values = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
        letters = values.reshape(-1).view(np.uint32)
        # NumPy does not check letters in files; half of a surrogate pair could not be printed either.
        if np.any((letters > 0x10FFFF) | ((letters >= 0xD800) & (letters < 0xE000))):
            what = f"{name!r} holds text that is no Unicode."
            raise DataError(Fault(where, what, "Write it again as UTF-8."))
        return values
    if kind == "M" and np.datetime_data(values.dtype)[0] != "generic":
        unit = np.datetime_data(values.dtype)[0]
        return values.astype(
            f"M8[{unit if unit in ('s', 'ms', 'us', 'ns') else 'D' if unit in 'DWMY' else 's'}]"
        )
    if kind in "uif":
        return values
    raise DataError(Fault(where, f"{name!r} has the type {values.dtype}.", "Convert it to numbers or text."))


def check_columns(columns: Iterable[Column | Block], where: str) -> int:
    """Return the number of rows. Raises DataError when a name comes twice or the lengths differ."""
    seen: set[str] = set()
    lengths: dict[str, int] = {}
    for column in columns:
        for name in column.names:
            if name in seen:
                raise DataError(Fault(where, f"The column {name!r} comes twice.", "Rename one of the two."))
            seen.add(name)
        lengths[column.names[0]] = len(column.values) if isinstance(column, Block) else column.rows
    if len(set(lengths.values())) > 1:
        counts = listed(f"{name} {length}" for name, length in lengths.items())
        what = f"The columns differ in length: {counts}."
        remedy = "Give each one row per example, or leave out what is none: `data: {ignore: [NAME]}`."
        raise DataError(Fault(where, what, remedy))
    rows = next(iter(lengths.values()), 0)
    if not rows:
        raise DataError(Fault(where, "There are no rows.", "Give one row per example."))
    return rows
