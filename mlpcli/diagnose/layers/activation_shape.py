"""What an activation looks like: its slopes, its bends and whether it is flat at both ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, State
from mlpcli.execute.rows import RowFunction
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, placeholder
from mlpcli.nn.layer import Layer
from mlpcli.ops.reduce import reduce_sum
from mlpcli.ops.view import columns, pad_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLAT = 0.02
"""Share of the activation's steepest slope below which a slope is flat; for tanh that is |tanh| > 0.99."""
STRAIGHT = 1e-12
"""Relative difference of slopes, times the spread, that rounding makes on one straight piece."""
MOST_BENDS = 8
"""Largest number of changes of slope along PROBE of an activation made of straight pieces."""
PROBE = np.linspace(-8.0, 8.0, 129)
"""Points at which the shape of an activation is looked at."""


@dataclass(frozen=True, kw_only=True)
class ActivationShape:
    """What an activation looks like between -8 and 8.

    steepest: its largest slope. bounded: whether it is flat at both ends. flat_pieces: whether its slope is
    exactly 0 somewhere. straight: whether it is made of straight pieces, two at least. bend: the |z| nearest
    to 0 where two of them meet; 0 where it is not made of such.
    """

    steepest: float
    bounded: bool
    flat_pieces: bool
    straight: bool
    bend: float


def activation_shape(layer: Layer, state: State, executor: Executor) -> ActivationShape:
    """Measure the activation of a layer at PROBE, with the parameters of its own that are in the state."""
    wide = layer.activation.linear_outputs(layer.units)
    z = placeholder("z", (None, wide), layer.pre_activation.dtype)
    trained = layer.activation.trained(layer.units)
    own = {p.role: p.node for p in layer.parameters if p.role in trained}
    probe = replace(layer, pre_activation=z, output=layer.activation(z, **own))
    function = RowFunction(executor, {"slope": activation_slope(probe)}, state)

    def slopes_at(points: NDArray[Any]) -> NDArray[Any]:
        """Return the largest |slope| of each unit, (points, units)."""
        grid = np.repeat(points[:, None], wide, axis=1)
        return largest_per_unit(function({"z": grid})["slope"], layer.units)

    slopes = slopes_at(PROBE)
    finite = np.isfinite(slopes)
    # Beside a pole (1/x, log x) every slope is a small share of the steepest: the middle one says more.
    steepest = float(np.max(slopes) if finite.all() else np.median(slopes[finite]) if finite.any() else 0.0)
    at_ends = max(float(np.max(slopes[0])), float(np.max(slopes[-1])))
    elementwise = layer.activation.elementwise
    # Straight pieces: next to each other, nearly all slopes are equal; of a curve nearly none are.
    bends = np.flatnonzero(np.abs(np.diff(slopes[:, 0])) > STRAIGHT * steepest)
    straight = elementwise and len(bends) <= MOST_BENDS and (len(bends) > 0 or wide > layer.units)
    bend = 0.0
    if straight and len(bends):
        nearest = min(bends.tolist(), key=lambda at: abs(PROBE[at] + PROBE[at + 1]))
        fine = np.linspace(PROBE[nearest], PROBE[nearest + 1], 1001)
        bend = abs(float(fine[np.argmax(np.abs(np.diff(slopes_at(fine)[:, 0])))]))
    return ActivationShape(
        steepest=steepest,
        bounded=elementwise and at_ends < FLAT * steepest,
        flat_pieces=elementwise and bool(np.any(slopes[2:-2] == 0)),
        straight=straight,
        bend=round(bend, 3),
    )


def activation_slope(layer: Layer) -> Node:
    """Build f'(z) of every entry, (batch, linear outputs): for softmax, each output by its own input."""
    z = layer.pre_activation
    if layer.activation.elementwise:
        return gradients(reduce_sum(layer.output), [z])[0]
    own: Node | None = None
    for unit in range(layer.units):
        whole = gradients(reduce_sum(columns(layer.output, start=unit, stop=unit + 1)), [z])[0]
        part = columns(whole, start=unit, stop=unit + 1)
        placed = pad_columns(part, start=unit, stop=unit + 1, width=layer.units)
        own = placed if own is None else own + placed
    assert own is not None
    return own


def largest_per_unit(values: NDArray[Any], units: int) -> NDArray[Any]:
    """Return |values| by unit, (rows, linear outputs) -> (rows, units): the largest of a unit's pieces."""
    pieces = values.shape[1] // units
    largest: NDArray[Any] = np.abs(values).reshape(len(values), pieces, units).max(axis=1)
    return largest
