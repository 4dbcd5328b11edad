"""Question 2: does the gradient arrive? Per layer, on the user's rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.execute.rows import RowFunction
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, placeholder
from mlpcli.nn.layer import Layer
from mlpcli.nn.network import Network
from mlpcli.ops.move import columns, pad_columns
from mlpcli.ops.reduce import reduce_sum
from mlpcli.plan.make_plan import make_plan
from mlpcli.registry import choice_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLAT = 0.02
"""A slope below this share of the activation's steepest is flat; for tanh that is |tanh| > 0.99."""
MOSTLY = 0.95
"""A unit flat on this share of the rows is saturated."""
STRAIGHT = 1e-12
"""Relative difference of slopes, times the spread, that rounding makes on one straight piece."""
MOST_BENDS = 8
"""Changes of slope along PROBE of an activation made of straight pieces."""
PROBE = np.linspace(-8.0, 8.0, 129)
"""Where the shape of an activation is looked at."""


@dataclass(frozen=True)
class Shape:
    """What an activation looks like between -8 and 8. bounded: flat at both ends. flat_pieces: its slope is
    exactly 0 somewhere. straight: it is made of straight pieces, two at least. bend: the |z| nearest to 0
    where two of them meet; 0 where it is not made of such."""

    steepest: float
    bounded: bool
    flat_pieces: bool
    straight: bool
    bend: float


@dataclass(frozen=True)
class LayerHealth:
    """One layer. Counts are of units; gradient norms are Euclidean, of the loss alone without penalty.

    dead: the gradient of the loss is exactly 0 on every row. saturated: the activation is flat on at
    least 95 % of the rows. mean_slope: mean |f'| over rows and units. live_share: of rows × units, where
    f' ≠ 0. flat_units: the slope is exactly 0 on every row.
    """

    name: str
    activation: str
    units: int
    dead: int
    saturated: int
    mean_slope: float
    live_share: float
    flat_units: int
    weight_gradient: float
    bias_gradient: float
    flat_share: float
    """Of rows × units, where the activation is flat."""
    linear_units: int
    """Units that are one straight line of what they get, on all rows."""
    identical_units: int
    """Hidden units with the same weights, in and out, as one before them: they do the same for ever."""
    shape: Shape
    pre_activation_rms: float
    activation_rms: float
    weights: int
    weight_rms: float
    weight_scale: float
    """rms of the weights times the root of the fan-in: by how much they make what comes in larger."""
    update: float | None = None
    """‖ΔW‖ / ‖W‖ of one step, where one was made and W is not 0."""
    frozen: bool = False
    """Not trained: `trainable: false`."""

    @property
    def cut_off(self) -> bool:
        """Whether nothing of the loss's gradient reaches this layer."""
        return self.dead == self.units

    @property
    def relative_gradient(self) -> float:
        """‖gradient‖ / ‖W‖: what layers of different size have in common. 0 where both are 0."""
        size = self.weight_rms * math.sqrt(self.weights)
        return self.weight_gradient / size if size else math.inf if self.weight_gradient else 0.0


def gradient_ratio(layers: Sequence[LayerHealth]) -> float:
    """Relative gradient of the first layer over that of the last: about 1 where all of it arrives."""
    first, last = layers[0].relative_gradient, layers[-1].relative_gradient
    if math.isinf(first) or math.isinf(last):  # weights that are 0: those have no size to compare with
        first, last = layers[0].weight_gradient, layers[-1].weight_gradient
    return first / last if last else math.inf if first else 0.0


def layer_health(
    network: Network,
    state: State,
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    updates: Mapping[str, float] | None = None,
) -> tuple[list[LayerHealth], float]:
    """What each layer does on these rows with the weights in `state`, and the cost there.

    updates: ‖ΔW‖ / ‖W‖ of a step, by parameter.
    """
    count = len(next(iter(rows.values())))
    # Zeros that dropout makes are no dead units, and running averages say little before they have run.
    observed = network.observed
    before = [layer.pre_activation for layer in observed.layers]
    weights = [p.node for layer in observed.layers for p in layer.parameters[:2]]
    arriving = gradients(observed.loss, [*before, *weights])
    outputs: dict[str, Node] = {
        f"gradient {n.name}": g for n, g in zip(weights, arriving[len(before) :], strict=True)
    }
    outputs["cost"] = observed.cost
    outputs |= {f"arriving {i}": g for i, g in enumerate(arriving[: len(before)])}
    outputs |= {f"slope {i}": _slope(layer) for i, layer in enumerate(observed.layers)}
    outputs |= {f"before {i}": node for i, node in enumerate(before)}
    outputs |= {f"after {i}": layer.output for i, layer in enumerate(observed.layers)}
    function = executor.compile(make_plan(outputs, batch=count), state)
    for name, buffer in function.inputs.items():
        buffer[...] = rows[name]
    with arithmetic():
        function.run()
    got = function.outputs
    result = []
    for number, layer in enumerate(observed.layers):
        slopes = _per_unit(got[f"slope {number}"], layer.units)
        gradient = _per_unit(got[f"arriving {number}"], layer.units)
        shape = _shape(layer, state, executor)
        own = layer.parameters[0]
        w, b = (got[f"gradient {p.node.name}"] for p in layer.parameters[:2])
        z, after = got[f"before {number}"], got[f"after {number}"]
        flat = slopes < FLAT * shape.steepest
        affine = layer.normalization is None or layer.normalization.affine
        lines = affine and layer.activation.elementwise
        straight = _straight(z, after, got[f"slope {number}"]) if lines else 0
        following = observed.layers[number + 1] if number + 1 < len(observed.layers) else None
        update = (updates or {}).get(own.node.name, math.inf)
        size = rms(state[own.node.name])
        result.append(
            LayerHealth(
                layer.name,
                choice_name(layer.activation),
                layer.units,
                int(np.sum(np.all(gradient == 0, axis=0))),
                int(np.sum(np.mean(flat, axis=0) >= MOSTLY)),
                float(np.mean(slopes)),
                float(np.mean(slopes > 0)),
                int(np.sum(np.all(slopes == 0, axis=0))),
                _norm(w),
                _norm(b),
                float(np.mean(flat)),
                straight,
                identical_units(layer, following, state) if following else 0,
                shape,
                rms(z),
                rms(after),
                own.size,
                size,
                size * math.sqrt(own.fan_in),
                update if layer.trainable and math.isfinite(update) else None,
                not layer.trainable,
            )
        )
    return result, float(got["cost"])


