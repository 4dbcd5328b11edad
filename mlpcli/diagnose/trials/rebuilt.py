"""The same case with another network: what a remedy would make of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import HiddenConfig
from mlpcli.diagnose.case import Case
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.loss import Loss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Penalty, build_network, initial_values
from mlpcli.registry import choice_name

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_hidden(case: Case, layers: Collection[int], activation: Activation) -> Case:
    """Some hidden layers, counted from 0, with another activation."""

    def changed(number: int, layer: HiddenConfig) -> HiddenConfig:
        return replace(layer, activation=activation) if number in layers else layer

    network = case.config.network
    hidden = tuple(changed(number, layer) for number, layer in enumerate(network.hidden))
    config = replace(case.config, network=replace(network, hidden=hidden))
    return rebuilt(replace(case, config=config))


def with_head(case: Case, activation: str, loss: str | Loss) -> Case:
    """Another output activation and loss, for as many units."""
    made = LOSSES[loss]() if isinstance(loss, str) else loss
    head = Head(case.head.units, ACTIVATIONS[activation](), made, choice_name(made))
    return rebuilt(replace(case, head=head))


def rebuilt(case: Case, penalty: float = 1.0) -> Case:
    """The case with the network of its config, head and input columns; penalty: times the config's."""
    own = case.optimizer
    terms = Penalty(own.l1 * penalty, own.l2 * penalty, own.penalise_biases)
    width = case.rows["inputs"].shape[1]
    dtype, weighted = case.network.inputs.dtype, "weights" in case.rows
    network = build_network(case.config.network, case.head, width, dtype, terms, weighted)

    def draw(number: int) -> dict[str, NDArray[Any]]:
        state = case.draw(number)
        shapes = {p.node.name: p.node.shape for p in network.arrays}
        if all(name in state and state[name].shape == shape for name, shape in shapes.items()):
            return {name: state[name] for name in shapes}
        return initial_values(network, case.shuffle(number))

    return replace(case, network=network, draw=draw)
