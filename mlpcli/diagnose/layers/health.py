"""The answer to question 2, does the gradient arrive? Signals, slopes and gradients of every layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.layers.activation_shape import (
    FLAT,
    STRAIGHT,
    ActivationShape,
    activation_shape,
    activation_slope,
    largest_per_unit,
)
from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node
from mlpcli.nn.layer import Layer
from mlpcli.nn.network import Network
from mlpcli.plan.make_plan import make_plan
from mlpcli.registry import choice_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOSTLY = 0.95
"""Share of the rows on which a saturated unit is flat."""


@dataclass(frozen=True, kw_only=True)
class LayerHealth:
    """What one layer does on some rows. Gradient norms are Euclidean, of the loss alone without penalty.

    dead: units where the gradient of the loss is exactly 0 on every row. saturated: units whose activation is
    flat on at least 95 % of the rows. mean_slope: mean |f'| over rows and units. live_share: share of rows ×
    units where f' ≠ 0. flat_units: units whose slope is exactly 0 on every row. flat_share: share of rows ×
    units where the activation is flat. linear_units: units that are one straight line of what they get, on
    all rows. identical_units: hidden units with the same weights, in and out, as one before them: they do the
    same for ever. weight_scale: rms of the weights times the root of the fan-in, so by how much they make
    what comes in larger. update: ‖ΔW‖ / ‖W‖ of one step; None where none was made or W is 0. frozen: whether
    the layer is not trained, `trainable: false`.
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
    linear_units: int
    identical_units: int
    shape: ActivationShape
    pre_activation_rms: float
    activation_rms: float
    weights: int
    weight_rms: float
    weight_scale: float
    update: float | None = None
    frozen: bool = False

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
    """Return the relative gradient of the first layer over that of the last: about 1 where all arrives."""
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
    """Return what each layer does on these rows with the weights in `state`, and the cost there.

    rows: arrays by placeholder, the first axis is the rows. updates: ‖ΔW‖ / ‖W‖ of a step, by parameter; None
    where no step was made.
    """
    signals, cost = _signals(network, state, rows, executor)
    layers = network.inspection.layers
    result = []
    for layer, following, signal in zip(layers, (*layers[1:], None), signals, strict=True):
        shape = activation_shape(layer, state, executor)
        update = (updates or {}).get(layer.parameters[0].node.name, math.inf)
        result.append(_health_of(layer, following, signal, shape, state, update))
    return result, cost


@dataclass(frozen=True, kw_only=True)
class _LayerSignals:
    """Arrays of one layer on some rows, each (rows, linear outputs) but for `after`, and the gradients.

    before, after: what goes into the activation, and what comes out, (rows, units). slopes: f' at `before`.
    arriving: the gradient of the loss by `before`. weights, biases: that by the layer's own parameters.
    """

    before: NDArray[Any]
    after: NDArray[Any]
    slopes: NDArray[Any]
    arriving: NDArray[Any]
    weights: NDArray[Any]
    biases: NDArray[Any]


def _signals(
    network: Network, state: State, rows: Mapping[str, NDArray[Any]], executor: Executor
) -> tuple[list[_LayerSignals], float]:
    """Compute the signals of every layer, and the cost, in one run."""
    # Zeros that dropout makes are no dead units, and running averages say little before they have run.
    observed = network.inspection
    layers = observed.layers
    own = [p.node for layer in layers for p in layer.parameters[:2]]
    by_node = gradients(observed.loss, [*(layer.pre_activation for layer in layers), *own])
    outputs: dict[str, Node] = {"cost": observed.cost}
    for at, layer in enumerate(layers):
        weights, biases = by_node[len(layers) + 2 * at : len(layers) + 2 * at + 2]
        outputs |= {
            f"{at} before": layer.pre_activation,
            f"{at} after": layer.output,
            f"{at} slopes": activation_slope(layer),
            f"{at} arriving": by_node[at],
            f"{at} weights": weights,
            f"{at} biases": biases,
        }
    function = executor.compile(make_plan(outputs, batch=len(next(iter(rows.values())))), state)
    for name, buffer in function.inputs.items():
        buffer[...] = rows[name]
    with arithmetic():
        function.run()
    found = function.outputs
    fields = ("before", "after", "slopes", "arriving", "weights", "biases")
    signals = [_LayerSignals(**{name: found[f"{at} {name}"] for name in fields}) for at in range(len(layers))]
    return signals, float(found["cost"])


def _health_of(
    layer: Layer,
    following: Layer | None,
    signals: _LayerSignals,
    shape: ActivationShape,
    state: State,
    update: float,
) -> LayerHealth:
    """Count and measure in one layer. update: ‖ΔW‖ / ‖W‖, infinite where no step was made or W is 0."""
    own = layer.parameters[0]
    size = rms(state[own.node.name])
    slopes = largest_per_unit(signals.slopes, layer.units)
    arriving = largest_per_unit(signals.arriving, layer.units)
    flat = slopes < FLAT * shape.steepest
    # Normalised by its row, or mixed among its units as by softmax, a unit is no line of what it gets.
    affine = layer.normalization is None or layer.normalization.affine
    may_be_lines = affine and layer.activation.elementwise
    return LayerHealth(
        name=layer.name,
        activation=choice_name(layer.activation),
        units=layer.units,
        dead=int(np.sum(np.all(arriving == 0, axis=0))),
        saturated=int(np.sum(np.mean(flat, axis=0) >= MOSTLY)),
        mean_slope=float(np.mean(slopes)),
        live_share=float(np.mean(slopes > 0)),
        flat_units=int(np.sum(np.all(slopes == 0, axis=0))),
        weight_gradient=_norm(signals.weights),
        bias_gradient=_norm(signals.biases),
        flat_share=float(np.mean(flat)),
        linear_units=_linear_units(signals) if may_be_lines else 0,
        identical_units=identical_units(layer, following, state) if following else 0,
        shape=shape,
        pre_activation_rms=rms(signals.before),
        activation_rms=rms(signals.after),
        weights=own.size,
        weight_rms=size,
        weight_scale=size * math.sqrt(own.fan_in),
        update=update if layer.trainable and math.isfinite(update) else None,
        frozen=not layer.trainable,
    )


def _linear_units(signals: _LayerSignals) -> int:
    """Count units whose rows all lie on one straight piece: equal slopes, and after - slope·z constant."""
    z, after, slopes = signals.before, signals.after, signals.slopes
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
    """Count the units that equal another one, by weights and biases before them and weights after them.

    tolerance: largest difference that still counts as equal, relative to the largest weight.
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
    """Return the Euclidean norm; infinite where it overflows."""
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(values))


def rms(values: NDArray[Any]) -> float:
    """Return the root of the mean square; infinite where it overflows."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.square(values))))