def _slope(layer: Layer) -> Node:
    """f'(z) of every entry, (batch, linear outputs): for softmax, each output by its own input."""
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


def _per_unit(values: NDArray[Any], units: int) -> NDArray[Any]:
    """|values|, (rows, linear outputs) -> (rows, units): the largest of a unit's pieces."""
    pieces = values.shape[1] // units
    largest: NDArray[Any] = np.abs(values).reshape(len(values), pieces, units).max(axis=1)
    return largest


def _straight(z: NDArray[Any], after: NDArray[Any], slopes: NDArray[Any]) -> int:
    """Units whose rows all lie on one straight piece: equal slopes, and after - slope·z is a constant."""
    units = after.shape[1]
    pieces = z.shape[1] // units
    if not (np.isfinite(z).all() and np.isfinite(slopes).all() and np.isfinite(after).all()):
        return 0
    risen = (z * slopes).reshape(len(z), pieces, units)
    even = np.ptp(slopes, axis=0) <= STRAIGHT * np.abs(slopes).max(axis=0)
    equal = even.reshape(pieces, units).all(axis=0)
    offsets = np.ptp(after - risen.sum(axis=1), axis=0)
    size = np.abs(risen).max(axis=(0, 1)) + np.abs(after).max(axis=0)
    return int(np.sum(equal & (offsets <= STRAIGHT * size)))


def identical_units(layer: Layer, following: Layer, state: State, tolerance: float = 0.0) -> int:
    """Units of a layer less those that differ: by weights and biases before them, or by weights after them.

    tolerance: of the difference, relative to the largest weight.
    """
    units = layer.units
    out = state[following.parameters[0].node.name]
    own = [state[p.node.name] for p in layer.parameters]
    parts = [array.reshape(-1, units) for array in own if array.size % units == 0]
    seen = np.concatenate([*parts, out.reshape(units, -1).T]).T
    if tolerance and seen.size:
        # Centred on the middle, so that a difference of rounding never falls on an edge.
        grid = tolerance * max(float(np.abs(seen).max()), 1e-300)
        middle = np.median(seen, axis=0)
        seen = np.round((seen - middle) / grid)
    return units - len(np.unique(seen, axis=0))


def _norm(values: NDArray[Any]) -> float:
    """Euclidean; infinite where it overflows."""
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(values))


def rms(values: NDArray[Any]) -> float:
    """Root of the mean square."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.square(values))))


def _shape(layer: Layer, state: State, executor: Executor) -> Shape:
    """By its values and slopes at PROBE."""
    wide = layer.activation.linear_outputs(layer.units)
    z = placeholder("z", (None, wide), layer.pre_activation.dtype)
    trained = layer.activation.trained(layer.units)
    own = {p.role: p.node for p in layer.parameters if p.role in trained}
    output = layer.activation(z, **own)
    probe = replace(layer, pre_activation=z, output=output)
    grid = np.repeat(PROBE[:, None], wide, axis=1)
    function = RowFunction(executor, {"slope": _slope(probe)}, state)
    slopes = _per_unit(function({"z": grid})["slope"], layer.units)
    steep = np.isfinite(slopes)
    # Beside a pole (1/x, log x) every slope is a small share of the steepest: the middle one says more.
    steepest = float(np.max(slopes) if steep.all() else np.median(slopes[steep]) if steep.any() else 0.0)
    at_ends = max(float(np.max(slopes[0])), float(np.max(slopes[-1])))
    elementwise = layer.activation.elementwise
    # Straight pieces: next to each other, nearly all slopes are equal; of a curve nearly none are.
    bends = np.flatnonzero(np.abs(np.diff(slopes[:, 0])) > STRAIGHT * steepest)
    straight = elementwise and len(bends) <= MOST_BENDS and (len(bends) > 0 or wide > layer.units)
    bend = 0.0
    if straight and len(bends):
        nearest = min(bends.tolist(), key=lambda at: abs(PROBE[at] + PROBE[at + 1]))
        fine = np.linspace(PROBE[nearest], PROBE[nearest + 1], 1001)
        between = _per_unit(function({"z": np.repeat(fine[:, None], wide, axis=1)})["slope"], layer.units)[
            :, 0
        ]
        bend = abs(float(fine[np.argmax(np.abs(np.diff(between)))]))
    return Shape(
        steepest,
        elementwise and at_ends < FLAT * steepest,
        elementwise and bool(np.any(slopes[2:-2] == 0)),
        straight,
        round(bend, 3),
    )
