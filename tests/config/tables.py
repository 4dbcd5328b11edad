"""Choices, texts and shorthands for the config tests; later stages have the real tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpcli.config.load import ConfigFile, load_config_text
from mlpcli.config.setting import setting
from mlpcli.errors import ConfigError


@dataclass(frozen=True)
class Tanh:
    pass


@dataclass(frozen=True)
class Softmax:
    pass


@dataclass(frozen=True)
class LeakyRelu:
    leak: float = setting(0.01)


@dataclass(frozen=True)
class Zeros:
    pass


@dataclass(frozen=True)
class Uniform:
    low: float = setting(-0.05)
    high: float = setting(0.05)


@dataclass(frozen=True)
class Huber:
    delta: float = setting(1.0, above=0.0)


@dataclass(frozen=True)
class CrossEntropy:
    pass


@dataclass(frozen=True)
class Sgd:
    learning_rate: float = setting(0.01)
    l2: float = setting(0.0, at_least=0.0)
    momentum: float = setting(0.0, at_least=0.0, below=1.0)
    nesterov: bool = setting(False)
    full_batch = False
    warm_up = 0.0

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        if self.nesterov and self.momentum == 0.0:
            yield "nesterov", "nesterov needs a momentum above 0.", "Add momentum: 0.9."


CHOICES: Mapping[str, Mapping[str, type[Any]]] = {
    "activation": {"tanh": Tanh, "softmax": Softmax, "leaky_relu": LeakyRelu},
    "initialisation": {"zeros": Zeros, "uniform": Uniform},
    "loss": {"huber": Huber, "cross_entropy": CrossEntropy},
    "optimiser": {"sgd": Sgd},
}

IRIS = """\
# Iris, three classes
seed: 5
data:
  train: iris.csv      # relative
  target: species
  validation: 0.2
network:
  hidden:   # layers
    - {units: 16, activation: tanh, initialisation: uniform}
    - 8     # short
  output: {activation: softmax}    # inferred
loss: cross_entropy
optimiser: {name: sgd, learning_rate: 0.05, momentum: 0.9}
training: {epochs: 200, stop: {patience: 20}}
# the end
"""


def load(text: str, *overrides: str, path: str | Path = "iris.yaml", check_files: bool = False) -> ConfigFile:
    return load_config_text(text, path, overrides, CHOICES, check_files=check_files)


def faults(
    text: str, *overrides: str, path: str | Path = "iris.yaml", check_files: bool = False
) -> list[str]:
    """The faults of a config as texts; none where it loads."""
    try:
        load(text, *overrides, path=path, check_files=check_files)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


def data(more: str) -> str:
    """A config that is complete but for these lines."""
    return f"data: {{train: iris.csv}}\n{more}\n"
