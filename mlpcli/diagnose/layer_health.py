"""Question 2: does the gradient arrive? Per layer, on the user's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.discover import choice_name
from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.execute.rows import RowFunction
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, placeholder
from mlpcli.nn.network import Layer, Network
from mlpcli.ops.move import columns, pad_columns
from mlpcli.ops.reduce import reduce_sum
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLAT = 0.02
"""A slope below this share of the activation's steepest is flat; for tanh that is |tanh| > 0.99."""
MOSTLY = 0.95
"""A unit flat on this share of the rows is saturated."""


@dataclass(frozen=True)
class LayerHealth:
    """One layer. Counts are of units; gradient norms are Euclidean, of the loss alone without penalty.

    dead: the gradient of the loss is exactly 0 on every row. saturated: the activation is flat on at
    least 95 % of the rows. flat_units: the slope is exactly 0 on every row. mean_slope: mean |f'| over rows and units. A row is live for a unit where f' ≠ 0.
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

    @property
    def cut_off(self) -> bool:
        """Whether nothing of the loss's gradient reaches this layer."""
        return self.dead == self.units


def layer_health(
    network: Network, state: State, rows: Mapping[str, NDArray[Any]], executor: Executor
) -> tuple[list[LayerHealth], float]:
    """What each layer does on these rows with the weights in `state`, and the cost there."""
    count = len(next(iter(rows.values())))
    before = [layer.pre_activation for layer in network.layers]
    weights = [p.node for layer in network.layers for p in layer.parameters[:2]]
    arriving = gradients(network.loss, [*before, *weights])
    outputs: dict[str, Node] = {
        f"gradient {n.name}": g for n, g in zip(weights, arriving[len(before) :], strict=True)
    }
    outputs["cost"] = network.cost
    outputs |= {f"arriving {i}": g for i, g in enumerate(arriving[: len(before)])}
    outputs |= {f"slope {i}": _slope(layer) for i, layer in enumerate(network.layers)}
    function = executor.compile(make_plan(outputs, batch=count), state)
    for name, buffer in function.inputs.items():
        buffer[...] = rows[name]
    with arithmetic():
        function.run()
    got = function.outputs
    result = []
    for number, layer in enumerate(network.layers):
        slopes = np.abs(_per_unit(got[f"slope {number}"], layer.units))
        gradient = np.abs(_per_unit(got[f"arriving {number}"], layer.units))
        steepest = _steepest_slope(layer, state, executor)
        w, b = (got[f"gradient {p.node.name}"] for p in layer.parameters[:2])
        result.append(
            LayerHealth(
                layer.name,
                choice_name(layer.activation),
                layer.units,
                int(np.sum(np.all(gradient == 0, axis=0))),
                int(np.sum(np.mean(slopes < FLAT * steepest, axis=0) >= MOSTLY)),
                float(np.mean(slopes)),
                float(np.mean(slopes > 0)),
                int(np.sum(np.all(slopes == 0, axis=0))),
                float(np.linalg.norm(w)),
                float(np.linalg.norm(b)),
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
    """(rows, linear outputs) -> (rows, units): the largest of a unit's pieces."""
    pieces = values.shape[1] // units
    return np.abs(values).reshape(len(values), pieces, units).max(axis=1) if pieces > 1 else values


def _steepest_slope(layer: Layer, state: State, executor: Executor) -> float:
    """The largest |f'| of the layer's activation between -8 and 8."""
    wide = layer.activation.linear_outputs(layer.units)
    z = placeholder("z", (None, wide), layer.pre_activation.dtype)
    own = {p.role: p.node for p in layer.parameters[2:]}
    output = layer.activation(z, **own)
    probe = Layer(layer.name, layer.units, layer.activation, layer.parameters, z, output)
    grid = np.repeat(np.linspace(-8.0, 8.0, 129)[:, None], wide, axis=1)
    slopes = RowFunction(executor, {"slope": _slope(probe)}, state)({"z": grid})["slope"]
    return float(np.max(np.abs(slopes)))
