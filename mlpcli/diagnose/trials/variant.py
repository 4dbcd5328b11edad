"""The same case wider, without dropout, with another penalty or other columns: what a remedy makes of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import HiddenConfig
from mlpcli.diagnose.case import Case
from mlpcli.diagnose.trials.rebuilt import rebuilt
from mlpcli.nn.activations import ACTIVATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE = 16
"""Units that a widened layer has at least."""
TIMES = 4
"""By how much a layer is widened."""


def weighted(case: Case, weights: NDArray[Any]) -> Case:
    """Every row counted by a weight, (rows,), times the one it has; their mean is made 1."""
    weights = weights * case.rows["weights"] if "weights" in case.rows else weights
    rows = {**case.rows, "weights": weights / weights.mean()}
    return rebuilt(replace(case, rows=rows))


def widened(case: Case) -> Case:
    """Every hidden layer four times as wide, at least 16 units; without one, a tanh layer of 16."""
    hidden = tuple(replace(layer, units=wide_units(layer.units)) for layer in case.config.network.hidden) or (
        HiddenConfig(units=WIDE, activation=ACTIVATIONS["tanh"]()),
    )
    network = replace(case.config.network, hidden=hidden)
    return rebuilt(replace(case, config=replace(case.config, network=network)))


def wide_units(units: int) -> int:
    """Of a layer, once it is widened."""
    return max(WIDE, TIMES * units)


def with_penalty(case: Case, factor: float) -> Case:
    """l1 and l2 times a factor."""
    return rebuilt(case, factor)


def without_dropout(case: Case) -> Case:
    """No hidden layer drops anything."""
    network = case.config.network
    hidden = tuple(replace(layer, dropout=0.0) for layer in network.hidden)
    return rebuilt(replace(case, config=replace(case.config, network=replace(network, hidden=hidden))))


def with_one_hot(case: Case, columns: Collection[int]) -> Case:
    """These input columns each as one column per level, after the others."""
    inputs = case.rows["inputs"]
    parts = [np.delete(inputs, list(columns), axis=1)]
    for column in columns:
        levels, at = np.unique(inputs[:, column], return_inverse=True)
        parts.append(np.eye(len(levels), dtype=inputs.dtype)[at])
    rows = {**case.rows, "inputs": np.ascontiguousarray(np.concatenate(parts, axis=1))}
    return rebuilt(replace(case, rows=rows, validation=None))
