"""Scores of predictions, in the user's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mlpcli.scoring.class_metrics import (
    average_precision,
    balanced_accuracy,
    macro_f1,
    over_classes,
    roc_area,
    sums,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 1e-15
"""Probabilities are kept this far from 0 in the log-loss, as scikit-learn once did."""
ROUNDING = 4 * np.finfo(np.float64).eps
"""Share of a number's size that a deviation from the mean may be and still be rounding alone."""


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """The scores of a classification. log_loss: in nats.

    confusion[i, j]: rows of class i called class j, or the sum of their weights. rows: of each class,
    whatever they weigh. Classes that training never saw come last: they are rows of the confusion and no
    columns, as nothing is called so. probabilities (rows, classes), classes (rows,), weights (rows,) or None:
    what was scored.
    """

    accuracy: float
    log_loss: float
    confusion: NDArray[Any]
    rows: NDArray[np.int64]
    probabilities: NDArray[Any] = field(repr=False)
    classes: NDArray[np.int64] = field(repr=False)
    weights: NDArray[Any] | None = field(default=None, repr=False)

    clipped_at: ClassVar[float] = SMALLEST
    """Least probability that log_loss counts with."""

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall of the classes that rows are of."""
        return balanced_accuracy(self.confusion)

    @property
    def f1(self) -> float:
        """The mean F1 of the classes that rows are of or are called (macro)."""
        return macro_f1(self.confusion)

    # Rows are sorted for these two, so they are computed where they are asked for only.

    @cached_property
    def auc(self) -> float:
        """The area under the ROC curve: of the second of two classes, else the mean over classes."""
        return over_classes(roc_area, *self._known())

    @cached_property
    def average_precision(self) -> float:
        """The mean precision along the recall: of the second of two classes, else the mean over classes."""
        return over_classes(average_precision, *self._known())

    def _known(self) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[Any] | None]:
        """Return probabilities, classes and weights of the rows whose class training saw."""
        known = self.classes < self.probabilities.shape[1]
        weights = None if self.weights is None else self.weights[known]
        return self.probabilities[known], self.classes[known], weights

    def per_class(self) -> list[tuple[float, float, float, int]]:
        """Return precision, recall, F1 and rows of each class; a score without rows is 0."""
        hits, called, true = sums(self.confusion)
        return [
            (_ratio(h, c), _ratio(h, t), _ratio(2 * h, c + t), int(r))
            for h, c, t, r in zip(hits, called, true, self.rows, strict=True)
        ]


@dataclass(frozen=True)
class RegressionScores:
    """The scores of one target, in its units; r2 is NaN for a target that does not vary."""

    rmse: float
    mae: float
    r2: float


ONE_UNIT = (0.0, 1.0)
"""The outputs of one unit for the first and the second class, unless the config gives others."""


def class_probabilities(outputs: NDArray[Any], codes: Sequence[float] = ONE_UNIT) -> NDArray[Any]:
    """Return (rows, classes) of outputs (rows, units); one unit is the probability of the second class.

    codes: the output of one unit for each class; between two codes the probability is linear, and the nearer
    code is the likelier class. A single class has the output of its unit.
    """
    if outputs.shape[1] > 1 or len(codes) == 1:
        return outputs
    second = outputs[:, 0]
    if tuple(codes) != ONE_UNIT:
        second = (second - codes[0]) / (codes[1] - codes[0])
    return np.column_stack([1 - second, second])


def mean(values: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    """Return the mean of values (rows,), each counting as much as its weight (rows,): Σ w·v / Σ w."""
    if weights is None:
        return float(np.mean(values))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum(weights * values) / np.sum(weights))


def class_scores(
    probabilities: NDArray[Any], classes: NDArray[np.int64], weights: NDArray[Any] | None = None
) -> ClassScores:
    """Score probabilities (rows, classes) against classes (rows,), calling the likeliest class, or the first.

    Classes beyond those of the probabilities are ones that training never saw: their rows count as wrong, and
    the log-loss is of the others. weights: how much each row counts, (rows,); None: all alike.
    """
    count = probabilities.shape[1]
    called = np.argmax(probabilities, axis=1)
    every = max(count, int(np.max(classes, initial=0)) + 1)
    cells = classes * count
    cells += called
    confusion = np.bincount(cells, weights, every * count).reshape(every, count)
    # Of many rows each copy takes its time, and its memory: mostly all classes are known.
    known = slice(None) if every == count else classes < count
    right = np.take_along_axis(probabilities[known], classes[known, None], 1)[:, 0]
    losses = np.clip(np.asarray(right, np.float64), SMALLEST, 1.0)
    np.log(losses, losses)
    np.negative(losses, losses)
    log_loss = mean(losses, None if weights is None else weights[known])
    rows = np.bincount(classes, minlength=every)
    return ClassScores(
        accuracy=mean(called == classes, weights),
        log_loss=log_loss,
        confusion=confusion,
        rows=rows,
        probabilities=probabilities,
        classes=classes,
        weights=weights,
    )


def regression_scores(
    prediction: NDArray[Any], target: NDArray[Any], weights: NDArray[Any] | None = None
) -> RegressionScores:
    """Score predictions (rows,) against targets (rows,), both in the user's units.

    weights: how much each row counts, (rows,); None: all alike.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a training that runs away has infinite scores
        error = np.asarray(prediction, np.float64) - np.asarray(target, np.float64)
        each = 1.0 if weights is None else weights
        spread = float(np.sum(each * (target - mean(target, weights)) ** 2)) if varies(target, weights) else 0
        squares = float(np.sum(each * error**2))
        return RegressionScores(
            float(np.sqrt(mean(error**2, weights))),
            mean(np.abs(error), weights),
            1.0 - squares / spread if spread > 0 else float("nan"),
        )


def varies(target: NDArray[Any], weights: NDArray[Any] | None = None) -> bool:
    """Return whether a target (rows,) differs between rows that count by more than rounding.

    The mean of 0.1, 0.1, 0.1 is not 0.1: a variance above 0 alone says nothing.
    """
    target = target if weights is None else target[weights > 0]
    if not len(target):
        return False
    low, high = float(np.min(target)), float(np.max(target))
    with np.errstate(over="ignore"):
        return bool(high - low > ROUNDING * max(abs(low), abs(high)))


def label_scores(
    probabilities: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None
) -> ClassScores:
    """Score one label of a multilabel task: probabilities (rows,) against labels (rows,) of 0 or 1."""
    both = class_probabilities(np.asarray(probabilities)[:, None])
    return class_scores(both, labels.astype(np.int64), weights)


def target_matrix(
    targets: NDArray[Any], task: str, units: int, dtype: str, codes: Sequence[float] = ONE_UNIT
) -> NDArray[Any]:
    """Return what the network is compared with, (rows, units): class indices as one column or one-hot rows.

    codes: the output that one unit is to have for each class.
    """
    if task != "classification":
        return np.ascontiguousarray(targets, dtype)
    if units == 1:
        return np.ascontiguousarray(np.array(codes, dtype)[targets][:, None])
    matrix = np.zeros((len(targets), units), dtype)
    matrix[np.arange(len(targets)), targets] = 1
    return matrix


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
