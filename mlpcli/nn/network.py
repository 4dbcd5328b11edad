"""The network section and the task become a forward graph, its parameters and its cost."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import NetworkConfig
from mlpcli.discover import choice_name
from mlpcli.errors import SettingError
from mlpcli.graph.node import Node, constant, named, parameter, placeholder
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializer import Initializer
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.loss import Loss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.stable import use_logit_forms
from mlpcli.ops.reduce import reduce_mean, reduce_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Parameter:
    """A trained array: its node and how its first value is drawn."""

    node: Node
    role: str
    """weights, biases, or the name an activation gives its own parameter."""
    initializer: Initializer
    fan_in: int
    fan_out: int

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(int(size or 1) for size in self.node.shape)


@dataclass(frozen=True)
class Layer:
    """One layer. pre_activation: (batch, linear outputs), output: (batch, units)."""

    name: str
    units: int
    activation: Activation
    parameters: tuple[Parameter, ...]
    pre_activation: Node
    output: Node


@dataclass(frozen=True)
class Network:
    """What is computed, as plain data."""

    inputs: Node
    target: Node
    layers: tuple[Layer, ...]
    loss_name: str
    row_loss: Node
    """(batch,): the loss is its mean, weighted where there are weights."""
    loss: Node
    penalty: Node | None
    cost: Node
    weights: Node | None = None
    """(batch,): how much each row counts, where they count differently; of mean 1 over all of them."""

    @property
    def prediction(self) -> Node:
        """(batch, outputs)."""
        return self.layers[-1].output

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of all layers, in order."""
        return tuple(p for layer in self.layers for p in layer.parameters)

    @property
    def size(self) -> int:
        """How many numbers are trained."""
        return sum(p.size for p in self.parameters)


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
    layers: list[Layer] = []
    value = inputs
    for number, hidden in enumerate(config.hidden, start=1):
        activation = hidden.activation or ACTIVATIONS["relu"]()
        layers.append(
            _layer(
                f"hidden{number}",
                value,
                hidden.units,
                activation,
                hidden.initializer,
                hidden.bias_initializer,
            )
        )
        value = layers[-1].output
    output = config.output
    layers.append(
        _layer("output", value, head.units, head.activation, output.initializer, output.bias_initializer)
    )
    row_loss = use_logit_forms(head.loss.per_row(layers[-1].output, target))
    weights = placeholder("weights", (None,), dtype) if weighted else None
    loss = named(reduce_mean(row_loss if weights is None else weights * row_loss, (0,)), "loss")
    parts = _penalty([p for layer in layers for p in layer.parameters], penalty or Penalty())
    cost = named(loss + parts, "cost") if parts is not None else loss
    return Network(inputs, target, tuple(layers), head.loss_name, row_loss, loss, parts, cost, weights)


def initial_values(network: Network, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """First values of the parameters by name, drawn in their order, in the network's dtype."""
    return {
        p.node.name: np.ascontiguousarray(
            p.initializer.draw(rng, tuple(int(s or 0) for s in p.node.shape), p.fan_in, p.fan_out),
            p.node.dtype,
        )
        for p in network.parameters
    }


def check_memory(network: Network, config: NetworkConfig, batch: int) -> None:
    """Raises SettingError, with the sizes, where training would need more than the machine's memory."""
    itemsize = np.dtype(network.inputs.dtype).itemsize
    widths = [int(layer.pre_activation.shape[1] or 0) for layer in network.layers]
    # Parameters, gradients, two optimiser slots; a layer's value before and after, and its adjoint.
    needed = itemsize * (4 * network.size + 3 * batch * sum(widths))
    available = _physical_memory()
    if needed <= available:
        return
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


def _layer(
    name: str,
    x: Node,
    units: int,
    activation: Activation,
    weights: Initializer | None,
    biases: Initializer | None,
) -> Layer:
    columns = activation.linear_outputs(units)
    fan_in = int(x.shape[1] or 0)
    w = parameter(f"{name}.weights", (fan_in, columns), x.dtype)
    b = parameter(f"{name}.biases", (columns,), x.dtype)
    parameters = [
        Parameter(w, "weights", weights or INITIALIZERS["glorot_uniform"](), fan_in, units),
        Parameter(b, "biases", biases or INITIALIZERS["zeros"](), fan_in, units),
    ]
    own = {}
    for role, (shape, start) in activation.trained(units).items():
        own[role] = parameter(f"{name}.{role}", shape, x.dtype)
        fixed = INITIALIZERS["constant"](value=start)  # type: ignore[call-arg]
        parameters.append(Parameter(own[role], role, fixed, fan_in, units))
    before = named(x @ w + b, f"{name} before activation")
    after = activation(before, **own)
    after = after if after is before else named(after, name)
    return Layer(name, units, activation, tuple(parameters), before, after)


def _penalty(parameters: Sequence[Parameter], penalty: Penalty) -> Node | None:
    total: Node | None = None
    roles = ("weights", "biases") if penalty.penalise_biases else ("weights",)
    for p in parameters:
        if p.role not in roles:
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
