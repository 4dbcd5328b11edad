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
from mlpcli.data.read import LABEL, read_table
from mlpcli.data.split import split
from mlpcli.data.table import Table
from mlpcli.data.targets import MultilabelTarget, Target, fit_classes, fit_regression
from mlpcli.data.task import infer_task
from mlpcli.errors import DataError, Fault, nearest

Array = NDArray[Any]


@dataclass(frozen=True)
class Part:
    """Prepared rows. inputs: (rows, width), C-contiguous.

    targets: class indices, int64 (rows,); for the other tasks float64 (rows, outputs), scaled.
    """

    inputs: Array
    targets: Array

    @property
    def rows(self) -> int:
        return len(self.inputs)


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
    others: list[Table | None] = []
    for path, labels in ((config.validation, config.validation_labels), (config.test, config.test_labels)):
        if isinstance(path, str):
            other, said = read_table(path, config.header, config.separator, labels)
            others.append(other)
            notes += said
        else:
            others.append(None)
    return build_dataset(config, rng, dtype, table, *others, notes=notes)


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
    table, said = with_target(table.without(config.ignore), names)
    as_classes = set(names) <= set(config.categorical)
    task, task_notes = infer_task(table, names, config.task, as_classes)
    inference = infer(table, names, config.categorical)
    table = inference.table
    classes = fit_classes(table, names[0]) if task == "classification" else None
    shares = [
        float(share) if given is None and isinstance(share, (int, float)) else 0.0
        for share, given in ((config.validation, validation), (config.test, test))
    ]
    notes = [*notes, *said, *task_notes, *inference.notes]
    parts: list[Table | None] = [table, validation, test]
    if any(shares):
        codes = classes.encode(table) if classes else None
        rows = split(rng, table.rows, *shares, codes)
        given = zip((rows.validation, rows.test), (validation, test), strict=True)
        parts = [
            table.take(rows.training),
            *(table.take(part) if len(part) else other for part, other in given),
        ]
        if classes and codes is not None:
            counts = np.bincount(codes)
            alone = [name for name, count in zip(classes.classes, counts, strict=True) if count == 1]
            if alone:
                notes.append(
                    f"{table.source}: classes with one row only, which stays in training: {', '.join(alone)}."
                )
    training = parts[0] or table
    target: Target = MultilabelTarget(names)
    if task != "multilabel":
        target = classes or fit_regression(training, names, config.target_scaling)
    columns = fit_columns(training, inference.groups, config.scaling, config.missing)
    preparation = Preparation(columns, target)
    notes += _constants(training.source, preparation)
    made: list[Part | None] = []
    for key, part in zip(("training", "validation", "test"), parts, strict=True):
        made.append(None if part is None else _part(key, part, preparation, dtype, notes))
    first, *rest = made
    assert first is not None
    return Dataset(first, *rest, preparation, task, tuple(notes))


def _target_names(config: DataConfig, table: Table) -> tuple[str, ...]:
    """The target columns. Raises DataError with every name in the section that is not in the table."""
    given = config.target if config.target is not None else (LABEL if LABEL in table.names else None)
    faults = []
    if given is None:
        what = "The config does not say which column is to be predicted."
        remedy = f"Say `data: {{target: {table.names[-1]}}}`, if it is that. {nearest('', table.names)}"
        raise DataError(Fault(f"{table.source}, key data.target", what, remedy))
    names = (given,) if isinstance(given, str) else given
    for key, words in (("target", names), ("ignore", config.ignore), ("categorical", config.categorical)):
        for word in words:
            if word not in table.names:
                what = f"There is no column {word!r} in the file."
                faults.append(Fault(f"{table.source}, key data.{key}", what, nearest(word, table.names)))
    for word in sorted({*names, *config.categorical} & set(config.ignore)):
        what = f"The column {word!r} is ignored and used at once."
        faults.append(Fault(f"{table.source}, key data.ignore", what, "Take it out of one of the two lists."))
    if faults:
        raise DataError(faults)
    return names


def with_target(table: Table, names: Iterable[str]) -> tuple[Table, tuple[str, ...]]:
    """The rows of which no target is missing, and a note when some were. Raises DataError when none is left."""
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


def _part(key: str, table: Table, preparation: Preparation, dtype: str, notes: list[str]) -> Part:
    """One part, prepared; what happened on the way is added to `notes`."""
    preparation.match(table.names, table.source, targets=True)
    table, said = with_target(table, preparation.target.names)
    inputs, counts = preparation.inputs(table, dtype)
    notes += said
    notes += [f"{table.source}, {key} part: {line}" for line in counts.lines()]
    return Part(inputs, preparation.targets(table))
