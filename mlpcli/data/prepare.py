"""Preparation: from a table to the matrix a network reads, fitted on the training rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.calendar import Calendar, fit_calendar
from mlpcli.data.categorical import OTHER_LEVEL, Categorical, fit_categorical
from mlpcli.data.indicator import Indicator
from mlpcli.data.json_records import as_tagged, read_record
from mlpcli.data.numeric import Numeric, fit_numeric
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.schema.column_schema import CATEGORY, CONSTANT, DATE, NUMBER, ColumnSchema
from mlpcli.data.schema.schema import Schema
from mlpcli.data.table import IN_MEMORY, Block, Table
from mlpcli.data.targets import ClassTarget, MultilabelTarget, RegressionTarget, Target
from mlpcli.errors import DataError, Fault, ModelFileError, closest
from mlpcli.wording import listed, plural, told_apart

__all__ = [
    "ClassTarget",
    "MultilabelTarget",
    "Preparation",
    "PreparationWarnings",
    "RegressionTarget",
    "Summary",
]

Array = NDArray[Any]

Transform = Numeric | Categorical | Calendar | Indicator
"""The way of one column, or of several alike, into the input matrix, fitted on the training part."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One line about a column, for people. role: input or target; missing: cells in the training part."""

    name: str
    role: str
    kind: str
    detail: str
    missing: int = 0

    def __str__(self) -> str:
        missing = f", {self.missing} missing" if self.missing else ""
        target = "target, " if self.role == "target" else ""
        return f"{self.name}: {target}{self.kind}, {self.detail}{missing}"


