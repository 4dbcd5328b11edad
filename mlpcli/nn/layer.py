"""One layer: its arrays, and what it computes in training and outside."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mlpcli.config.schema import HiddenConfig, OutputConfig
from mlpcli.graph.node import Node, named, parameter
from mlpcli.nn.activation import Activation
from mlpcli.nn.initializer import Initializer
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.normalization import Normalization


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A trained array, or one kept beside them: its node and how its initial value is drawn."""

    node: Node
    role: str
    """weights, biases, shift (biases after a normalisation), scale, the name an activation gives its own
    parameter, or that of a running average."""
    initializer: Initializer
    fan_in: int
    fan_out: int
    trainable: bool = True

    @property
    def size(self) -> int:
        """The count of numbers it holds."""
        return math.prod(int(size or 1) for size in self.node.shape)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer. pre_activation: (batch, linear outputs), output: (batch, units).

    parameters: weights and biases (or shift) first. running: averages that training moves without a
    gradient.
    A layer that is not trainable has none of its arrays moved.
    """

    name: str
    units: int
    activation: Activation
    parameters: tuple[Parameter, ...]
    pre_activation: Node
    output: Node
    running: tuple[Parameter, ...] = ()
    normalization: Normalization | None = None
    dropout: float = 0.0
    trainable: bool = True


Mask = Callable[[Node, float], Node]
"""What drops out some of a layer's results: (results, rate) -> the same with zeros among them."""


@dataclass(frozen=True, kw_only=True)
class LayerArrays:
    """A layer before anything is computed: what it is, and its arrays."""

    name: str
    units: int
    activation: Activation
    parameters: tuple[Parameter, ...]
    running: tuple[Parameter, ...]
    normalization: Normalization | None
    dropout: float
    trainable: bool

    @property
    def follows_batches(self) -> bool:
        """Whether it computes something else in training than with its running averages.

        A layer that is not trainable uses them in training, too.
        """
        return bool(self.running) and self.trainable

    def computed(self, x: Node, by_batch: bool, mask: Mask | None = None) -> tuple[Layer, dict[Node, Node]]:
        """Return the layer on x, (batch, fan-in), and the new values of its running averages.

        by_batch: normalise by the batch at hand, which moves the averages; else there are no new values.
        mask: drops out some results; None where nothing does.
        """
        own = {p.role: p.node for p in self.parameters}
        running = {p.role: p.node for p in self.running}
        z = x @ own.pop("weights")
        buffer_updates: dict[Node, Node] = {}
        if self.normalization is None:
            z = z + own.pop("biases")
        else:
            # A layer that is not trainable keeps to its running averages in training, too.
            if by_batch and self.follows_batches:
                z, new = self.normalization.in_training(z, running)
                buffer_updates = {running[role]: value for role, value in new.items()}
            else:
                z = self.normalization.inference(z, running)
            z = z * own.pop("scale") + own.pop("shift")
        before = named(z, f"{self.name} before activation")
        after = self.activation(before, **own)
        if mask is not None and self.dropout:
            after = mask(after, self.dropout)
        after = after if after is before else named(after, self.name)
        layer = Layer(
            name=self.name,
            units=self.units,
            activation=self.activation,
            parameters=self.parameters,
            pre_activation=before,
            output=after,
            running=self.running,
            normalization=self.normalization,
            dropout=self.dropout,
            trainable=self.trainable,
        )
        return layer, buffer_updates


def layer_arrays(
    name: str,
    fan_in: int,
    units: int,
    activation: Activation,
    config: HiddenConfig | OutputConfig,
    dtype: str,
) -> LayerArrays:
    """Return the arrays of a layer. With a normalisation the biases are its shift: before it they would
    cancel.
    """
    columns = activation.linear_outputs(units)
    normalization = config.normalization if isinstance(config, HiddenConfig) else None
    parameters: list[Parameter] = []

    def array(role: str, shape: tuple[int, ...], initializer: Initializer) -> Parameter:
        node = parameter(f"{name}.{role}", shape, dtype)
        return Parameter(
            node=node,
            role=role,
            initializer=initializer,
            fan_in=fan_in,
            fan_out=units,
            trainable=config.trainable,
        )

    def fixed(value: float) -> Initializer:
        made: Initializer = INITIALIZERS["constant"](value=value)  # type: ignore[call-arg]
        return made

    weights = config.initializer or INITIALIZERS["glorot_uniform"]()
    biases = config.bias_initializer or INITIALIZERS["zeros"]()
    # The config knows no more of them than that they were chosen from these tables.
    assert isinstance(weights, Initializer)
    assert isinstance(biases, Initializer)
    assert normalization is None or isinstance(normalization, Normalization)
    parameters.append(array("weights", (fan_in, columns), weights))
    parameters.append(array("biases" if normalization is None else "shift", (columns,), biases))
    if normalization is not None:
        parameters.append(array("scale", (columns,), fixed(1.0)))
    for role, (shape, start) in activation.trained(units).items():
        parameters.append(array(role, shape, fixed(start)))
    averages = {} if normalization is None else normalization.running()
    running = tuple(array(role, (columns,), fixed(start)) for role, start in averages.items())
    dropped = config.dropout if isinstance(config, HiddenConfig) else 0.0
    return LayerArrays(
        name=name,
        units=units,
        activation=activation,
        parameters=tuple(parameters),
        running=running,
        normalization=normalization,
        dropout=dropped,
        trainable=config.trainable,
    )
