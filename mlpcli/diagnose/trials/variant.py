"""A problem wider, without dropout, with another penalty or other columns, as a remedy would make it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import HiddenConfig
from mlpcli.diagnose.trials.rebuilt import rebuilt, with_config
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE = 16
"""Units that a widened layer has at least."""
TIMES = 4
"""By how much a layer is widened."""


def weighted(problem: Problem, weights: NDArray[Any]) -> Problem:
    """Every row counted by a weight, (rows,), times the one it has; their mean is made 1."""
    weights = weights * problem.training_rows["weights"] if "weights" in problem.training_rows else weights
    rows = {**problem.training_rows, "weights": weights / weights.mean()}
    return rebuilt(replace(problem, given_rows=rows))


def widened(problem: Problem) -> Problem:
    """Every hidden layer four times as wide, at least 16 units; without one, a tanh layer of 16."""
    hidden = tuple(
        replace(layer, units=wide_units(layer.units)) for layer in problem.config.network.hidden
    ) or (HiddenConfig(units=WIDE, activation=ACTIVATIONS["tanh"]()),)
    network = replace(problem.config.network, hidden=hidden)
    return rebuilt(with_config(problem, replace(problem.config, network=network)))


def wide_units(units: int) -> int:
    """Of a layer, once it is widened."""
    return max(WIDE, TIMES * units)


def with_penalty(problem: Problem, factor: float) -> Problem:
    """l1 and l2 times a factor."""
    return rebuilt(problem, factor)


def without_dropout(problem: Problem) -> Problem:
    """No hidden layer drops anything."""
    network = problem.config.network
    hidden = tuple(replace(layer, dropout=0.0) for layer in network.hidden)
    return rebuilt(with_config(problem, replace(problem.config, network=replace(network, hidden=hidden))))


def with_one_hot(problem: Problem, columns: Collection[int]) -> Problem:
    """These input columns each as one column per level, after the others."""
    inputs = problem.training_rows["inputs"]
    parts = [np.delete(inputs, list(columns), axis=1)]
    for column in columns:
        levels, at = np.unique(inputs[:, column], return_inverse=True)
        parts.append(np.eye(len(levels), dtype=inputs.dtype)[at])
    rows = {**problem.training_rows, "inputs": np.ascontiguousarray(np.concatenate(parts, axis=1))}
    return rebuilt(replace(problem, given_rows=rows, dataset=replace(problem.dataset, validation=None)))
