"""Dataset: what a training reads. From the data section of the config to prepared parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from mlpcli.config.schema import DataConfig
from mlpcli.data.categorical import OTHER_LEVEL, Categorical
from mlpcli.data.files import DataFiles
from mlpcli.data.matrix_files import MatrixFiles
from mlpcli.data.numeric import Numeric
from mlpcli.data.part import Part, PartBuilder, usable_rows
from mlpcli.data.part_tables import PartTables, draw_parts, present
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.prepare import Preparation, fit_columns
from mlpcli.data.schema.column_schema import CATEGORY, DATE, ColumnSchema
from mlpcli.data.schema.schema import Schema
from mlpcli.data.split_by import rows_to_split
from mlpcli.data.table import Table
from mlpcli.data.target_columns import declared_as_classes, split_columns
from mlpcli.data.targets import Target, fit_classes, fit_labels, fit_regression
from mlpcli.data.task import infer_task
from mlpcli.data.typed import read_typed
from mlpcli.data.weights import UNWEIGHTED, Weighting, fit_weighting, mean_weight
from mlpcli.errors import DataError, Fault
from mlpcli.wording import listed, plural

USUAL_SCALING = "standard"
"""Scaling of regression targets where the config gives none."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The parts, how they were prepared, and notes on what was found on the way."""

    training: Part
    validation: Part | None
    test: Part | None
    preparation: Preparation
    task: str
    notes: tuple[str, ...]
    weighting: Weighting = UNWEIGHTED

    @property
    def width(self) -> int:
        """The number of columns of the inputs."""
        return self.preparation.width


def read_dataset(
    config: DataConfig,
    rng: np.random.Generator,
    dtype: str = "float64",
    loss_of_numbers: str = "",
    files: DataFiles | None = None,
    matrices: MatrixFiles | None = None,
    known: Mapping[str, ColumnSchema] = MappingProxyType({}),
) -> Dataset:
    """Read, split and prepare the files of the data section. Raises DataError.

    rng: draws the rows of the parts. dtype: of the inputs. loss_of_numbers: see infer_task. files: what the
    command has read already; None: nothing. matrices: the files that inputs are written to; None: they stay
    in memory. known: the meaning of columns by name, where the training goes on from a model.
    """
    files = DataFiles() if files is None else files
    read = files.training_table(config, known=known)
    others: dict[str, Table] = {}
    notes = read.notes
    for part in ("validation", "test"):
        found = files.part_table(config, part, read.schema)
        if found is not None:
            others[part], more_notes = found
            notes += more_notes
    tables = PartTables(
        training=read.table, validation=others.get("validation"), test=others.get("test"), notes=notes
    )
    schema, targets = read.schema, read.targets
    del read, others  # the parts take the place of the tables
    return _build(config, rng, tables, _Meaning(schema, targets, loss_of_numbers), _Place(dtype, matrices))


@dataclass(frozen=True)
class _Meaning:
    """What is known of the columns of a training table; loss_of_numbers: see infer_task."""

    schema: Schema
    targets: tuple[str, ...]
    loss_of_numbers: str


@dataclass(frozen=True)
class _Place:
    """The type of the inputs, and the files that they are written to; None: they stay in memory."""

    dtype: str
    matrices: MatrixFiles | None = None


def build_dataset(
    config: DataConfig,
    rng: np.random.Generator,
    table: Table,
    validation: Table | None = None,
    dtype: str = "float64",
    loss_of_numbers: str = "",
) -> Dataset:
    """Build a dataset from tables in memory; the paths in `config` are ignored. Raises DataError.

    rng: draws the rows of the parts that have no table of their own. dtype: of the inputs. loss_of_numbers:
    see infer_task.
    """
    read = read_typed(table, config)
    tables = PartTables(training=read.table, validation=validation, notes=read.notes)
    meaning = _Meaning(read.schema, read.targets, loss_of_numbers)
    return _build(config, rng, tables, meaning, _Place(dtype))


