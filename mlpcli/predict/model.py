"""Model: a model file made ready to predict and to be scored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.counts import Counts
from mlpcli.data.dataset import with_target
from mlpcli.data.prepare import Preparation
from mlpcli.data.read import LABEL, open_reader, read_table
from mlpcli.data.table import Table, table_from
from mlpcli.data.targets import ClassTarget
from mlpcli.data.weights import UNWEIGHTED, Weighting, with_weight
from mlpcli.errors import DataError, Fault
from mlpcli.execute import Executor, choose_executor
from mlpcli.execute.rows import RowFunction
from mlpcli.predict.scores import Evaluation, evaluate_outputs
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.metrics import class_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

STREAMED_ROWS = 4096
"""Rows of a data file held at once while predicting: memory stays constant however long the file."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of some rows.

    names: the classes, labels or targets, one per column of `values`. values: (rows, names), the
    probabilities of the classes or labels, or the targets in the user's units. labels: the likeliest
    class of each row, None for other tasks.
    """

    names: tuple[str, ...]
    values: NDArray[Any]
    labels: list[str] | None
    counts: Counts


class Model:
    """Made by mlpcli.load(run). Predicts any number of rows; its weights do not change."""

    def __init__(self, file: ModelFile, executor: Executor | None = None) -> None:
        self.file = file
        executor = executor or choose_executor("auto")
        self._executor = executor.name
        network = file.graph()
        self._inputs = network.inputs.name
        self._function = RowFunction(executor, {"prediction": network.prediction}, file.parameters)

    @classmethod
    def load(cls, path: str | Path, executor: str = "auto") -> Model:
        """From a run folder or a model file. executor: auto, numpy or native.

        Raises ModelFileError where it is neither, or damaged; MissingExtraError without what native needs.
        """
        place = Path(path)
        file = ModelFile.read(RunFolder(place).model() if os.path.isdir(place) else place)
        return cls(file, choose_executor(executor))

    def __reduce__(self) -> tuple[Any, ...]:
        # Machine code cannot be copied to another process; the file's bytes can, and predict the same.
        return _from_bytes, (self.file.to_bytes(), self._executor)

    def predict(self, table: Any) -> Prediction:
        """table: a path, a mapping of column names to values, a data frame, or a 2-D array (x1, x2, …).

        Columns are matched by name; extra ones are ignored. Raises DataError for missing columns.
        """
        return self._predict(_as_table(table))

    def predict_file(self, path: str) -> tuple[tuple[str, ...], Iterator[Prediction]]:
        """Notes on the file (`-`: standard input), and the predictions piece by piece, in order."""
        reader = open_reader(path, **self.file.reading)
        try:
            self.file.preparation.match(reader.names, reader.source.name)
        except BaseException:
            reader.close()
            raise
        return reader.notes, (self._predict(table) for table in reader.chunks(STREAMED_ROWS))

    def evaluate(self, table: Any, weighted: bool = True) -> Evaluation:
        """Scores on rows that have the target, in the user's units. table: as for predict().

        weighted: as in training, where rows had weights then; the column of weights may be lacking.
        """
        return self._evaluate(_as_table(table), weighted)[1]

    def evaluate_file(
        self, path: str, labels: str | None = None, weighted: bool = True
    ) -> tuple[tuple[str, ...], Evaluation]:
        """Notes on the file, and the scores; labels: a label file beside an IDX one."""
        table, notes = read_table(path, labels=labels, **self.file.reading)
        if self.file.preparation.target.names == (LABEL,) and LABEL not in table.names:
            what = f"There is no column {LABEL!r}: the labels of this model came from a file of their own."
            raise DataError(Fault(table.source, what, "Give it with --labels FILE."))
        dropped, evaluation = self._evaluate(table, weighted)
        return notes + dropped, evaluation

    def outputs(self, table: Table) -> tuple[NDArray[Any], Counts]:
        """The network's own outputs, (rows, units), before any naming or unscaling."""
        matrix, counts = self.file.preparation.inputs(table, self.file.precision)
        return self._function({self._inputs: matrix})["prediction"], counts

    def _predict(self, table: Table) -> Prediction:
        outputs, counts = self.outputs(table)
        return prediction_of(outputs, self.file.preparation, counts)

    def _evaluate(self, table: Table, weighted: bool) -> tuple[tuple[str, ...], Evaluation]:
        preparation = self.file.preparation
        preparation.match(table.names, table.source, targets=True)
        targeted, notes = with_target(table, preparation.target.names)
        weighting = self._weighting(table) if weighted else UNWEIGHTED
        targeted, weightless = with_weight(targeted, weighting.column)
        if weighted and weighting.column != self.file.weighting.column:
            column = self.file.weighting.column
            weightless += (f"{table.source}: no column {column!r} of weights; all rows count alike.",)
        targets = preparation.targets(targeted)
        weights = weighting.of(targeted, targets) if weighting else None
        used = () if weighting.column is None else (weighting.column,)
        outputs, counts = self.outputs(targeted.without(used))
        words = weighting.describe(preparation.target)
        evaluation = evaluate_outputs(outputs, targets, preparation, self.file.task, counts, weights, words)
        return (*notes, *weightless), evaluation

    def _weighting(self, table: Table) -> Weighting:
        """That of the training, without the column where the table lacks it."""
        own = self.file.weighting
        return own if own.column in table.names else replace(own, column=None)


def _from_bytes(data: bytes, executor: str) -> Model:
    """Make a pickled or copied model anew. Raises MissingExtraError without what its executor needs."""
    return Model(ModelFile.read(Path("pickled model"), data), choose_executor(executor))


def prediction_of(outputs: NDArray[Any], preparation: Preparation, counts: Counts) -> Prediction:
    """What the network's outputs, (rows, units), say about the target."""
    target = preparation.target
    if isinstance(target, ClassTarget):
        probabilities = class_probabilities(outputs, target.coding)
        labels = [target.classes[i] for i in np.argmax(probabilities, axis=1)]
        return Prediction(tuple(target.classes), probabilities, labels, counts)
    values = preparation.unscale(outputs) if target.task == "regression" else outputs
    return Prediction(tuple(target.names), values, None, counts)


def _as_table(table: Any) -> Table:
    if isinstance(table, (str, Path)):
        return read_table(str(table))[0]
    return table if isinstance(table, Table) else table_from(table)
