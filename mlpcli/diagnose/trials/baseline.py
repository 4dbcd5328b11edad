"""What a network must beat: the best loss of a prediction that ignores the inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlpcli.execute.evaluate import evaluate
from mlpcli.execute.rows import Rows
from mlpcli.graph.node import placeholder
from mlpcli.nn.losses import LOSSES
from mlpcli.problem.problem import Problem
from mlpcli.scoring.metrics import mean

AT_ONCE = 1 << 17
"""Losses that are computed at once: what is in between stays in the processor's cache."""
OF_THE_MEAN = ("squared_error", "binary_cross_entropy", "cross_entropy", "poisson")
"""Losses whose best constant is the mean (they are Bregman divergences: Banerjee et al. 2005, JMLR 6)."""
SHARES = 20
"""Parts of the sorted targets between which constants are tried for a loss that may be anything. Ours."""


@dataclass(frozen=True)
class Yardstick:
    """What the losses of a trial are measured by, all of them means over the same rows, without penalty.

    baseline: the loss of the best constant. minimum: the lowest loss there is, of a prediction that is right;
    not 0 where targets lie between 0 and 1, or are counts.
    """

    baseline: float
    minimum: float

    @property
    def gain(self) -> float:
        """What there is to gain on the baseline."""
        return self.baseline - self.minimum if self.minimum < self.baseline else abs(self.baseline)

    @property
    def floor(self) -> float:
        """The minimum where it lies between 0 and the baseline, as of smoothed labels; else 0."""
        return self.minimum if 0 < self.minimum < self.baseline else 0.0

    def left(self, loss: float) -> float:
        """Return the share of the gain that a loss leaves. The baseline must not be 0."""
        return (loss - self.floor) / (self.baseline - self.floor)


def yardstick(problem: Problem, rows: Rows) -> Yardstick:
    """Return what losses on these rows are measured by."""
    return Yardstick(baseline_loss(problem, rows), minimum_loss(problem, rows))


def baseline_loss(problem: Problem, rows: Rows | None = None) -> float:
    """Return the mean loss of the best constant among the mean and the median, each as the loss aims at it.

    For cross-entropies that is the entropy of the label frequencies (ln 2 for balanced pairs), for squared
    errors the variance of the target; rows count by their weights. A constant, so also where the output
    could not say it.
    """
    rows = _by_class(problem, rows or problem.training_rows)
    target = rows["target"]

    def loss(constant: np.ndarray) -> float:
        aimed = problem.head.loss.optimal_prediction(np.broadcast_to(constant, target.shape))
        value = mean_loss(row_losses(problem, aimed, target), rows)
        return value if np.isfinite(value) else np.inf

    weights = rows.get("weights")
    average = target.mean(axis=0) if weights is None else np.average(target, 0, weights)
    if isinstance(problem.head.loss, tuple(LOSSES[name] for name in OF_THE_MEAN)):
        return loss(average)
    if weights is None:
        # The medians; np.median would import numpy.ma, 10 ms.
        places = [(len(target) - 1) // 2, len(target) // 2]
        middle = np.partition(target, places, axis=0)[places].mean(axis=0)
    else:
        middle = _middle(target, weights)
    return min(loss(constant) for constant in (average, middle, *_twentieths(problem, target)))


def _by_class(problem: Problem, rows: Rows) -> Rows:
    """Return targets and weights; where each class has a unit, one weighted row for each class."""
    target = rows["target"]
    if problem.dataset.task != "classification" or target.shape[1] == 1:
        return rows
    classes = np.argmax(target, axis=1)
    there = np.flatnonzero(np.bincount(classes, minlength=target.shape[1]))
    counts = np.bincount(classes, rows.get("weights"), target.shape[1])[there]
    return {"target": np.eye(target.shape[1])[there], "weights": counts.astype(np.float64)}


def _twentieths(problem: Problem, target: np.ndarray) -> list[np.ndarray]:
    """Return constants to try for a loss that may be anything; for others the mean or the median is best."""
    if problem.head.loss_name != "formula":
        return []
    places = [round(share * (len(target) - 1) / SHARES) for share in range(SHARES + 1)]
    return list(np.sort(target, axis=0)[places])


def _middle(target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted median of each column, (outputs,): up to it lies half the weight."""
    order = np.argsort(target, axis=0, kind="stable")
    below = np.cumsum(weights[order], axis=0)
    first = np.argmax(below >= 0.5 * below[-1], axis=0)
    middle: np.ndarray = np.take_along_axis(target, np.take_along_axis(order, first[None], 0), 0)[0]
    return middle


def minimum_loss(problem: Problem, rows: Rows | None = None) -> float:
    """Return the mean loss of a prediction that is right: mostly of the target itself, and mostly 0.

    It is not 0 where targets lie between 0 and 1, as smoothed labels do, and for counts.
    """
    rows = _by_class(problem, rows or problem.training_rows)
    target = rows["target"]
    return mean_loss(row_losses(problem, problem.head.loss.optimal_prediction(target), target), rows)


def mean_loss(losses: np.ndarray, rows: Rows) -> float:
    """Return the weighted mean of per-row losses, (rows,); the plain mean where rows have no weights."""
    return mean(losses, rows.get("weights"))


def row_losses(problem: Problem, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the loss of every row, (rows,), for any prediction, (rows, outputs), also out of reach."""
    names = {name: placeholder(name, (None, target.shape[1]), "float64") for name in ("prediction", "target")}
    loss = {"loss": problem.head.loss.per_row(names["prediction"], names["target"])}
    step = max(1, AT_ONCE // target.shape[1])
    pieces = [slice(start, start + step) for start in range(0, len(target), step)]
    some = ({"prediction": prediction[rows], "target": target[rows]} for rows in pieces)
    return np.concatenate([evaluate(loss, rows, len(rows["target"]))["loss"] for rows in some])


def is_cross_entropy(problem: Problem) -> bool:
    """Tell whether the loss is a negative log-likelihood of classes."""
    return isinstance(problem.head.loss, (LOSSES["binary_cross_entropy"], LOSSES["cross_entropy"]))
