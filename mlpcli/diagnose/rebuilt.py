"""The same case with other activations or another loss: what a remedy would make of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import HiddenConfig
from mlpcli.diagnose.case import Case
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Penalty, build_network, initial_values

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_hidden(case: Case, layers: Collection[int], activation: Activation) -> Case:
    """Some hidden layers, counted from 0, with another activation."""

    def changed(number: int, layer: HiddenConfig) -> HiddenConfig:
        return replace(layer, activation=activation) if number in layers else layer

    network = case.config.network
    hidden = tuple(changed(number, layer) for number, layer in enumerate(network.hidden))
    config = replace(case.config, network=replace(network, hidden=hidden))
    return _built(replace(case, config=config))


def with_head(case: Case, activation: str, loss: str) -> Case:
    """Another output activation and loss, for as many units."""
    head = Head(case.head.units, ACTIVATIONS[activation](), LOSSES[loss](), loss)
    return _built(replace(case, head=head))


def _built(case: Case) -> Case:
    own = case.optimizer
    penalty = Penalty(own.l1, own.l2, own.penalise_biases)
    width = case.dataset.preparation.width
    dtype, weighted = case.network.inputs.dtype, "weights" in case.rows
    network = build_network(case.config.network, case.head, width, dtype, penalty, weighted)

    def draw(number: int) -> dict[str, NDArray[Any]]:
        state = case.draw(number)
        shapes = {p.node.name: p.node.shape for p in network.parameters}
        if all(name in state and state[name].shape == shape for name, shape in shapes.items()):
            return {name: state[name] for name in shapes}
        return initial_values(network, case.shuffle(number))

    return replace(case, network=network, draw=draw)
