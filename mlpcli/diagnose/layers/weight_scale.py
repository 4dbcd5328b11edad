"""The size of initial weights, against the rule that keeps what passes through a layer at its size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.diagnose.layers.health import rms
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hidden_scales(problem: Problem, state: Mapping[str, NDArray[Any]]) -> list[float]:
    """Return the scale of each hidden layer, in order. state: weights by name."""
    return [scale(problem, state, number) for number in range(len(problem.network.layers) - 1)]


def scale(problem: Problem, state: Mapping[str, NDArray[Any]], number: int) -> float:
    """Return rms(W)·√fan-in of the layer with that number, from 0: 1 under LeCun initialisation."""
    weights = problem.network.layers[number].parameters[0]
    return rms(state[weights.node.name]) * math.sqrt(weights.fan_in)
