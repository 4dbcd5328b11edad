"""How large first weights are, against the rule that keeps what passes through a layer at its size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.diagnose.layers.health import rms
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hidden_scales(problem: Problem, state: Mapping[str, NDArray[Any]]) -> list[float]:
    """rms(W)·√fan-in of each hidden layer: 1 by LeCun's rule."""
    return [scale(problem, state, number) for number in range(len(problem.network.layers) - 1)]


def scale(problem: Problem, state: Mapping[str, NDArray[Any]], number: int) -> float:
    """The same of one layer."""
    weights = problem.network.layers[number].parameters[0]
    return rms(state[weights.node.name]) * math.sqrt(weights.fan_in)
