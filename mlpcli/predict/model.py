"""Model: a model file made ready to predict and to be scored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.frames import table_from
from mlpcli.data.preparation_warnings import PreparationWarnings
from mlpcli.data.prepare import Preparation
from mlpcli.data.progress import Progress
from mlpcli.data.read import open_reader, read_table
from mlpcli.data.reader import LABEL, Reader
from mlpcli.data.reading import Reading
from mlpcli.data.table import IN_MEMORY, Table
from mlpcli.data.target_columns import with_target
from mlpcli.data.targets import ClassTarget, RegressionTarget, Target, describe_unseen
from mlpcli.data.weights import UNWEIGHTED, Weighting, with_weight
from mlpcli.errors import DataError, Fault
from mlpcli.execute import Executor, choose_executor
from mlpcli.execute.rows import RowFunction
from mlpcli.runs.folder import RunFolder, place_of
from mlpcli.runs.model_file import ModelFile
from mlpcli.scoring.evaluation import Evaluation, evaluate_outputs
from mlpcli.scoring.file_parts import FileParts, KnownFiles, choose_rows
from mlpcli.scoring.metrics import class_probabilities
from mlpcli.scoring.probabilities import PROBABILITY, SCORE, why_no_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMED_ROWS = 4096
"""Rows of a data file held at once while predicting: memory stays constant however long the file."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The outputs of a model for some rows.

    names: the classes, labels or targets, one per column of `values`. values: (rows, names), the
    probabilities (or scores) of the classes or labels, or the targets in the user's units. codes: the place
    in `names` of the likeliest class of each row, (rows,), None for other tasks. columns: names as
    `mlp predict` writes them: p_<class> for probabilities, p_<label>=<word> for those of a label's word for
    yes, score_… for outputs that are none, the targets as they are.
    """

    names: tuple[str, ...]
    values: NDArray[Any]
    codes: NDArray[np.intp] | None
    counts: PreparationWarnings
    columns: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> list[str] | None:
        """The likeliest class of each row; None for other tasks than classification."""
        return None if self.codes is None else [self.names[code] for code in self.codes.tolist()]


class Model:
    """A trained network, ready to predict any number of rows; its weights do not change.

    mlpcli.load(run) makes it.
    """

    known: KnownFiles | None = None
    """The data files of the run; load() sets it. None where nothing is known of them."""

    def __init__(self, file: ModelFile, executor: Executor | None = None) -> None:
        self.file = file
        executor = executor or choose_executor("auto")
        self._executor = executor.name
        network = file.graph()
        self._inputs = network.inputs.name
        self._function = RowFunction(executor, {"prediction": network.prediction}, file.parameters)
        self._no_probabilities = why_no_probabilities(network.layers[-1], file.preparation.target)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the values of a prediction: p_<class>, score_<class> or the targets."""
        return value_columns(self.file.preparation.target, self._no_probabilities)

    @property
    def reading(self) -> Reading:
        """How files with rows for this model are read."""
        preparation = self.file.preparation
        names = frozenset({*preparation.names, *preparation.target.names})
        return Reading(**self.file.reading, names=names, as_text=preparation.schema.as_text())

    @classmethod
    def load(cls, path: str | Path, executor: str = "auto") -> Model:
        """Load the model of a run folder or a model file. executor: auto, numpy or native.

        Raises ModelFileError where it is neither, or damaged; MissingExtraError without what native needs.
        """
        place = place_of(path)
        file = ModelFile.read(RunFolder(place).model() if os.path.isdir(place) else place)
        return cls(file, choose_executor(executor))

    def __reduce__(self) -> tuple[Any, ...]:
        # Machine code cannot be copied to another process; the file's bytes can, and predict the same.
        return _from_bytes, (self.file.to_bytes(), self._executor, self.known)

    def predict(self, table: Any) -> Prediction:
        """Predict a table: a path, a data frame, a mapping from names to values, or an array (x1, x2, …).

        One row may be a mapping from names to single values, several a list of such mappings. Columns are
        matched by name; extra ones are ignored. Raises DataError for missing columns.
        """
        return self._predict(_as_table(table, self.reading))

    def predict_file(
        self, path: str, progress: Progress | None = None
    ) -> tuple[tuple[str, ...], Iterator[Prediction]]:
        """Return notes on the file (`-`: standard input), and the predictions piece by piece, in order.

        progress: is told how far the file is read. Raises DataError for columns that are missing, and, while
        iterating, for rows that cannot be read.
        """
        reader = open_reader(path, self.reading)
        try:
            self.file.preparation.match(reader.names, reader.source.name)
        except BaseException:
            reader.close()
            raise
        return reader.notes, self._predictions(reader, progress)

    def evaluate(self, table: Any, weighted: bool = True, part: str | None = None) -> Evaluation:
        """Return scores of rows that have the target, in the user's units. table: as for predict().

        weighted: as in training, where rows had weights then; the column of weights may be lacking. part: the
        rows to score of a file that the run was trained on: training, validation, test or all; None: the test
        rows where the file has some, else the validation rows, else all. Raises DataError.
        """
        if isinstance(table, (str, Path)):
            return self.evaluate_file(str(table), None, weighted, part)[1]
        return self._evaluate(_as_table(table, self.reading), weighted, None, part)[1]

    def evaluate_file(
        self, path: str, labels: str | None = None, weighted: bool = True, part: str | None = None
    ) -> tuple[tuple[str, ...], Evaluation]:
        """Return notes on the file, and the scores. labels: a label file beside an IDX one.

        weighted, part: as for evaluate(). Raises DataError.
        """
        table, notes = read_table(path, self.reading, labels)
        if self.file.preparation.target.names == (LABEL,) and LABEL not in table.names:
            what = f"There is no column {LABEL!r}: the labels of this model came from a file of their own."
            raise DataError(Fault(table.source, what, "Give it with --labels FILE."))
        parts = None if self.known is None else self.known.parts(path, labels, table)
        dropped, evaluation = self._evaluate(table, weighted, parts, part)
        return notes + dropped, evaluation

    def outputs(self, table: Table) -> tuple[NDArray[Any], PreparationWarnings]:
        """Return the network's own outputs, (rows, units), neither named nor unscaled, and what was filled.

        table: as a file has it. Raises DataError for columns that are missing, cells that cannot be prepared,
        and a row whose outputs are not finite.
        """
        typed, warnings = self.file.preparation.read(table)
        found, more = self._typed_outputs(typed)
        return found, warnings + more

    def _typed_outputs(self, table: Table) -> tuple[NDArray[Any], PreparationWarnings]:
        """Return what outputs() does for a table as the schema reads it."""
        matrix, counts = self.file.preparation.matrix(table, self.file.precision)
        found = self._function({self._inputs: matrix})["prediction"]
        lost = np.flatnonzero(~np.isfinite(found).all(axis=1))
        if len(lost):
            what = f"The network's answer is not a finite number ({len(lost):,} of {len(found):,} rows)."
            remedy = "The weights, or the numbers of the row, are too large for it: see mlp show."
            raise DataError(Fault(table.where(int(lost[0])), what, remedy))
        return found, counts

    def _predictions(self, reader: Reader, progress: Progress | None) -> Iterator[Prediction]:
        # Reading in a thread of its own does not pay: both sides work in short calls and wait for each other.
        for table in reader.chunks(STREAMED_ROWS):
            yield self._predict(table)
            if progress is not None:
                progress(table.rows, reader.source.position(), reader.source.stored_size)

    def _predict(self, table: Table) -> Prediction:
        outputs, counts = self.outputs(table)
        return prediction_of(outputs, self.file.preparation, counts, self._no_probabilities)

    def _evaluate(
        self, table: Table, weighted: bool, parts: FileParts | None, part: str | None
    ) -> tuple[tuple[str, ...], Evaluation]:
        preparation = self.file.preparation
        weighting = self._weighting(table) if weighted else UNWEIGHTED
        column = self.file.weighting.column
        typed, warnings = preparation.read(
            table, targets=True, others=(weighting.column, *preparation.schema.aside)
        )
        targeted, notes = with_target(typed, preparation.target.names)
        targeted, weightless = with_weight(targeted, weighting.column)
        if weighted and weighting.column != column:
            weightless += (f"{table.source}: no column {column!r} of weights; all rows count alike.",)
        targeted, scored = choose_rows(targeted, parts, part)
        targets, unseen = preparation.scored_targets(targeted)
        said = describe_unseen(table.source, targets, unseen, preparation.target)
        weights = weighting.of(targeted, targets) if weighting else None
        outputs, counts = self._typed_outputs(targeted)
        counts = warnings + counts
        evaluation = evaluate_outputs(
            outputs, targets, preparation, counts, weights, self._no_probabilities, unseen
        )
        evaluation = replace(evaluation, weighted=weighting.describe(preparation.target), scored=scored)
        return (*notes, *weightless, *filter(None, (said,))), evaluation

    def _weighting(self, table: Table) -> Weighting:
        """Return the weighting of the training, without its column where the table lacks it."""
        own = self.file.weighting
        return own if own.column in table.names else replace(own, column=None)


