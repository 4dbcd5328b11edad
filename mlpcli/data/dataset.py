"""Dataset: what a training reads. From the data section of the config to prepared parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.schema import DataConfig
from mlpcli.data.cell_values import is_missing
from mlpcli.data.files import DataFiles
from mlpcli.data.infer import infer
from mlpcli.data.numeric import Numeric
from mlpcli.data.prepare import Preparation, fit_columns
from mlpcli.data.read import LABEL
from mlpcli.data.split import split
from mlpcli.data.table import Table
from mlpcli.data.targets import (
    ClassTarget,
    Target,
    describe_unseen,
    fit_classes,
    fit_labels,
    fit_regression,
)
from mlpcli.data.task import infer_task
from mlpcli.data.weights import UNWEIGHTED, Weighting, fit_weighting, mean_weight, with_weight
from mlpcli.errors import DataError, Fault, nearest
from mlpcli.wording import listed

Array = NDArray[Any]
USUAL_SCALING = "standard"
"""Of regression targets, where nothing is said of it."""


@dataclass(frozen=True)
class Unseen:
    """Rows of classes that training never saw: they have no loss, and no prediction of them is right.

    inputs, weights: as those of a Part. targets: class indices, which follow those of the known classes.
    classes: the names of these.
    """

    inputs: Array
    targets: Array
    classes: tuple[str, ...]
    weights: Array | None = None


@dataclass(frozen=True)
class Part:
    """Prepared rows. inputs: (rows, width), C-contiguous.

    targets: class indices, int64 (rows,); for the other tasks float64 (rows, outputs), scaled.
    weights: how much each row counts, float64 (rows,), of mean 1 in the training part; None: all alike.
    """

    inputs: Array
    targets: Array
    weights: Array | None = None
    lines: range | Array = range(0)
    """Of each row: its line or row in the file it is from, see `source`."""
    source: str = ""
    """`iris.csv line`: what comes before such a number."""
    unseen: Unseen | None = None
    """Further rows, which count in the scores alone; None where there are none."""

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
    weighting: Weighting = UNWEIGHTED

    @property
    def width(self) -> int:
        """Columns of the inputs."""
        return self.preparation.width


def read_dataset(
    config: DataConfig,
    rng: np.random.Generator,
    dtype: str = "float64",
    loss_of_numbers: str = "",
    files: DataFiles | None = None,
) -> Dataset:
    """Read, split (by `rng`) and prepare the files of the data section. Raises DataError.

    loss_of_numbers: see infer_task. files: what the command has read already; None: nothing.
    """
    files = DataFiles() if files is None else files
    table, notes = files.training_table(config)
    others: dict[str, Table] = {}
    for part in ("validation", "test"):
        found = files.part_table(config, part)
        if found is not None:
            others[part], said = found
            notes += said
    parts = others.get("validation"), others.get("test")
    return build_dataset(config, rng, dtype, table, *parts, notes, loss_of_numbers)


def build_dataset(
    config: DataConfig,
    rng: np.random.Generator,
    dtype: str,
    table: Table,
    validation: Table | None = None,
    test: Table | None = None,
    notes: Iterable[str] = (),
    loss_of_numbers: str = "",
) -> Dataset:
    """The same from tables in memory; the paths in `config` are not looked at. Raises DataError."""
    names = _target_names(config, table)
    weight = () if config.weight is None else (config.weight,)
    table, dropped = with_target(table.without(config.ignore), names)
    table, weightless = with_weight(table, config.weight)
    declared = _as_classes(config, names)
    task, task_notes = infer_task(table, names, config.task, declared, loss_of_numbers)
    inference = infer(table, (*names, *weight), config.categorical)
    notes = [*notes, *dropped, *weightless, *task_notes, *inference.notes]
    classes = fit_classes(table, names[0], config.classes) if task == "classification" else None
    labels = fit_labels(table, names) if task == "multilabel" else None
    training, validation, test = _parts(config, rng, inference.table, validation, test, classes, notes)
    target: Target = (
        classes or labels or fit_regression(training, names, config.target_scaling or USUAL_SCALING)
    )
    columns = fit_columns(training, inference.groups, config.scaling, config.missing)
    preparation = Preparation(columns, target)
    notes += _constants(training.source, preparation)
    weighting = fit_weighting(config, target, training)
    if weighting:
        notes.append(f"{training.source}: rows are weighted {weighting.describe(target)}.")
        mean = mean_weight(weighting.of(training, preparation.targets(training)), training.source)

    def part(key: str, rows: Table) -> Part:
        rows, dropped = with_target(_checked(preparation, rows, weight), names)
        rows, weightless = with_weight(rows, config.weight)
        inputs, counts = preparation.inputs(rows.without((*config.ignore, *weight)), dtype)
        said = (f"{rows.source}, {key} part: {line}" for line in counts.describe())
        notes.extend((*dropped, *weightless, *said))
        (targets, unseen), weights = preparation.scored_targets(rows), None
        if weighting:
            weights = weighting.of(rows, targets)
            mean_weight(weights, f"{rows.source}, {key} part")
            weights = weighting.relative(weights, mean, rows, dtype)
        # A list would be large.
        lines = rows.lines if isinstance(rows.lines, range) else np.asarray(rows.lines)
        made = Part(inputs, targets, weights, lines, f"{rows.source} {rows.unit}")
        if not unseen:
            return made
        notes.append(describe_unseen(f"{rows.source}, {key} part", targets, unseen, target))
        return _set_apart(made, targets >= preparation.outputs, unseen)

    return Dataset(
        part("training", training),
        part("validation", validation) if validation else None,
        part("test", test) if test else None,
        preparation,
        task,
        tuple(notes),
        weighting,
    )


def divide(config: DataConfig, rng: np.random.Generator, table: Table, task: str) -> dict[str, Table]:
    """Return the rows of the training file by part: training, and those that shares or a fold take from it.

    rng: as for build_dataset, which draws the same. table: the file as read. Raises DataError.
    """
    names = _target_names(config, table)
    # Inputs have no say in the split, and copies of them would take their time.
    table, _ = with_target(table.without({*table.names} - {*names, config.weight}), names)
    table, _ = with_weight(table, config.weight)
    classes = fit_classes(table, names[0], config.classes) if task == "classification" else None
    drawn = _parts(config, rng, table, None, None, classes, [])
    parts = zip(("training", "validation", "test"), drawn, strict=True)
    return {part: rows for part, rows in parts if rows is not None}


def _set_apart(part: Part, which: Array, classes: tuple[str, ...]) -> Part:
    """The part without the rows, (rows,) bool, of classes that training never saw; those beside it."""
    known, weights = ~which, part.weights
    unseen = Unseen(
        part.inputs[which], part.targets[which], classes, None if weights is None else weights[which]
    )
    return replace(
        part,
        inputs=part.inputs[known],
        targets=part.targets[known],
        weights=None if weights is None else weights[known],
        lines=np.asarray(part.lines)[known],
        unseen=unseen,
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
    fold = config.fold_number
    if not any(shares) and fold is None:
        return table, validation, test
    codes = classes.encode(table) if classes else None
    if classes and codes is not None:
        counts = zip(classes.classes, np.bincount(codes), strict=True)
        alone = listed(name for name, count in counts if count == 1)
        if alone:
            notes.append(f"{table.source}: classes of one row only, which is kept for training: {alone}.")
    rows = split(rng, table.rows, shares[0], shares[1], codes, fold)
    if fold and shares[1]:
        apart = table.rows - sum(map(len, (rows.training, rows.validation, rows.test)))
        notes.append(
            f"{table.source}: data.fold is tested with, so {apart} rows of data.test are in no part."
        )
    return (
        table.take(rows.training),
        table.take(rows.validation) if shares[0] else validation,
        table.take(rows.test) if shares[1] or fold else test,
    )


def _as_classes(config: DataConfig, names: tuple[str, ...]) -> bool:
    """Whether the target is declared to be classes, whatever it looks like."""
    return set(names) <= set(config.categorical) or bool(config.classes)


def _checked(preparation: Preparation, table: Table, weight: tuple[str, ...]) -> Table:
    """The table, when it has all columns, targets and weights too. Raises DataError."""
    preparation.match(table.names, table.source, targets=True)
    for name in weight:
        if name in table.names:
            continue
        what = f"There is no column {name!r} of weights."
        remedy = f"Give it; with 1 in every row all rows count alike. {nearest(name, table.names)}"
        raise DataError(Fault(table.source, what, remedy, "data.weight"))
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
    weight = () if config.weight is None else (config.weight,)
    for key, words in (
        ("target", names),
        ("weight", weight),
        ("ignore", config.ignore),
        ("categorical", config.categorical),
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


def with_target(table: Table, names: Iterable[str]) -> tuple[Table, tuple[str, ...]]:
    """The rows that have all targets, and a note when some do not. Raises DataError when none is left."""
    there, columns = np.ones(table.rows, bool), tuple(names)
    for name in columns:
        cells = table.cells(name)
        if isinstance(cells, list):
            missing = {cell: is_missing(cell) for cell in set(cells)}
            there &= ~np.fromiter(map(missing.__getitem__, cells), bool, len(cells))
        else:
            there &= ~np.isnan(cells)
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


def _constants(source: str, preparation: Preparation) -> Iterator[str]:
    """Notes on the columns that say nothing, since their values or their lack of any never vary."""
    empty = [name for column in preparation.columns for name in column.empty]
    same = [
        name
        for column in preparation.columns
        if isinstance(column, Numeric) and not column.pooled and column.scaling != "none"
        for name, low, high in zip(column.names, column.low, column.high, strict=True)
        if low == high and name not in column.empty
    ]
    for names, why in ((empty, "not one value in the rows"), (same, "the same value in all rows")):
        if names:
            yield f"{source}: {why} for training, so always 0: {listed(names, 10)}."
