"""`predict`: rows stream through a model into CSV."""

from __future__ import annotations

import csv
import io
import math
import sys
from pathlib import Path
from typing import IO

import numpy as np

from mlpcli.data.cell_values import is_missing, number
from mlpcli.data.csv_dialect import SEPARATORS
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.targets import ClassTarget
from mlpcli.predict.model import Model, Prediction
from mlpcli.predict.own_files import check_output
from mlpcli.runs.atomic import replacing


def write_predictions(
    run: str | Path, data: str, output: str | None, executor: str = "auto"
) -> tuple[tuple[str, ...], PreparationWarnings]:
    """Write one CSV row per row of data to `output`, or to standard output where it is None.

    Returns the notes and counts that are to be reported. data: a path, `-` for standard input.

    A label column named after the target and p_<class> for classes, p_<label> or p_<label>=<yes> for labels
    (score_… where the outputs are no probabilities), the value of each target otherwise; see _header for names that could not be
    read again. An existing output is replaced only when all went well. Raises DataError, ModelFileError;
    OutputError, too, where the output is the file of rows, or one of the run's.
    """
    if output is not None:
        check_output(Path(output), data, Path(run))
    model = Model.load(run, executor)
    if output is None:
        return _write(model, data, sys.stdout.buffer)
    with replacing(Path(output)) as file:
        return _write(model, data, file)


def _write(model: Model, data: str, file: IO[bytes]) -> tuple[tuple[str, ...], PreparationWarnings]:
    notes, pieces = model.predict_file(data)
    counts = PreparationWarnings()
    text = io.StringIO()
    header = _header(model)
    # A reader that detects the separator may take a mark in the names for it, unless all cells are quoted.
    misleading = any(mark in "".join((*header, *_classes(model))) for mark in set(SEPARATORS) - {",", " "})
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if misleading else csv.QUOTE_MINIMAL)
    writer.writerow(header)
    for prediction in pieces:
        writer.writerows(_rows(prediction))
        file.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
        counts += prediction.counts
    file.write(text.getvalue().encode())  # the header, where there was no row
    file.flush()
    return notes, counts


def _classes(model: Model) -> tuple[str, ...]:
    target = model.file.preparation.target
    return target.classes if isinstance(target, ClassTarget) else ()


def _header(model: Model) -> list[str]:
    """Name the columns so that the file can be read again: by distinct names, none of which is a number.

    The label column is `label` where the target's name would be that of a probability, or a number. Targets
    of a regression are `predicted_<target>` where one of them has a number for a name.
    """
    target = model.file.preparation.target
    unclear = any(math.isfinite(number(name.replace(",", "."))) or is_missing(name) for name in target.names)
    if isinstance(target, ClassTarget):
        return ["label" if unclear or target.name in model.columns else target.name, *model.columns]
    if model.file.task == "regression" and unclear:
        return [f"predicted_{name}" for name in target.names]
    return list(model.columns)


def _rows(prediction: Prediction) -> list[list[str]]:
    # The shortest digits that give the same number back, so equal numbers are equal bytes.
    cells: list[list[str]] = prediction.values.astype(np.str_).tolist()
    if prediction.labels is None:
        return cells
    return [[label, *row] for label, row in zip(prediction.labels, cells, strict=True)]
