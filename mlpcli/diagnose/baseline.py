"""What a network must beat: the best loss of a prediction that ignores the inputs."""

from __future__ import annotations

import numpy as np

from mlpcli.diagnose.case import Case, Rows
from mlpcli.execute.evaluate import evaluate
from mlpcli.graph.node import placeholder
from mlpcli.nn.losses import LOSSES


def baseline_loss(case: Case, rows: Rows | None = None) -> float:
    """Mean loss of the best constant among the mean, the median and, per output, what lies near them.

    For cross-entropies that is the entropy of the label frequencies (ln 2 for balanced pairs), for squared
    errors the variance of the target. A constant, so also where the output could not say it.
    """
    target = (rows or case.rows)["target"]

    def loss(constant: np.ndarray) -> float:
        value = float(np.mean(row_losses(case, np.broadcast_to(constant, target.shape), target)))
        return value if np.isfinite(value) else np.inf

    # The medians; np.median would import numpy.ma, 10 ms.
    places = [(len(target) - 1) // 2, len(target) // 2]
    middle = np.partition(target, places, axis=0)[places].mean(axis=0)
    return min(loss(target.mean(axis=0)), loss(middle))


def least_loss(case: Case, rows: Rows | None = None) -> float:
    """Mean loss of a prediction that is the target: 0 but for targets between 0 and 1, or of other losses."""
    target = (rows or case.rows)["target"]
    return float(np.mean(row_losses(case, target, target)))


def row_losses(case: Case, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The loss of every row for any prediction, (rows, outputs), also one that the output could not say."""
    names = {name: placeholder(name, (None, target.shape[1]), "float64") for name in ("prediction", "target")}
    loss = case.head.loss.per_row(names["prediction"], names["target"])
    return evaluate({"loss": loss}, {"prediction": prediction, "target": target}, len(target))["loss"]


def is_cross_entropy(case: Case) -> bool:
    """Whether the loss is a negative log-likelihood of classes."""
    return isinstance(case.head.loss, (LOSSES["binary_cross_entropy"], LOSSES["cross_entropy"]))