@dataclass(frozen=True)
class Preparation:
    """The way from raw columns to inputs and targets. Model files hold it, so raw rows can be predicted."""

    columns: tuple[Transform, ...]
    target: Target
    schema: Schema = field(default_factory=Schema)

    @cached_property
    def width(self) -> int:
        """The number of columns of the input matrix."""
        return sum(column.width for column in self.columns)

    @property
    def outputs(self) -> int:
        """The number of classes, or of target columns."""
        return len(self.target.classes if isinstance(self.target, ClassTarget) else self.target.names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the raw input columns."""
        return tuple(name for column in self.columns for name in column.names)

    def match(self, names: Sequence[str], source: str, targets: bool = False) -> tuple[str, ...]:
        """Return the columns among `names`, in any order, that are not used; the target is never one of them.

        Raises DataError, naming every input column (with `targets`: target columns too) that is missing.
        """
        there = set(names)
        needed = (*self.names, *(self.target.names if targets else ()))
        missing = [name for name in needed if name not in there]
        if missing:
            raise DataError(self._absent(missing, names, source))
        known = {*self.names, *self.target.names}
        return tuple(name for name in names if name not in known)

    def _absent(self, missing: list[str], names: Sequence[str], source: str) -> Fault:
        free = [name for name in names if name not in self.names] or list(names)
        shown = listed(map(repr, missing), 20)
        what = f"There is no column {shown}." if len(missing) == 1 else f"These columns are missing: {shown}."
        kind = "table" if source == IN_MEMORY else "file"
        nameless = tuple(names) == tuple(f"x{at}" for at in range(1, len(names) + 1))
        if nameless:
            what += {
                "table": " An array has no names for its columns: give a mapping or a data frame.",
                "file": " The file seems to have no header line with the names.",
            }[kind]
        near = () if nameless else ((name, closest(name, free)) for name in missing[:5])
        lines = [f"Did you mean {found!r} for {name!r}?" for name, found in near if found]
        return Fault(source, what, "\n".join([*lines, f"The {kind} has: {listed(names, 24)}."]))

    def read(
        self, table: Table, targets: bool = False, others: Iterable[str | None] = ()
    ) -> tuple[Table, PreparationWarnings]:
        """Return a table of a file as the schema reads it, and which of its columns are not used.

        targets: whether it has to have the target columns. others: further columns that are used where they
        are there, such as weights. Raises DataError for missing columns, and for cells that are not what
        their column is.
        """
        unused = self.match(table.names, table.source, targets)
        warnings = PreparationWarnings(ignored=tuple(name for name in unused if name not in others))
        return self.schema.read(table.without(warnings.ignored)), warnings

    def inputs(self, table: Table, dtype: str = "float64") -> tuple[Array, PreparationWarnings]:
        """Return the input matrix of a table of a file, see read() and matrix(). Raises DataError."""
        typed, warnings = self.read(table)
        matrix, more = self.matrix(typed, dtype)
        return matrix, warnings + more

    def matrix(self, table: Table, dtype: str = "float64") -> tuple[Array, PreparationWarnings]:
        """Return the input matrix, (rows, width), C-contiguous, and what was filled or not known.

        table: as read() gives it. Raises DataError for cells that cannot be prepared.
        """
        warnings, start = PreparationWarnings(), 0
        matrix = np.empty((table.rows, self.width), dtype)
        for column in self.columns:
            warnings += column.apply(table, matrix[:, start : start + column.width])
            start += column.width
        return matrix, warnings

    def targets(self, table: Table) -> Array:
        """Return class indices, int64 (rows,); for the other tasks float64 (rows, outputs), scaled.

        table: as read() gives it. Raises DataError for a missing cell, and a class that is not known.
        """
        return self.target.encode(table)

    def scored_targets(self, table: Table) -> tuple[Array, tuple[str, ...]]:
        """Return targets as targets() does, and the classes among them that training never saw.

        Their indices follow those of the known classes; no prediction can be right about such a row. Raises
        DataError for a missing cell.
        """
        if isinstance(self.target, ClassTarget):
            return self.target.encode_all(table)
        return self.target.encode(table), ()

    def unscale(self, values: Array) -> Array:
        """Return targets or predictions, (rows, outputs), in the units of the file."""
        return self.target.unscale(values)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data: mappings, lists, text and numbers."""
        return {
            "columns": [as_tagged(column) for column in self.columns],
            "target": as_tagged(self.target),
            "schema": self.schema.to_json(),
        }

    @staticmethod
    def from_json(value: object, where: str = "preparation") -> Preparation:
        """Return the preparation that to_json wrote. Raises ModelFileError for anything else."""
        try:
            read = read_record(Preparation, value, exact=True)
            old = isinstance(value, dict) and "schema" not in value
            return replace(read, schema=_schema_of(read)) if old else read
        except ValueError as error:
            remedy = "The file is damaged or of another version; train again."
            raise ModelFileError(Fault(where, f"{error}.", remedy)) from error

    def fault(self) -> str:
        """Say what cannot be true of a preparation; empty when all is well."""
        names = (*self.names, *self.target.names)
        if not self.columns:
            return "there are no columns."
        return "a column comes twice." if len(set(names)) < len(names) else ""

    def describe(self) -> tuple[Summary, ...]:
        """Summarise every input column (pooled ones together), then every target column."""
        lines = [line for column in self.columns for line in _describe(column)]
        return (*lines, *_describe_target(self.target))


def _schema_of(preparation: Preparation) -> Schema:
    """Return the schema that files of a version without one went by: numbers, and categories."""
    target = preparation.target
    names = [column.name for column in preparation.columns if isinstance(column, Categorical)]
    names += [] if isinstance(target, RegressionTarget) else target.names
    return Schema(
        columns=tuple(ColumnSchema(name=name, kind=CATEGORY) for name in names), targets=tuple(target.names)
    )


def fit_columns(
    table: Table, schema: Schema, names: Iterable[str], config: DataConfig
) -> tuple[Transform, ...]:
    """Fit the transforms of the input columns `names` to the rows of `table`, the training part.

    table: as the schema reads it. Raises DataError.
    """
    columns: list[Transform] = []
    missing = config.missing
    for kind, group in _groups(table, schema, tuple(names)):
        if kind == CATEGORY:
            columns.append(fit_categorical(table, group[0], missing.categorical, config.levels))
        elif kind == DATE:
            columns.append(fit_calendar(table, group[0], config.scaling, missing.numeric))
        else:
            columns.append(fit_numeric(table, group, kind == _POOLED, config.scaling, missing.numeric))
    if missing.indicator:
        holes = [
            name
            for column in columns
            if isinstance(column, Numeric) and not column.pooled
            for name, count in zip(column.names, column.missing, strict=True)
            if count and name not in column.empty
        ]
        columns += [Indicator(tuple(holes))] if holes else []
    return tuple(columns)


_POOLED = "pooled"


def _groups(table: Table, schema: Schema, names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield columns that are prepared together, and how: numbers up to the next category, others alone."""
    wanted, run = set(names), _Run()
    for column in table.columns:
        pooled = isinstance(column, Block) and column.pooled
        if run.names and (pooled or run.pooled):
            yield run.ended()
        for name in column.names:
            if name not in wanted:
                continue
            kind = _way(schema.column(name))
            if kind not in (CATEGORY, DATE):
                run.names.append(name)
                run.pooled = pooled
                continue
            if run.names:
                yield run.ended()
            yield kind, (name,)
    if run.names:
        yield run.ended()


def _way(column: ColumnSchema) -> str:
    """Return which of the transforms a column takes: that of categories, of dates, or of numbers."""
    if column.kind == CATEGORY or (column.kind == CONSTANT and column.levels):
        return CATEGORY
    return DATE if column.kind == DATE else NUMBER


class _Run:
    """Columns of numbers that follow one another."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.pooled = False

    def ended(self) -> tuple[str, tuple[str, ...]]:
        """Return the columns, and begin anew."""
        ended = (_POOLED if self.pooled else NUMBER, tuple(self.names))
        self.names, self.pooled = [], False
        return ended


def _describe(column: Transform) -> Iterator[Summary]:
    if isinstance(column, Categorical):
        detail = f"{plural(len(column.levels), 'level')}: {listed(column.levels)}"
        if column.rare_levels:
            detail += f"; {OTHER_LEVEL} stands for {plural(column.rare_levels, 'rare level')}"
        detail = "not one value, always 0" if column.empty else detail
        yield Summary(
            name=column.name, role="input", kind="categorical", detail=detail, missing=column.missing
        )
    elif isinstance(column, Calendar):
        parts = [name.removeprefix(column.name).strip() for name in column.numbers.names]
        detail = "not one value, always 0" if column.empty else listed(parts, len(parts))
        yield Summary(name=column.name, role="input", kind="date", detail=detail, missing=column.missing)
    elif isinstance(column, Indicator):
        detail = f"1 where the cell of {listed(column.columns)} is missing"
        yield Summary(name="(missing)", role="input", kind="indicator", detail=detail)
    else:
        yield from _describe_numbers(column)


def _describe_numbers(column: Numeric) -> Iterator[Summary]:
    names = column.names
    if column.pooled:
        names = (f"{names[0]} … {names[-1]}",)
    for at, name in enumerate(names):
        low, high = told_apart(column.low[at], column.high[at])
        detail = f"mean {column.mean[at]:.4g}, std {column.std[at]:.4g}, from {low} to {high}"
        if column.low[at] == column.high[at]:
            detail = f"always {column.low[at]:.4g}"
        if name in column.empty or (column.pooled and column.empty):
            detail = "not one value, always 0"
        kind = f"numeric, {column.width} columns scaled together" if column.pooled else "numeric"
        yield Summary(name=name, role="input", kind=kind, detail=detail, missing=column.missing[at])


def _describe_target(target: Target) -> Iterator[Summary]:
    if isinstance(target, ClassTarget):
        detail = f"{plural(len(target.classes), 'class')}: {listed(target.classes)}"
        yield Summary(name=target.name, role="target", kind=target.task, detail=detail)
        return
    for at, name in enumerate(target.names):
        if isinstance(target, MultilabelTarget):
            detail = " or ".join(target.words[at])
        else:
            shift, scale = target.shift[at], target.scale[at]
            detail = f"(y - {shift:.4g}) / {scale:.4g}" if (shift, scale) != (0, 1) else "as it is"
        yield Summary(name=name, role="target", kind=target.task, detail=detail)
