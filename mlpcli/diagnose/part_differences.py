"""How far the inputs of two parts of the data lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.trials.facts import Facts

if TYPE_CHECKING:
    from numpy.typing import NDArray


def differences(
    facts: Facts, training: NDArray[Any], there: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return how far two parts lie apart: distances of means, and ratios of deviations, (inputs,) each.

    Distances are in standard deviations of the training rows; ratios are at least 1. An input that is
    constant in training has 0 and 1.
    """
    (mean, spread), (mean_there, spread_there) = (_moments(facts, each) for each in (training, there))
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(spread > 0, np.abs(mean_there - mean) / spread, 0.0)
        ratio = np.where(spread > 0, spread_there / spread, 1.0)
        ratio = np.maximum(ratio, np.where(spread_there > 0, 1.0 / ratio, 1.0))
    return shift, ratio


def _moments(facts: Facts, inputs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return mean and standard deviation of each column, (inputs,) each, in float64."""
    first = inputs[0].astype(np.float64)
    total, squares = np.zeros_like(first), np.zeros_like(first)
    for rows in facts.pieces(*inputs.shape):
        piece = inputs[rows] - first  # 0 in constant columns, whatever their value
        total += piece.sum(axis=0)
        squares += np.square(piece).sum(axis=0)
    mean = total / len(inputs)
    return first + mean, np.sqrt(np.maximum(squares / len(inputs) - mean * mean, 0.0))
