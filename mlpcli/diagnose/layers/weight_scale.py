"""How large first weights are, against the rule that keeps what passes through a layer at its size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.diagnose.case import Case
from mlpcli.diagnose.layers.health import rms

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hidden_scales(case: Case, state: Mapping[str, NDArray[Any]]) -> list[float]:
    """rms(W)·√fan-in of each hidden layer: 1 by LeCun's rule."""
    return [scale(case, state, number) for number in range(len(case.network.layers) - 1)]


def scale(case: Case, state: Mapping[str, NDArray[Any]], number: int) -> float:
    """The same of one layer."""
    weights = case.network.layers[number].parameters[0]
    return rms(state[weights.node.name]) * math.sqrt(weights.fan_in)
