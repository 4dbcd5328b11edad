"""Frozen dataclasses, one per section of the YAML file.

Choices (activation, initialisation, loss, optimiser) are settings objects of later stages; the
loader is handed their tables, so this stage imports none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlpcli.config.setting import setting


@dataclass(frozen=True)
class MissingConfig:
    """What a missing cell becomes."""

    numeric: str = setting("mean", one_of=("mean", "median", "zero", "error"))
    categorical: str = setting("level", one_of=("level", "most_frequent", "error"))


@dataclass(frozen=True)
class DataConfig:
    """Where the rows are and what their columns mean."""

    train: str = setting(path=True)
    labels: str | None = setting(None, path=True)
    target: str | tuple[str, ...] | None = setting(None)
    task: str | None = setting(None, one_of=("classification", "multilabel", "regression"))
    validation: float | str | None = setting(None, path=True, above=0.0, below=1.0)
    validation_labels: str | None = setting(None, path=True)
    test: float | str | None = setting(None, path=True, above=0.0, below=1.0)
    test_labels: str | None = setting(None, path=True)
    scaling: str = setting("standard", one_of=("standard", "minmax", "none"))
    target_scaling: str = setting("standard", one_of=("standard", "minmax", "none"))
    header: bool | None = setting(None)
    separator: str | None = setting(None)
    ignore: tuple[str, ...] = setting(())
    categorical: tuple[str, ...] = setting(())
    missing: MissingConfig = setting(MissingConfig())


@dataclass(frozen=True)
class HiddenConfig:
    """One hidden layer. `8` is short for `{units: 8}`."""

    units: int = setting(at_least=1)
    activation: Any = setting(None, choice_of="activation")
    initializer: Any = setting(None, choice_of="initialisation", spelling="initialisation")
    bias_initializer: Any = setting(None, choice_of="initialisation", spelling="bias_initialisation")


@dataclass(frozen=True)
class OutputConfig:
    """The output layer; what is not given follows from the task."""

    units: int | None = setting(None, at_least=1)
    activation: Any = setting(None, choice_of="activation")
    initializer: Any = setting(None, choice_of="initialisation", spelling="initialisation")
    bias_initializer: Any = setting(None, choice_of="initialisation", spelling="bias_initialisation")


@dataclass(frozen=True)
class NetworkConfig:
    """The layers between the input columns and the prediction."""

    hidden: tuple[HiddenConfig, ...] = setting((), short_for="units")
    output: OutputConfig = setting(OutputConfig(), short_for="activation")


@dataclass(frozen=True)
class StopConfig:
    """When training ends before its last epoch. The first that holds ends it."""

    patience: int | None = setting(None, at_least=1)
    """Epochs without improvement of the validation cost (the training cost where there is none)."""
    min_delta: float = setting(0.0, at_least=0.0)
    """How much lower a cost must be to count as an improvement."""
    cost_below: float | None = setting(None)
    max_time: float | None = setting(None, above=0.0)
    """Seconds."""


@dataclass(frozen=True)
class TrainingConfig:
    """How long, in which pieces, and how often to print."""

    epochs: int = setting(100, at_least=1)
    batch_size: int | str = setting(32, at_least=1, one_of=("full",))
    shuffle: bool = setting(True)
    print_every: int | None = setting(None, at_least=1)
    stop: StopConfig = setting(StopConfig())


@dataclass(frozen=True)
class Config:
    """One YAML file, checked. `keys` maps each key to where it was given, for errors of later stages."""

    data: DataConfig
    network: NetworkConfig = setting(NetworkConfig())
    seed: int = setting(0, at_least=0)
    precision: str = setting("float64", one_of=("float32", "float64"))
    executor: str = setting("auto", one_of=("auto", "numpy"))
    loss: Any = setting(None, choice_of="loss")
    optimizer: Any = setting(None, choice_of="optimiser", spelling="optimiser")
    training: TrainingConfig = setting(TrainingConfig())
