"""Small networks and rows that many tests use."""

import numpy as np

from mlpcli.config.schema import HiddenConfig, NetworkConfig, OutputConfig
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.dropout import row_tokens
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, build_network, initial_values
from mlpcli.nn.normalizations import NORMALIZATIONS

HIDDEN_ACTIVATIONS = [name for name in ACTIVATIONS if name != "softmax"]


# Choices that cannot do without settings.
SETTINGS = {"formula": {"formula": "x * sigmoid(slope * x) + 0.1 * x", "parameters": {"slope": 1.2}}}
LOSS_SETTINGS = {"formula": {"formula": "log(1 + (prediction - target)**2)"}}
LAYERS = {
    "plain": {},
    "dropout": {"dropout": 0.4},
    **{name: {"normalization": NORMALIZATIONS[name]()} for name in NORMALIZATIONS},
}
"""What a hidden layer may have beside its activation."""


def activation(name):
    return ACTIVATIONS[name](**SETTINGS.get(name, {}))


def made_loss(name):
    return LOSSES[name](**LOSS_SETTINGS.get(name, {}))


def network(
    hidden=(("tanh", 4),),
    output=("sigmoid", 2),
    loss="squared_error",
    width=3,
    dtype="float64",
    penalty=None,
    init="glorot_uniform",
    bias_init=None,
    layer=None,
):
    """A network from names, its first values drawn from seed 7. layer: more settings of hidden layers."""
    start = INITIALIZERS[init]()
    bias = INITIALIZERS[bias_init]() if bias_init else INITIALIZERS["uniform"](low=-0.5, high=0.5)
    config = NetworkConfig(
        tuple(
            HiddenConfig(
                units=units,
                activation=activation(name),
                initializer=start,
                bias_initializer=bias,
                **(layer or {}),
            )
            for name, units in hidden
        ),
        OutputConfig(initializer=start, bias_initializer=bias),
    )
    head = Head(output[1], activation(output[0]), made_loss(loss), loss)
    built = build_network(config, head, width, dtype, penalty)
    return built, initial_values(built, np.random.default_rng(7))


def rows(net, count=5, seed=3, target="probability"):
    """Inputs and targets that suit the loss: probabilities, one-hot rows or numbers."""
    rng = np.random.default_rng(seed)
    width, units = net.inputs.shape[1], net.target.shape[1]
    inputs = rng.normal(size=(count, width))
    if target == "one-hot":
        targets = np.eye(units)[rng.integers(0, units, count)]
    elif target == "number":
        targets = rng.normal(size=(count, units))
    elif target == "count":
        targets = rng.poisson(2.0, size=(count, units)).astype(float)
    else:
        targets = rng.uniform(0.05, 0.95, size=(count, units))
    dtype = net.inputs.dtype
    found = {"inputs": inputs.astype(dtype), "target": targets.astype(dtype)}
    if net.row is not None:
        found["row"] = row_tokens(count, np.random.default_rng(seed), dtype)
    return found
