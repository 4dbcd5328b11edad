"""The tables of the parts, and how they are drawn from the training file; drawn again, they are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mlpcli.config.schema import DataConfig
from mlpcli.data.part import usable_rows
from mlpcli.data.schema.schema import Schema
from mlpcli.data.split import Split, split
from mlpcli.data.split_by import Shares, rows_to_split, split_by_column, split_by_group, split_by_order
from mlpcli.data.table import Table
from mlpcli.data.target_columns import split_columns, target_names
from mlpcli.data.targets import ClassTarget, fit_classes
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed


@dataclass(frozen=True, kw_only=True)
class PartTables:
    """The table of each part, None where there is none, and notes on how they were read and drawn.

    training: as the schema reads it. validation, test: as their files have them, or drawn from the training
    table, which `drawn` names.
    """

    training: Table
    validation: Table | None = None
    test: Table | None = None
    notes: tuple[str, ...] = ()
    drawn: frozenset[str] = frozenset({"training"})


def divide(
    config: DataConfig, rng: np.random.Generator, table: Table, task: str, schema: Schema
) -> dict[str, Table]:
    """Return the rows of the training file by part: training, and those that were drawn from it.

    rng: as for build_dataset, which draws the same. table: the file as read; schema says what it means.
    Raises DataError.
    """
    names = target_names(config, table)
    # Inputs have no say in the split, and copies of them would take their time.
    known = {*names, config.weight, *split_columns(config)}
    table, _ = usable_rows(config, schema.read(table.without({*table.names} - known)), names)
    table, _ = rows_to_split(config, table)
    classes = fit_classes(table, names[0], config.classes) if task == "classification" else None
    return dict(present(draw_parts(config, rng, PartTables(training=table), classes, schema)))


def draw_parts(
    config: DataConfig,
    rng: np.random.Generator,
    tables: PartTables,
    classes: ClassTarget | None,
    schema: Schema,
) -> PartTables:
    """Take shares, a fold, or what a column says, of the training table for the parts. Raises DataError.

    classes: the target of a classification, every part of which gets its share of each class.
    """
    table, by_column = tables.training, config.split.column
    validation, test = (
        float(share) if given is None and isinstance(share, (int, float)) else 0.0
        for share, given in ((config.validation, tables.validation), (config.test, tables.test))
    )
    shares = Shares(validation=validation, test=test, fold=config.fold_number)
    if shares == Shares() and by_column is None:
        return tables
    rows, notes = _rows_of_parts(config, rng, table, shares, classes, schema)
    if shares.fold and test:
        # data.test is drawn first, so that all folds deal out the same rows; then the fold is the test part.
        apart = table.rows - sum(map(len, (rows.training, rows.validation, rows.test)))
        notes.append(
            f"{table.source}: data.fold is tested with, so {apart} rows of data.test are in no part."
        )
    found = {}
    for key, each, given in (
        ("validation", rows.validation, tables.validation if by_column else None),
        ("test", rows.test, tables.test if by_column else None),
    ):
        if len(each) and given is not None:
            what = f"{len(each)} rows are {key} rows by {by_column!r}, and data.{key} is a file."
            raise DataError(Fault(table.source, what, "Take one of the two out.", f"data.{key}"))
        if len(each):
            found[key] = table.take(each)
    return replace(
        tables,
        training=table.take(rows.training),
        **found,
        notes=(*tables.notes, *notes),
        drawn=frozenset({"training", *found}),
    )


def _rows_of_parts(
    config: DataConfig,
    rng: np.random.Generator,
    table: Table,
    shares: Shares,
    classes: ClassTarget | None,
    schema: Schema,
) -> tuple[Split, list[str]]:
    """Return the rows of each part by the way of the config, and notes on how. Raises DataError."""
    way, codes = config.split, classes.encode(table) if classes else None
    counts = np.bincount(codes) if codes is not None else np.zeros(0, np.int64)
    if way.column:
        rows, note = split_by_column(table, way.column)
    elif way.sort_by:
        rows, note = split_by_order(table, way.sort_by, shares, schema.column(way.sort_by).kind)
    elif way.group:
        rows, note = split_by_group(rng, table, way.group, shares, codes)
    else:
        alone = listed(classes.classes[at] for at in np.flatnonzero(counts == 1)) if classes else ""
        said = f"{table.source}: classes of one row only, which is kept for training: {alone}."
        drawn = split(rng, table.rows, shares.validation, shares.test, codes, shares.fold)
        return drawn, [said] if alone else []
    if codes is None or classes is None:
        return rows, [note]
    lost = np.bincount(codes[rows.training], minlength=len(counts)) == 0
    names = listed(classes.classes[at] for at in np.flatnonzero(lost))
    said = f"{table.source}: the split leaves no row of these classes for training: {names}."
    return rows, [note, said] if names else [note]


def present(tables: PartTables) -> Iterator[tuple[str, Table]]:
    """Yield the parts that there are: training, validation, test."""
    yield "training", tables.training
    if tables.validation is not None:
        yield "validation", tables.validation
    if tables.test is not None:
        yield "test", tables.test
