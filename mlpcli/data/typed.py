"""The way from the table of a training file to its schema, and to the table as the schema reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlpcli.config.schema import DataConfig
from mlpcli.data.read_in_pieces import read_in_pieces
from mlpcli.data.schema.infer import infer_schema
from mlpcli.data.schema.schema import Schema
from mlpcli.data.table import Table
from mlpcli.data.target_columns import split_columns, target_names


@dataclass(frozen=True, kw_only=True)
class TypedTable:
    """The rows of the training file as the schema reads them.

    raw: as the file has them, ignored columns too. targets: names of the target columns. notes: what was
    detected, and is not plain.
    """

    table: Table
    raw: Table
    schema: Schema
    targets: tuple[str, ...]
    notes: tuple[str, ...] = ()


class TextNeeded(Exception):
    """Signal that columns are to be read again as text; it never reaches a user."""

    def __init__(self, columns: frozenset[str]) -> None:
        super().__init__(columns)
        self.columns = columns


def read_typed(
    raw: Table,
    config: DataConfig,
    notes: tuple[str, ...] = (),
    has_target: bool = True,
    folder: Path | None = None,
    may_read_again: bool = True,
) -> TypedTable:
    """Return a table with the meaning of its columns. Raises DataError, TextNeeded.

    raw: as the file has it; columns that the config ignores are left out. notes: on how it was read.
    has_target: whether one of its columns is to be predicted; False: it is only looked at. folder: where the
    columns of a table go that is larger than memory; None: memory. may_read_again: whether TextNeeded may ask
    for the file to be read again.
    """
    names = target_names(config, raw) if has_target else ()
    table = raw.without({*config.ignore} - {*split_columns(config)})
    found = infer_schema(table, config, names, table.separator, may_read_again)
    if found.as_text:
        raise TextNeeded(found.as_text)
    return TypedTable(
        table=read_in_pieces(table, found.schema.read, folder),
        raw=raw,
        schema=found.schema,
        targets=names,
        notes=(*notes, *found.notes),
    )
