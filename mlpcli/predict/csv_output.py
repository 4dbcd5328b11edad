"""`predict`: rows stream through a model into CSV."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from mlpcli.data.csv_dialect import SEPARATORS, is_number
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.progress import Progress
from mlpcli.data.schema.missing_words import says_nothing
from mlpcli.data.targets import ClassTarget, RegressionTarget
from mlpcli.predict.csv_lines import CsvLines, header_line
from mlpcli.predict.model import Model
from mlpcli.predict.own_files import check_output
from mlpcli.runs.atomic import replacing

MOST_SPREADS = 16.0
"""A float32 target this many spreads from 0 keeps all but four of the 24 bits of the network's own number."""


def write_predictions(
    run: str | Path,
    data: str,
    output: str | None,
    executor: str = "auto",
    digits: int | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[str, ...], PreparationWarnings]:
    """Write one CSV row per row of data to `output`, or to standard output where it is None.

    Returns the notes and counts that are to be reported. data: a path, `-` for standard input. digits: the
    most significant digits of a number; None: as many as it takes to read back the same number in the
    precision of the network. progress: is told how far the data is read.

    A label column named after the target and p_<class> for classes, p_<label> or p_<label>=<yes> for labels
    (score_… where the outputs are no probabilities), the value of each target otherwise; see _header for
    names that could not be read again. An existing output is replaced only when all went well. Raises
    DataError, ModelFileError; OutputError, too, where the output is the file of rows, or one of the run's.
    """
    if output is not None:
        check_output(Path(output), data, Path(run))
    model = Model.load(run, executor)
    if output is None:
        return _write(model, data, sys.stdout.buffer, digits, progress)
    with replacing(Path(output)) as file:
        return _write(model, data, file, digits, progress)


def _write(
    model: Model, data: str, file: IO[bytes], digits: int | None, progress: Progress | None
) -> tuple[tuple[str, ...], PreparationWarnings]:
    notes, pieces = model.predict_file(data, progress)
    counts = PreparationWarnings()
    header = _header(model)
    # A reader that detects the separator may take a mark in the names for it, unless all cells are quoted.
    misleading = any(mark in "".join((*header, *_classes(model))) for mark in set(SEPARATORS) - {",", " "})
    precision = _precision(model)
    lines = CsvLines(len(model.columns), _classes(model), misleading, digits)
    start = header_line(header, misleading)
    for prediction in pieces:
        file.write(start)
        start = b""
        for part in lines.lines(prediction.values.astype(precision, copy=False), prediction.codes):
            file.write(part.data)
        file.flush()  # whoever waits for the rows that came so far has them now
        counts += prediction.counts
    file.write(start)  # the header, where there was no row
    file.flush()
    return notes, counts


def _precision(model: Model) -> str:
    """Return the precision that numbers are written in: that of the network.

    In units in which a target is large beside its spread, float32 would lose digits that the network has;
    such targets are written as the float64 that they were computed in.
    """
    target = model.file.preparation.target
    if isinstance(target, RegressionTarget):
        pairs = zip(target.shift, target.scale, strict=True)
        if any(abs(shift) > MOST_SPREADS * scale for shift, scale in pairs):
            return "float64"
    return model.file.precision


def _classes(model: Model) -> tuple[str, ...]:
    target = model.file.preparation.target
    return target.classes if isinstance(target, ClassTarget) else ()


def _header(model: Model) -> list[str]:
    """Name the columns so that the file can be read again: by distinct names, none of which is a number.

    The label column is `label` where the target's name would be that of a probability, or a number. Targets
    of a regression are `predicted_<target>` where one of them has a number for a name.
    """
    target = model.file.preparation.target
    unclear = any(is_number(name.replace(",", ".")) or says_nothing(name) for name in target.names)
    if isinstance(target, ClassTarget):
        return ["label" if unclear or target.name in model.columns else target.name, *model.columns]
    if model.file.task == "regression" and unclear:
        return [f"predicted_{name}" for name in target.names]
    return list(model.columns)
