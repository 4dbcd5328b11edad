"""The outputs that a layer can have at all: the range of its activation, whatever the weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.execute.rows import RowFunction
from mlpcli.graph.node import placeholder
from mlpcli.nn.activation import Activation
from mlpcli.nn.layer import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZES = np.logspace(-3, 15, 200)
GRID = np.sort(np.concatenate([np.linspace(-8.0, 8.0, 1601), _SIZES, -_SIZES]))
"""The pre-activations that are tried: finely where activations bend, and as far as numbers go."""
UNBOUNDED = 1e6
"""The output somewhere on GRID above which an activation counts as unbounded there. Ours."""
STRAIGHT = 1e-9
"""The relative distance from a straight line that rounding makes."""
WIDEST = 8
"""The number of units that are tried; more of them do nothing else."""


@dataclass(frozen=True)
class Range:
    """The range of the output of every unit, low to high, both perhaps infinite."""

    low: float
    high: float

    @property
    def constant(self) -> bool:
        """Whether there is one value only."""
        return self.low == self.high

    @property
    def text(self) -> str:
        """The range in the words of messages."""
        if self.constant:
            return f"{self.low:.3g} alone"
        if np.isinf(self.low):
            return f"numbers up to {self.high:.3g}" if np.isfinite(self.high) else "all numbers"
        if np.isinf(self.high):
            return f"numbers from {self.low:.3g} on"
        return f"{self.low:.3g} to {self.high:.3g}"

    def beyond(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return which values lie outside by more than rounding; a bound itself is inside."""
        sizes = np.abs(values)
        slack = STRAIGHT * max(1.0, float(sizes.max(initial=0.0, where=np.isfinite(sizes))))
        outside: NDArray[Any] = (values < self.low - slack) | (values > self.high + slack)
        return outside


def output_range(layer: Layer) -> Range:
    """Return the range of a layer's activation, with parameters of its own between -1 and 1."""
    owns = (-1.0, 0.0, 1.0) if layer.activation.trained(1) else (0.0,)
    outputs = np.concatenate([_outputs(layer.activation, _units(layer), own) for own in owns])
    low, high = float(np.nanmin(outputs)), float(np.nanmax(outputs))
    return Range(-np.inf if low < -UNBOUNDED else low, np.inf if high > UNBOUNDED else high)


def is_straight(layer: Layer) -> bool:
    """Return whether the activation is a straight line: such a layer is one affine map with the next."""
    activation, units = layer.activation, _units(layer)
    if layer.normalization is not None and not layer.normalization.affine:
        return False
    if activation.trained(1) or not activation.elementwise or activation.linear_outputs(units) != units:
        return False
    outputs = _outputs(activation, units, 0.0)[: len(GRID), 0]
    low, high = (float(outputs[np.searchsorted(GRID, z)]) for z in (-8.0, 8.0))
    slope, middle = (high - low) / 16, (high + low) / 2
    line = middle + slope * GRID
    return bool(slope != 0 and np.all(np.abs(outputs - line) <= STRAIGHT * (1 + np.abs(GRID))))


def sums_to_one(layer: Layer) -> bool:
    """Return whether the outputs of every row are shares of 1, as those of softmax."""
    if layer.activation.trained(1):
        return False
    outputs = _outputs(layer.activation, _units(layer), 0.0)
    return bool(outputs.min() >= 0 and np.all(np.abs(outputs.sum(axis=1) - 1.0) <= STRAIGHT))


def _units(layer: Layer) -> int:
    return min(layer.units, WIDEST)


@lru_cache(maxsize=64)
def _outputs(activation: Activation, units: int, own: float) -> NDArray[Any]:
    """Return the outputs of some units: all of them on GRID together, then the first alone, the others 0.

    own: the value of parameters of the activation itself.
    """
    columns = activation.linear_outputs(units)
    z = placeholder("z", (None, columns), "float64")
    given = activation.trained(units)
    nodes = {role: placeholder(role, (None, *shape), "float64") for role, (shape, _) in given.items()}
    output = activation(z, **nodes)
    together = np.repeat(GRID[:, None], columns, axis=1)
    alone = np.where(np.arange(columns) == 0, together, 0.0)
    inputs = {"z": np.concatenate([together, alone])}
    for role, (shape, _) in given.items():
        inputs[role] = np.full((2 * len(GRID), *shape), own)
    with np.errstate(all="ignore"):
        outputs: NDArray[Any] = RowFunction(NumpyExecutor(), {"output": output}, {})(inputs)["output"]
    return outputs
