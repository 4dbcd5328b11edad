"""The same case with inputs, targets or first weights of the usual size: what a remedy would make of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.case import Case, Rows
from mlpcli.nn.initializers import INITIALIZERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_TARGET = 10.0
"""Standard deviation beyond which targets are unscaled."""


def with_usual_inputs(case: Case) -> Case:
    """Every input column with mean 0 and standard deviation 1, as data.scaling: standard makes it."""
    return replace(case, rows={**case.rows, "inputs": standardised(case.rows["inputs"])})


def with_usual_targets(case: Case) -> Case:
    """Likewise the targets of a regression."""
    return replace(case, rows={**case.rows, "target": standardised(case.rows["target"])})


def with_usual_weights(case: Case, layers: Collection[str] | None = None) -> Case:
    """First weights of glorot_uniform and biases of 0, in some layers or in all."""
    weights, biases = INITIALIZERS["glorot_uniform"](), INITIALIZERS["zeros"]()
    wanted = {layer.name for layer in case.network.layers} if layers is None else set(layers)

    def draw(number: int) -> dict[str, NDArray[Any]]:
        rng = case.shuffle(number)
        state = case.draw(number)
        for layer in case.network.layers:
            for p in layer.parameters[:2] if layer.name in wanted else ():
                usual = weights if p.role == "weights" else biases
                state[p.node.name][...] = usual.draw(rng, state[p.node.name].shape, p.fan_in, p.fan_out)
        return state

    return replace(case, draw=draw)


def takes_usual_targets(case: Case) -> bool:
    """Whether it is a regression with targets as they are, that could be scaled."""
    return (
        case.dataset.task == "regression"
        and case.config.data.target_scaling == "none"
        and case.head.loss.scaled_targets
    )


def has_large_targets(case: Case) -> bool:
    """Whether scaling them would change much."""
    return takes_usual_targets(case) and largest_spread(case.rows) > LARGEST_TARGET


def largest_spread(rows: Rows) -> float:
    """Standard deviation of the target where it is largest."""
    return float(np.max(np.std(rows["target"], axis=0)))


def standardised(columns: NDArray[Any]) -> NDArray[Any]:
    """Mean 0 and standard deviation 1; what does not vary is 0."""
    spread = columns.std(axis=0)
    with np.errstate(all="ignore"):
        scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.ascontiguousarray(scaled)
