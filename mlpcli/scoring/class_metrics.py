"""Scores over all classes: how well they are ranked, and the means that count every class alike.

All equal scikit-learn's functions of the same names, with and without row weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measure = Callable[["NDArray[Any]", "NDArray[np.bool_]", "NDArray[Any] | None"], float]
"""A score of one class against the rest: scores (rows,), which rows are of the class, row weights."""


def roc_area(scores: NDArray[Any], positive: NDArray[np.bool_], weights: NDArray[Any] | None = None) -> float:
    """Return the area under the ROC curve: the share of pairs of a positive and another row that the scores
    put in order, ties counted half.

    scores: (rows,), higher for positive rows. positive: (rows,). weights: how much each row counts, (rows,);
    None: all alike. NaN where one of the two kinds of rows is absent. Source: Fawcett 2006, algorithm 2.
    """
    right, other = _found(scores, positive, weights)
    if not (right[-1] > 0 and other[-1] > 0):
        return float("nan")
    heights = right + np.append(0.0, right[:-1])
    return float(np.sum(np.diff(other, prepend=0.0) * heights) / (2.0 * right[-1] * other[-1]))


def average_precision(
    scores: NDArray[Any], positive: NDArray[np.bool_], weights: NDArray[Any] | None = None
) -> float:
    """Return Σ (Rₙ - Rₙ₋₁)·Pₙ over the distinct scores, the highest first, with P precision and R recall.

    Arguments are those of roc_area. 0 where no row is positive. Source: Manning et al. 2008, section 8.4.
    """
    right, other = _found(scores, positive, weights)
    if not right[-1] > 0:
        return float("nan") if np.isnan(right[-1]) else 0.0
    called = right + other
    precision = np.divide(right, called, out=np.zeros_like(right), where=called > 0)
    return float(np.sum(np.diff(right, prepend=0.0) * precision) / right[-1])


def over_classes(
    measure: Measure,
    probabilities: NDArray[Any],
    classes: NDArray[np.int64],
    weights: NDArray[Any] | None = None,
) -> float:
    """Return `measure` of the second of two classes, or its mean over more, each against all others.

    probabilities: (rows, classes). classes: index of each row's class, (rows,).
    """
    count = probabilities.shape[1]
    asked = [1] if count == 2 else range(count)
    return float(np.mean([measure(probabilities[:, at], classes == at, weights) for at in asked]))


def balanced_accuracy(confusion: NDArray[Any]) -> float:
    """Return the mean recall of the classes that rows are of.

    confusion[i, j]: rows of class i called j; classes beyond the columns are never called.
    """
    hits, _, true = sums(confusion)
    there = true > 0
    return float(np.mean(hits[there] / true[there])) if there.any() else float("nan")


def macro_f1(confusion: NDArray[Any]) -> float:
    """Return the mean F1 of the classes that rows are of or are called. confusion: see balanced_accuracy."""
    hits, called, true = sums(confusion)
    both = called + true
    there = both > 0
    return float(np.mean(2.0 * hits[there] / both[there])) if there.any() else float("nan")


def sums(confusion: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the rows of each class that are called so, all that are called so, and all that are of it.

    Classes beyond the columns are never called: 0 in the first two.
    """
    never = np.zeros(confusion.shape[0] - confusion.shape[1])
    hits, called = (np.concatenate([each, never]) for each in (np.diag(confusion), confusion.sum(0)))
    return hits, called, confusion.sum(1)


def _found(
    scores: NDArray[Any], positive: NDArray[np.bool_], weights: NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights of positive and of other rows that score as high as each distinct score, or higher.

    Both (distinct scores,), the highest first; NaN for scores that are NaN and cannot be ranked.
    """
    if not len(scores) or np.isnan(scores).any():
        return np.full(1, np.nan), np.full(1, np.nan)
    order = np.argsort(scores, kind="stable")[::-1]
    each = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    # Rows of one score are called together or not at all: a step ends where the score changes.
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    right = np.cumsum(np.where(positive, each, 0.0)[order])[ends]
    other = np.cumsum(np.where(positive, 0.0, each)[order])[ends]
    return right, other
