"""Dataset: what a training reads. From the data section of the config to prepared parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.cells import is_missing
from mlpcli.data.infer import infer
from mlpcli.data.numeric import Numeric
from mlpcli.data.prepare import Preparation, fit_columns
from mlpcli.data.read import LABEL, open_reader, read_table
from mlpcli.data.split import split
from mlpcli.data.table import Table
from mlpcli.data.targets import ClassTarget, MultilabelTarget, Target, fit_classes, fit_regression
from mlpcli.data.task import infer_task
from mlpcli.errors import DataError, Fault, nearest

__all__ = ["Dataset", "Part", "build_dataset", "open_reader", "read_dataset", "read_table", "with_target"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Part:
    """Prepared rows. inputs: (rows, width), C-contiguous.

    targets: class indices, int64 (rows,); for the other tasks float64 (rows, outputs), scaled.
    """

    inputs: Array
    targets: Array
    lines: range | Array = range(0)
    """Of each row: its line or row in the file it is from, see `source`."""
    source: str = ""
    """`iris.csv line`: what comes before such a number."""

    @property
    def rows(self) -> int:
        return len(self.inputs)

    def where(self, row: int) -> str:
        """Where a row is in its file; its number in this part, where that is not known."""
        return f"{self.source} {self.lines[row]}" if len(self.lines) else f"row {row + 1}"


@dataclass(frozen=True)
class Dataset:
    """The parts, how they were prepared, and what was found on the way and is to be said aloud."""

    training: Part
    validation: Part | None
    test: Part | None
    preparation: Preparation
    task: str
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns of the inputs."""
        return self.preparation.width


def read_dataset(config: DataConfig, rng: np.random.Generator, dtype: str = "float64") -> Dataset:
    """Read, split (by `rng`) and prepare the files of the data section. Raises DataError."""
    table, notes = read_table(config.train, config.header, config.separator, config.labels)
    others: dict[str, Table] = {}
    for key in ("validation", "test"):
        path = getattr(config, key)
        if isinstance(path, str):
            labels = getattr(config, f"{key}_labels")
            others[key], said = read_table(path, config.header, config.separator, labels)
            notes += said
    return build_dataset(config, rng, dtype, table, others.get("validation"), others.get("test"), notes)


def build_dataset(
    config: DataConfig,
    rng: np.random.Generator,
    dtype: str,
    table: Table,
    validation: Table | None = None,
    test: Table | None = None,
    notes: Iterable[str] = (),
) -> Dataset:
    """The same from tables in memory; the paths in `config` are not looked at. Raises DataError."""
    names = _target_names(config, table)
    table, dropped = with_target(table.without(config.ignore), names)
    task, task_notes = infer_task(table, names, config.task, _as_classes(config, names))
    inference = infer(table, names, config.categorical)
    notes = [*notes, *dropped, *task_notes, *inference.notes]
    classes = fit_classes(table, names[0], config.classes) if task == "classification" else None
    training, validation, test = _parts(config, rng, inference.table, validation, test, classes, notes)
    target = classes or _fit_target(training, names, task, config.target_scaling)
    columns = fit_columns(training, inference.groups, config.scaling, config.missing)
    preparation = Preparation(columns, target)
    notes += _constants(training.source, preparation)

    def part(key: str, rows: Table) -> Part:
        rows, dropped = with_target(_checked(preparation, rows), names)
        inputs, counts = preparation.inputs(rows.without(config.ignore), dtype)
        notes.extend((*dropped, *(f"{rows.source}, {key} part: {line}" for line in counts.describe())))
        lines = (
            rows.lines if isinstance(rows.lines, range) else np.asarray(rows.lines)
        )  # a list would be large
        return Part(inputs, preparation.targets(rows), lines, f"{rows.source} {rows.unit}")

    return Dataset(
        part("training", training),
        part("validation", validation) if validation else None,
        part("test", test) if test else None,
        preparation,
        task,
        tuple(notes),
    )


def _parts(
    config: DataConfig,
    rng: np.random.Generator,
    table: Table,
    validation: Table | None,
    test: Table | None,
    classes: ClassTarget | None,
    notes: list[str],
) -> tuple[Table, Table | None, Table | None]:
    """Training, validation and test rows: shares of `table`, where there is no table of their own."""
    shares = [
        float(share) if given is None and isinstance(share, (int, float)) else 0.0
        for share, given in ((config.validation, validation), (config.test, test))
    ]
    if not any(shares):
        return table, validation, test
    codes = classes.encode(table) if classes else None
    if classes and codes is not None:
        counts = zip(classes.classes, np.bincount(codes), strict=True)
        alone = ", ".join(name for name, count in counts if count == 1)
        if alone:
            notes.append(f"{table.source}: classes of one row only, which is kept for training: {alone}.")
    rows = split(rng, table.rows, shares[0], shares[1], codes)
    return (
        table.take(rows.training),
        table.take(rows.validation) if shares[0] else validation,
        table.take(rows.test) if shares[1] else test,
    )


def _as_classes(config: DataConfig, names: tuple[str, ...]) -> bool:
    """Whether the target is declared to be classes, whatever it looks like."""
    return set(names) <= set(config.categorical) or bool(config.classes)


def _fit_target(table: Table, names: tuple[str, ...], task: str, scaling: str) -> Target:
    return MultilabelTarget(names) if task == "multilabel" else fit_regression(table, names, scaling)


def _checked(preparation: Preparation, table: Table) -> Table:
    """The table, when it has all columns, targets too. Raises DataError."""
    preparation.match(table.names, table.source, targets=True)
    return table


def _target_names(config: DataConfig, table: Table) -> tuple[str, ...]:
    """The target columns. Raises DataError with every name in the section that is not in the table."""
    given = config.target if config.target is not None else (LABEL if LABEL in table.names else None)
    faults = []
    if given is None:
        what = "The config does not say which column is to be predicted."
        remedy = f"Say `data: {{target: {table.names[-1]}}}`, if it is that. {nearest('', table.names)}"
        raise DataError(Fault(table.source, what, remedy, "data.target"))
    names = (given,) if isinstance(given, str) else given
    for key, words in (("target", names), ("ignore", config.ignore), ("categorical", config.categorical)):
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


def with_target(table: Table, names: Iterable[str]) -> tuple[Table, tuple[str, ...]]:
    """The rows that have all targets, and a note when some do not. Raises DataError when none is left."""
    there = np.ones(table.rows, bool)
    for name in names:
        cells = table.cells(name)
        if isinstance(cells, list):
            missing = {cell: is_missing(cell) for cell in set(cells)}
            there &= ~np.fromiter(map(missing.__getitem__, cells), bool, len(cells))
        else:
            there &= ~np.isnan(cells)
    dropped = table.rows - int(there.sum())
    if dropped == table.rows:
        what = f"In no row there is a target ({', '.join(names)})."
        raise DataError(Fault(table.source, what, "Give rows with a target, or name another one."))
    if not dropped:
        return table, ()
    note = f"{table.source}: {dropped} of {table.rows} rows have no target and are left out."
    return table.take(np.flatnonzero(there)), (note,)


def _constants(source: str, preparation: Preparation) -> Iterator[str]:
    same = [
        name
        for column in preparation.columns
        if isinstance(column, Numeric) and not column.pooled and column.scaling != "none"
        for name, low, high in zip(column.names, column.low, column.high, strict=True)
        if low == high
    ]
    if same:
        shown = ", ".join(same[:10]) + (f", … ({len(same)} in all)" if same[10:] else "")
        yield f"{source}: the same value in all rows for training, so always 0: {shown}."
