"""A problem with inputs, targets or initial weights of the usual size, as a remedy would make them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.rows import Rows
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_TARGET = 10.0
"""Standard deviation beyond which targets are unscaled."""


def with_usual_inputs(problem: Problem) -> Problem:
    """Every input column with mean 0 and standard deviation 1, as data.scaling: standard makes it."""
    return replace(
        problem, given_rows={**problem.training_rows, "inputs": standardised(problem.training_rows["inputs"])}
    )


def with_usual_targets(problem: Problem) -> Problem:
    """Likewise the targets of a regression."""
    return replace(
        problem, given_rows={**problem.training_rows, "target": standardised(problem.training_rows["target"])}
    )


def with_usual_weights(problem: Problem, layers: Collection[str] | None = None) -> Problem:
    """First weights of glorot_uniform and biases of 0, in some layers or in all."""
    weights, biases = INITIALIZERS["glorot_uniform"](), INITIALIZERS["zeros"]()
    wanted = {layer.name for layer in problem.network.layers} if layers is None else set(layers)

    def draw(number: int) -> dict[str, NDArray[Any]]:
        rng = problem.shuffle(number)
        state = problem.initial_values(number)
        for layer in problem.network.layers:
            for p in layer.parameters[:2] if layer.name in wanted else ():
                usual = weights if p.role == "weights" else biases
                state[p.node.name][...] = usual.draw(rng, state[p.node.name].shape, p.fan_in, p.fan_out)
        return state

    return replace(problem, draw=draw)


def takes_usual_targets(problem: Problem) -> bool:
    """Whether it is a regression with targets as they are, that could be scaled."""
    return (
        problem.dataset.task == "regression"
        and problem.config.data.target_scaling == "none"
        and problem.head.loss.scaled_targets
    )


def has_large_targets(problem: Problem) -> bool:
    """Whether scaling them would change much."""
    return takes_usual_targets(problem) and largest_spread(problem.training_rows) > LARGEST_TARGET


def largest_spread(rows: Rows) -> float:
    """Standard deviation of the target where it is largest."""
    return float(np.max(np.std(rows["target"], axis=0)))


def standardised(columns: NDArray[Any]) -> NDArray[Any]:
    """Mean 0 and standard deviation 1; what does not vary is 0."""
    spread = columns.std(axis=0)
    with np.errstate(all="ignore"):
        scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.ascontiguousarray(scaled)
