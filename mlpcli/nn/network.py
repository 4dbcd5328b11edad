"""The network section and the task become a forward graph, its parameters and its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.choices import LossChoice
from mlpcli.config.schema import NetworkConfig
from mlpcli.errors import SettingError
from mlpcli.graph.node import Node, constant, named, placeholder
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.dropout import Clock, dropout
from mlpcli.nn.layer import Layer, LayerArrays, Parameter, layer_arrays
from mlpcli.nn.loss import Loss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.stable import use_logit_forms
from mlpcli.ops.reduce import reduce_mean, reduce_sum
from mlpcli.registry import choice_name

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Forward:
    """One way through the network, from rows to a number.

    row_loss: (batch,); the loss is its mean, weighted where there are weights; the cost loss plus penalty.
    """

    layers: tuple[Layer, ...]
    row_loss: Node
    loss: Node
    cost: Node

    @property
    def prediction(self) -> Node:
        """The result of the output layer, (batch, outputs)."""
        return self.layers[-1].output


@dataclass(frozen=True, kw_only=True)
class Network:
    """The graph of a network, as plain data.

    Three ways lead through it, the same nodes wherever no layer makes a difference. training: with dropout,
    and normalised by the batch. inference: without dropout, and normalised by running averages; this predicts
    and is scored. inspection: without dropout, and normalised by the rows at hand; layers are judged by it.
    """

    inputs: Node
    target: Node
    loss_name: str
    training: Forward
    inference: Forward
    inspection: Forward
    penalty: Node | None
    buffer_updates: Mapping[Node, Node]
    """States that a step of the training moves without a gradient -> their new values: running averages, and
    the steps that dropout counts."""
    row: Node | None = None
    """(batch, 1): see row_tokens(). None where no layer drops out."""
    weights: Node | None = None
    """(batch,): how much each row counts, where they count differently; of mean 1 over all of them."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in inference mode: no dropout, running averages."""
        return self.inference.layers

    @property
    def prediction(self) -> Node:
        """The prediction in inference mode, (batch, outputs)."""
        return self.inference.prediction

    @property
    def row_loss(self) -> Node:
        """The loss of each row in inference mode, (batch,)."""
        return self.inference.row_loss

    @property
    def loss(self) -> Node:
        """The training loss, without penalty; a scalar."""
        return self.training.loss

    @property
    def cost(self) -> Node:
        """The training cost, which is loss and penalty; a scalar."""
        return self.training.cost

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of all layers, in order; frozen ones too."""
        return tuple(p for layer in self.layers for p in layer.parameters)

    @property
    def trained(self) -> tuple[Parameter, ...]:
        """The parameters that get a gradient."""
        return tuple(p for p in self.parameters if p.trainable)

    @property
    def arrays(self) -> tuple[Parameter, ...]:
        """All arrays that predicting needs: the parameters, then the running averages."""
        return (*self.parameters, *(p for layer in self.layers for p in layer.running))

    @property
    def size(self) -> int:
        """The count of numbers that its parameters hold."""
        return sum(p.size for p in self.parameters)

    def counters(self) -> dict[str, NDArray[Any]]:
        """Return the states by name that are no part of the model, before the first step: zeros."""
        kept = {p.node for p in self.arrays}
        return {node.name: np.zeros((), node.dtype) for node in self.buffer_updates if node not in kept}


@dataclass(frozen=True)
class Penalty:
    """A penalty l1·Σ|w| + l2·Σw² over the weight matrices, and over the biases where wanted."""

    l1: float = 0.0
    l2: float = 0.0
    penalise_biases: bool = False


@dataclass(frozen=True)
class Head:
    """The output layer and the loss, given or inferred."""

    units: int
    activation: Activation
    loss: Loss
    loss_name: str


def choose_head(
    config: NetworkConfig, loss: LossChoice | None, task: str, outputs: int, coded: bool = False
) -> Head:
    """Return output units, activation and loss: those of the config, and what follows from the task.

    Two classes need one unit (the probability of the second) unless softmax or cross_entropy asks for two.
    What cannot learn is built all the same: the diagnosis speaks of it.

    loss: of the config; None: that which suits the task. outputs: classes, labels or regression targets.
    coded: numbers are given that one unit is to predict for two classes. Raises SettingError where the given
    units fit no coding of the target.
    """
    assert loss is None or isinstance(loss, Loss)
    activation = config.output.activation or _output_activation(config, loss, task, outputs, coded)
    assert isinstance(activation, Activation)
    softmax, cross_entropy = ACTIVATIONS["softmax"], LOSSES["cross_entropy"]
    units = config.output.units
    if units is None:  # one unit says the probability of the second class, or the coded number
        two_classes = task == "classification" and outputs == 2
        one_unit = two_classes and not isinstance(activation, softmax) and not isinstance(loss, cross_entropy)
        units = 1 if coded or one_unit else outputs
    _check_units(units, task, outputs, coded)
    chosen: Loss
    if loss is not None:
        chosen = loss
    elif task == "regression":
        chosen = LOSSES["squared_error"]()
    elif isinstance(activation, softmax) and units > 1:
        chosen = cross_entropy()
    else:
        chosen = LOSSES["binary_cross_entropy"]()
    return Head(units, activation, chosen, choice_name(chosen))


def _output_activation(
    config: NetworkConfig, loss: Loss | None, task: str, outputs: int, coded: bool
) -> Activation:
    """Return the output activation that follows from the task; the parameters are those of choose_head()."""
    if task == "regression":
        return ACTIVATIONS[loss.default_output if loss else "linear"]()
    if task == "classification" and outputs > 1 and not coded:
        units = config.output.units
        asked = units == outputs or isinstance(loss, LOSSES["cross_entropy"])
        if asked or (outputs > 2 and units is None):
            return ACTIVATIONS["softmax"]()
    return ACTIVATIONS["sigmoid"]()


def _check_units(units: int, task: str, outputs: int, coded: bool) -> None:
    """Raise SettingError where so many output units fit no coding of the target."""
    two_classes = task == "classification" and outputs == 2
    if units != outputs and not (units == 1 and two_classes):
        what = {"classification": "class", "multilabel": "label", "regression": "target"}[task]
        if outputs > 1:
            what += "es" if task == "classification" else "s"
        allowed = "1 or 2" if two_classes else str(outputs)
        raise SettingError(
            "network.output.units",
            f"The data has {outputs} {what}, which {units} output units cannot tell.",
            f"Write {allowed}, or leave units out.",
        )
    if coded and units != 1:
        what = f"data.classes gives the numbers that one output unit is to say, and there are {units} units."
        raise SettingError("network.output.units", what, "Write 1, or leave data.classes out.")


def network_arrays(
    config: NetworkConfig, head: Head, width: int, dtype: str = "float64"
) -> list[LayerArrays]:
    """Return the arrays of each layer, the output layer last; no graph is built."""
    arrays: list[LayerArrays] = []
    for number, hidden in enumerate(config.hidden, start=1):
        activation = hidden.activation or ACTIVATIONS["relu"]()
        assert isinstance(activation, Activation)
        arrays.append(layer_arrays(f"hidden{number}", width, hidden.units, activation, hidden, dtype))
        width = hidden.units
    arrays.append(layer_arrays("output", width, head.units, head.activation, config.output, dtype))
    return arrays


def build_network(
    config: NetworkConfig,
    head: Head,
    width: int,
    dtype: str = "float64",
    penalty: Penalty | None = None,
    weighted: bool = False,
) -> Network:
    """Return the graph for rows of `width` inputs. Nothing of the network's size is allocated.

    penalty: on which parameters; None: none. weighted: each row's loss is multiplied by its weight, a
    placeholder of its own.
    """
    inputs = placeholder("inputs", (None, width), dtype)
    target = placeholder("target", (None, head.units), dtype)
    arrays = network_arrays(config, head, width, dtype)
    parts = _penalty([p for each in arrays for p in each.parameters], penalty or Penalty())
    row, clock = placeholder("row", (None, 1), dtype), Clock.of(dtype)
    weights = placeholder("weights", (None,), dtype) if weighted else None
    buffer_updates: dict[Node, Node] = {}

    def through(by_batch: bool = False, drops: bool = False) -> Forward:
        layers: list[Layer] = []
        value = inputs
        for number, each in enumerate(arrays, start=1):
            mask = partial(dropout, layer=number, clock=clock, row=row) if drops else None
            layer, moved = each.computed(value, by_batch, mask)
            layers.append(layer)
            value = layer.output
            buffer_updates.update(moved)
        row_loss = use_logit_forms(head.loss.per_row(value, target))
        loss = named(reduce_mean(row_loss if weights is None else weights * row_loss, (0,)), "loss")
        cost = named(loss + parts, "cost") if parts is not None else loss
        return Forward(tuple(layers), row_loss, loss, cost)

    # A way through the network is built anew only where some layer makes a difference.
    drops, by_batch = any(each.dropout for each in arrays), any(each.follows_batches for each in arrays)
    inference = through()
    inspection = through(by_batch=True) if by_batch else inference
    training = through(by_batch=True, drops=True) if drops else inspection
    if drops:
        buffer_updates.update(clock.buffer_updates())
    return Network(
        inputs=inputs,
        target=target,
        loss_name=head.loss_name,
        training=training,
        inference=inference,
        inspection=inspection,
        penalty=parts,
        buffer_updates=buffer_updates,
        row=row if drops else None,
        weights=weights,
    )


def initial_values(network: Network, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Return the initial values of the arrays by name, drawn in their order, in the network's dtype."""
    return {
        p.node.name: np.ascontiguousarray(
            p.initializer.draw(rng, tuple(int(s or 0) for s in p.node.shape), p.fan_in, p.fan_out),
            p.node.dtype,
        )
        for p in network.arrays
    }


def _penalty(parameters: Sequence[Parameter], penalty: Penalty) -> Node | None:
    total: Node | None = None
    roles = ("weights", "biases") if penalty.penalise_biases else ("weights",)
    for p in parameters:
        if p.role not in roles or not p.trainable:  # of a frozen one the penalty would be a mere number
            continue
        for rate, part in ((penalty.l1, abs(p.node)), (penalty.l2, p.node**2)):
            if rate:
                term = reduce_sum(part) * constant(rate, p.node.dtype)
                total = term if total is None else total + term
    return None if total is None else named(total, "penalty")
