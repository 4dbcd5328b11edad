"""Reading of small files in tests of formats: what stands in each column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.data.column import EXACT, Column, column_of_cells, plain_number
from mlpcli.data.reader import WHOLE
from mlpcli.data.reading import PLAIN_READING, Reading
from mlpcli.data.source import open_source
from mlpcli.errors import DataError


def open_as(
    format_class: Any, path: Path, content: bytes | None = None, reading: Reading = PLAIN_READING
) -> Any:
    """Open a file by one format; content: what is written into it before."""
    if content is not None:
        path.write_bytes(content)
    source = open_source(str(path))
    try:
        return format_class(source, reading)
    except BaseException:
        source.stream.close()
        raise


def whole(reader: Any) -> Any:
    """The one table of all rows."""
    (table,) = reader.chunks(WHOLE)
    return table


def fault_of(read: Callable[..., object], *given: Any) -> str:
    """The text of the DataError that reading ends with; nothing where it ends well."""
    try:
        read(*given)
    except DataError as error:
        return str(error)
    return ""


def cells(table: Any) -> dict[str, list[str]]:
    """Every column as texts; also checks that columns keep their contract."""
    found = {}
    for column in table.columns:
        if isinstance(column, Column):
            check(column)
            assert column.rows == len(table.lines)
            found[column.name] = [column.cell(row) for row in range(column.rows)]
        else:
            for at, name in enumerate(column.names):
                one = Column(name=name, numbers=column.values[:, at])
                found[name] = [one.cell(row) for row in range(one.rows)]
    return found


def check(column: Column) -> None:
    """A column is as `Column` says."""
    assert column.numbers is not None or column.codes is not None
    assert len(set(column.words)) == len(column.words)
    assert all(word and word == word.strip() for word in column.words)
    if column.codes is not None:
        assert column.codes.dtype == np.int32
        assert column.codes.min(initial=0) >= -1
        assert column.codes.max(initial=-1) < len(column.words)
    if column.numbers is not None:
        assert not np.isinf(column.numbers).any()
        if column.numbers.dtype.kind in "iu":
            assert (np.abs(column.numbers.astype(float)) < EXACT).all()
        assert not (column.is_number() & column.is_word()).any()


def as_csv(name: str, texts: list[str]) -> list[str]:
    """What the cells of a CSV file would say."""
    column = column_of_cells(name, texts)
    assert all(plain_number(word) is None for word in column.words)
    return [column.cell(row) for row in range(column.rows)]
