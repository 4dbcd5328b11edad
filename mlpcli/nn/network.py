"""The network section and the task become a forward graph, its parameters and its cost."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import NetworkConfig
from mlpcli.errors import SettingError
from mlpcli.graph.node import Node, constant, named, placeholder
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.dropout import Clock, dropout
from mlpcli.nn.layer import Arrays, Layer, Parameter, layer_arrays
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
        """(batch, outputs)."""
        return self.layers[-1].output


@dataclass(frozen=True)
class Network:
    """What is computed, as plain data.

    Three ways through it, the same nodes wherever no layer makes a difference: training, with dropout, and
    normalised by the batch; settled, without dropout, and normalised by running averages: what predicts and
    is scored; observed, without dropout, and normalised by the rows at hand: what is said of layers.
    """

    inputs: Node
    target: Node
    loss_name: str
    training: Forward
    settled: Forward
    observed: Forward
    penalty: Node | None
    moves: Mapping[Node, Node]
    """States that a step of the training moves without a gradient -> their new values: running averages, and
    the steps that dropout counts."""
    row: Node | None = None
    """(batch, 1): see row_tokens(). None where no layer drops out."""
    weights: Node | None = None
    """(batch,): how much each row counts, where they count differently; of mean 1 over all of them."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """As they predict."""
        return self.settled.layers

    @property
    def prediction(self) -> Node:
        """(batch, outputs)."""
        return self.settled.prediction

    @property
    def row_loss(self) -> Node:
        """(batch,), of the prediction."""
        return self.settled.row_loss

    @property
    def loss(self) -> Node:
        """That the training makes lower."""
        return self.training.loss

    @property
    def cost(self) -> Node:
        """Loss and penalty that the training makes lower."""
        return self.training.cost

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of all layers, in order; frozen ones too."""
        return tuple(p for layer in self.layers for p in layer.parameters)

    @property
    def trained(self) -> tuple[Parameter, ...]:
        """Those that get a gradient."""
        return tuple(p for p in self.parameters if p.trainable)

    @property
    def arrays(self) -> tuple[Parameter, ...]:
        """Everything that predicting needs: the parameters, then the running averages."""
        return (*self.parameters, *(p for layer in self.layers for p in layer.running))

    @property
    def size(self) -> int:
        """How many numbers its parameters hold."""
        return sum(p.size for p in self.parameters)

    def counters(self) -> dict[str, NDArray[Any]]:
        """The states by name that are no part of the model, before the first step: zeros."""
        kept = {p.node for p in self.arrays}
        return {node.name: np.zeros((), node.dtype) for node in self.moves if node not in kept}


@dataclass(frozen=True)
class Penalty:
    """l1·Σ|w| + l2·Σw² over the weight matrices, and the biases where told so."""

    l1: float = 0.0
    l2: float = 0.0
    penalise_biases: bool = False


@dataclass(frozen=True)
class Head:
    """What the output layer and the loss are, given or inferred."""

    units: int
    activation: Activation
    loss: Loss
    loss_name: str


def choose_head(
    config: NetworkConfig, loss: Loss | None, task: str, outputs: int, coded: bool = False
) -> Head:
    """Output units, activation and loss from the task. outputs: classes, labels or regression targets.

    Two classes need one unit (the probability of the second) unless softmax or cross_entropy asks for two.
    coded: numbers are given that one unit is to say for them. What cannot learn is built all the same.
    Raises SettingError where the given units fit no coding of the target.
    """
    activation, units = config.output.activation, config.output.units
    softmax, cross_entropy = ACTIVATIONS["softmax"], LOSSES["cross_entropy"]
    if activation is None:
        if task == "regression":
            activation = ACTIVATIONS[loss.default_output if loss else "linear"]()
        elif (
            task == "classification"
            and outputs > 1
            and not coded
            and (units == outputs or isinstance(loss, cross_entropy) or (outputs > 2 and units is None))
        ):
            activation = softmax()
        else:
            activation = ACTIVATIONS["sigmoid"]()
    one_unit = task == "classification" and outputs == 2 and not isinstance(activation, softmax)
    if units is None:
        units = 1 if coded or (one_unit and not isinstance(loss, cross_entropy)) else outputs
    if units != outputs and not (units == 1 and task == "classification" and outputs == 2):
        what = {"classification": "class", "multilabel": "label", "regression": "target"}[task]
        if outputs > 1:
            what += "es" if task == "classification" else "s"
        allowed = "1 or 2" if task == "classification" and outputs == 2 else str(outputs)
        raise SettingError(
            "network.output.units",
            f"The data has {outputs} {what}, which {units} output units cannot tell.",
            f"Write {allowed}, or leave units out.",
        )
    if coded and units != 1:
        raise SettingError(
            "network.output.units",
            f"data.classes gives the numbers that one output unit is to say, and there are {units} units.",
            "Write 1, or leave data.classes out.",
        )
    if loss is None:
        if task == "regression":
            loss = LOSSES["squared_error"]()
        else:
            loss = (
                cross_entropy
                if isinstance(activation, softmax) and units > 1
                else LOSSES["binary_cross_entropy"]
            )()
    return Head(units, activation, loss, _table_name(loss))