def _build(
    config: DataConfig, rng: np.random.Generator, tables: PartTables, meaning: _Meaning, place: _Place
) -> Dataset:
    """Split and prepare tables; see build_dataset for the rest. Raises DataError."""
    schema, names, source = meaning.schema, meaning.targets, tables.training.source
    apart = {*names, config.weight, *split_columns(config)}
    table, left_out = usable_rows(config, tables.training, names)
    table, in_no_part = rows_to_split(config, table)
    inputs = tuple(name for name in table.names if name not in apart)
    for name in names:
        if schema.column(name).kind == DATE:
            what = f"The target {name!r} is a date, and a network predicts numbers and classes."
            remedy = "Predict a number made of it, such as the days from another date."
            raise DataError(Fault(source, what, remedy, "data.target"))
    if not inputs:
        remedy = "Give a file with a column besides the target, or ignore fewer."
        raise DataError(Fault(source, "There is no input column.", remedy))
    declared = declared_as_classes(config, names)
    numbers = (name for name in inputs if schema.column(name).kind not in (CATEGORY, DATE))
    task, task_notes = infer_task(table, names, config.task, declared, meaning.loss_of_numbers, numbers)
    # Classes and labels are those of the whole table: no part drawn from it has one that is not known.
    classes = fit_classes(table, names[0], config.classes) if task == "classification" else None
    words = {name: schema.column(name).levels for name in names}
    labels = fit_labels(table, names, words) if task == "multilabel" else None
    notes = (*tables.notes, *left_out, *in_no_part, *task_notes)
    tables = draw_parts(config, rng, replace(tables, training=table, notes=notes), classes, schema)
    training = tables.training
    # Everything else is fitted on the training rows alone.
    scaling = config.target_scaling or USUAL_SCALING
    target: Target = classes or labels or fit_regression(training, names, scaling)
    columns = fit_columns(training, schema, inputs, config)
    preparation = Preparation(columns, target, schema)
    weighting = fit_weighting(config, target, training)
    built, more_notes = _build_parts(config, tables, preparation, weighting, place)
    return Dataset(
        training=built["training"],
        validation=built.get("validation"),
        test=built.get("test"),
        preparation=preparation,
        task=task,
        notes=(*tables.notes, *_constants(source, preparation), *_rare(source, preparation), *more_notes),
        weighting=weighting,
    )


def _build_parts(
    config: DataConfig, tables: PartTables, preparation: Preparation, weighting: Weighting, place: _Place
) -> tuple[dict[str, Part], list[str]]:
    """Prepare the rows of every part; return the parts by name, and notes. Raises DataError."""
    training, notes, mean = tables.training, [], 1.0
    if weighting:
        notes.append(f"{training.source}: rows are weighted {weighting.describe(preparation.target)}.")
        mean = mean_weight(weighting.of(training, preparation.targets(training)), training.source)
    builder = PartBuilder(
        config=config,
        preparation=preparation,
        weighting=weighting,
        mean_weight=mean,
        dtype=place.dtype,
        matrices=place.matrices,
    )
    parts = {}
    for key, table in present(tables):
        warnings = PreparationWarnings()
        if key not in tables.drawn:
            table, warnings = builder.read(key, table)
        parts[key], more_notes = builder.build(key, table, warnings)
        notes += more_notes
    return parts, notes


def _constants(source: str, preparation: Preparation) -> Iterator[str]:
    """Yield notes on the columns that say nothing, since their values or their lack of any never vary."""
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


def _rare(source: str, preparation: Preparation) -> Iterator[str]:
    """Yield notes on categories of many levels, the rare ones of which are one."""
    for column in preparation.columns:
        if isinstance(column, Categorical) and column.rare_levels:
            levels = plural(column.rare_levels, "rare level")
            yield (
                f"{source}: {column.name!r}: {levels}, {plural(column.rare_cells, 'row')} of training, are "
                f"one level {OTHER_LEVEL}, as are those that training never saw; data.levels says how many "
                "are told apart."
            )