def _from_bytes(data: bytes, executor: str, known: KnownFiles | None) -> Model:
    """Make a pickled or copied model anew. Raises MissingExtraError without what its executor needs."""
    model = Model(ModelFile.read(Path("pickled model"), data), choose_executor(executor))
    model.known = known
    return model


def value_columns(target: Target, no_probabilities: str) -> tuple[str, ...]:
    """Return the column names of predicted values. no_probabilities: see Evaluation, "" for probabilities."""
    if isinstance(target, RegressionTarget):
        return target.names
    prefix = SCORE if no_probabilities else PROBABILITY
    names = target.classes if isinstance(target, ClassTarget) else target.affirmed
    return tuple(f"{prefix}{name}" for name in names)


def prediction_of(
    outputs: NDArray[Any], preparation: Preparation, counts: PreparationWarnings, no_probabilities: str = ""
) -> Prediction:
    """Return the prediction that the network's outputs, (rows, units), stand for.

    no_probabilities: why outputs for classes or labels are none, "" where they are.
    """
    target = preparation.target
    columns = value_columns(target, no_probabilities)
    if isinstance(target, ClassTarget):
        probabilities = class_probabilities(outputs, target.coding)
        codes = np.argmax(probabilities, axis=1)
        return Prediction(
            names=tuple(target.classes), values=probabilities, codes=codes, counts=counts, columns=columns
        )
    values = preparation.unscale(outputs) if target.task == "regression" else outputs
    return Prediction(names=tuple(target.names), values=values, codes=None, counts=counts, columns=columns)


def _as_table(table: Any, reading: Reading) -> Table:
    if isinstance(table, (str, Path)):
        return read_table(str(table), reading)[0]
    if table is None or isinstance(table, (bytes, int, float)):
        what = f"Expected rows, got {type(table).__name__}."
        raise DataError(
            Fault(IN_MEMORY, what, "Give a path, a mapping of columns, a data frame or an array.")
        )
    return table if isinstance(table, Table) else table_from(table, reading=reading)
