"""The size of initial weights, against the rule that keeps what passes through a layer at its size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.diagnose.case import Case
from mlpcli.diagnose.layers.health import rms

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hidden_scales(case: Case, state: Mapping[str, NDArray[Any]]) -> list[float]:
    """Return the scale of each hidden layer, in order. state: weights by name."""
    return [scale(case, state, number) for number in range(len(case.network.layers) - 1)]


def scale(case: Case, state: Mapping[str, NDArray[Any]], number: int) -> float:
    """Return rms(W)·√fan-in of the layer with that number, from 0: 1 under LeCun initialisation."""
    weights = case.network.layers[number].parameters[0]
    return rms(state[weights.node.name]) * math.sqrt(weights.fan_in)
