"""The same problem with another network: what a remedy would make of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import Config, HiddenConfig
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.loss import Loss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Penalty, build_network, initial_values
from mlpcli.problem.problem import Problem
from mlpcli.registry import choice_name

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_hidden(problem: Problem, layers: Collection[int], activation: Activation) -> Problem:
    """Some hidden layers, counted from 0, with another activation."""

    def changed(number: int, layer: HiddenConfig) -> HiddenConfig:
        return replace(layer, activation=activation) if number in layers else layer

    network = problem.config.network
    hidden = tuple(changed(number, layer) for number, layer in enumerate(network.hidden))
    config = replace(problem.config, network=replace(network, hidden=hidden))
    return rebuilt(with_config(problem, config))


def with_head(problem: Problem, activation: str, loss: str | Loss) -> Problem:
    """Another output activation and loss, for as many units."""
    made = LOSSES[loss]() if isinstance(loss, str) else loss
    head = Head(problem.head.units, ACTIVATIONS[activation](), made, choice_name(made))
    return rebuilt(replace(problem, head=head))


def with_config(problem: Problem, config: Config) -> Problem:
    """Return the problem with another config, and all that was made of the first one."""
    return replace(problem, file=replace(problem.file, config=config))


def rebuilt(problem: Problem, penalty: float = 1.0) -> Problem:
    """The problem with the network of its config, head and input columns; penalty: times the config's."""
    own = problem.optimizer
    terms = Penalty(own.l1 * penalty, own.l2 * penalty, own.penalise_biases)
    width = problem.training_rows["inputs"].shape[1]
    dtype, weighted = problem.network.inputs.dtype, "weights" in problem.training_rows
    network = build_network(problem.config.network, problem.head, width, dtype, terms, weighted)

    def draw(number: int) -> dict[str, NDArray[Any]]:
        state = problem.initial_values(number)
        shapes = {p.node.name: p.node.shape for p in network.arrays}
        if all(name in state and state[name].shape == shape for name, shape in shapes.items()):
            return {name: state[name] for name in shapes}
        return initial_values(network, problem.shuffle(number))

    return replace(problem, network=network, draw=draw)