def network_arrays(config: NetworkConfig, head: Head, width: int, dtype: str = "float64") -> list[Arrays]:
    """The arrays of each layer, the output layer last; no graph is built."""
    arrays: list[Arrays] = []
    for number, hidden in enumerate(config.hidden, start=1):
        activation = hidden.activation or ACTIVATIONS["relu"]()
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
    """The graph for rows of `width` inputs. Nothing of the network's size is allocated.

    weighted: each row's loss is multiplied by its weight, a placeholder of its own.
    """
    inputs = placeholder("inputs", (None, width), dtype)
    target = placeholder("target", (None, head.units), dtype)
    arrays = network_arrays(config, head, width, dtype)
    parts = _penalty([p for each in arrays for p in each.parameters], penalty or Penalty())
    row, clock = placeholder("row", (None, 1), dtype), Clock.of(dtype)
    weights = placeholder("weights", (None,), dtype) if weighted else None
    moves: dict[Node, Node] = {}

    def through(by_batch: bool = False, drops: bool = False) -> Forward:
        layers: list[Layer] = []
        value = inputs
        for number, each in enumerate(arrays, start=1):
            mask = partial(dropout, layer=number, clock=clock, row=row) if drops else None
            layer, moved = each.computed(value, by_batch, mask)
            layers.append(layer)
            value = layer.output
            moves.update(moved)
        row_loss = use_logit_forms(head.loss.per_row(value, target))
        loss = named(reduce_mean(row_loss if weights is None else weights * row_loss, (0,)), "loss")
        cost = named(loss + parts, "cost") if parts is not None else loss
        return Forward(tuple(layers), row_loss, loss, cost)

    drops, by_batch = any(each.dropout for each in arrays), any(each.follows_batches for each in arrays)
    settled = through()
    observed = through(by_batch=True) if by_batch else settled
    training = through(by_batch=True, drops=True) if drops else observed
    if drops:
        moves.update(clock.moves())
    return Network(
        inputs,
        target,
        head.loss_name,
        training,
        settled,
        observed,
        parts,
        moves,
        row if drops else None,
        weights,
    )


def initial_values(network: Network, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """First values of the arrays by name, drawn in their order, in the network's dtype."""
    return {
        p.node.name: np.ascontiguousarray(
            p.initializer.draw(rng, tuple(int(s or 0) for s in p.node.shape), p.fan_in, p.fan_out),
            p.node.dtype,
        )
        for p in network.arrays
    }


def check_memory(
    network: Network, config: NetworkConfig, batch: int, slots: int = 2, slots_key: str = ""
) -> None:
    """Raises SettingError, with the sizes, where training would need more than the machine's memory.

    slots: arrays that the optimiser keeps beside each parameter. slots_key: of the setting that says how
    many, where one does.
    """
    itemsize = np.dtype(network.inputs.dtype).itemsize
    widths = [int(layer.pre_activation.shape[1] or 0) for layer in network.layers]
    # Parameters, gradients, slots; a layer's value before and after, and its adjoint. A normalisation keeps
    # its centred and its divided values and an adjoint, dropout what it lets through.
    values = [3 + 3 * (layer.normalization is not None) + (layer.dropout > 0) for layer in network.layers]
    entries = batch * sum(w * v for w, v in zip(widths, values, strict=True))
    needed = itemsize * ((2 + slots) * network.size + entries)
    available = _physical_memory()
    if needed <= available:
        return
    if slots_key and itemsize * (2 * network.size + entries) <= available:
        raise SettingError(
            slots_key,
            f"The optimiser keeps {slots:,} arrays of as many numbers as the network has parameters, "
            f"{network.size:,}. They need about {_amount(itemsize * slots * network.size)}; "
            f"this machine has {_amount(available)}.",
            "Use a smaller number.",
        )
    largest = max(range(len(widths)), key=lambda i: sum(p.size for p in network.layers[i].parameters))
    key = (
        f"network.hidden[{min(largest, len(config.hidden) - 1)}].units" if config.hidden else "network.output"
    )
    raise SettingError(
        key,
        f"This network has {network.size:,} parameters and needs about {_amount(needed)}; "
        f"this machine has {_amount(available)}.",
        "Use fewer units, or a smaller batch_size.",
    )


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


def _table_name(choice: object) -> str:
    return choice_name(choice)


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every platform: then no network is refused
        return 1 << 62


def _amount(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.0f} PiB"
