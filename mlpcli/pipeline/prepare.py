"""Config file to everything but the training: data, network, training step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.load import ConfigFile, load_config
from mlpcli.config.schema import Config
from mlpcli.data.dataset import Dataset, Part, read_dataset
from mlpcli.data.targets import ClassTarget, Target
from mlpcli.errors import ConfigError, DataError, MissingExtraError, SettingError
from mlpcli.execute import Executor, choose_executor, hint
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.loss import SmoothedLoss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Network, Penalty, build_network, check_memory, choose_head, initial_values
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.training.metrics import ONE_UNIT, target_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHOICES: Mapping[str, Mapping[str, type]] = {
    "activation": ACTIVATIONS,
    "initialisation": INITIALIZERS,
    "loss": LOSSES,
    "optimiser": OPTIMIZERS,
}
STREAMS = ("initialisation", "split", "shuffle", "dropout")
"""Random streams, each a child of the seed by its place here, so that one never disturbs another."""


@dataclass(frozen=True)
class Prepared:
    """What a config and its data make, before the first step."""

    file: ConfigFile
    dataset: Dataset
    head: Head
    network: Network
    optimizer: Optimizer
    executor: Executor
    hints: tuple[str, ...]
    """What would make the training better or faster."""

    @property
    def config(self) -> Config:
        """The checked config."""
        return self.file.config

    @property
    def batch_rows(self) -> int:
        """Rows of one batch."""
        return rows_of_batch(self.config, len(self.dataset.training.inputs))

    def rows(self, part: Part) -> dict[str, NDArray[Any]]:
        """What the network's placeholders are given for a part of the data."""
        dtype = self.network.inputs.dtype
        coded = self.dataset.preparation.target
        codes = coded.coding if isinstance(coded, ClassTarget) else ONE_UNIT
        target = target_matrix(part.targets, self.dataset.task, self.head.units, dtype, codes)
        rows = {"inputs": np.asarray(part.inputs, dtype), "target": target}
        return rows if part.weights is None else rows | {"weights": part.weights.astype(dtype)}

    def initial_values(self) -> dict[str, NDArray[Any]]:
        """The parameters before the first step."""
        return initial_values(self.network, random_stream(self.config.seed, "initialisation"))


def check_smoothing(head: Head, target: Target) -> None:
    """Raises SettingError where labels are smoothed that are no probabilities."""
    coded = isinstance(target, ClassTarget) and head.units == 1 and not set(target.coding) <= {0.0, 1.0}
    if coded and isinstance(head.loss, SmoothedLoss) and head.loss.label_smoothing:
        raise SettingError(
            "loss.label_smoothing",
            "Labels are smoothed between 0 and 1, and data.classes gives other numbers for them.",
            "Leave one of them out; numbers such as [0.05, 0.95] are smoothed already.",
        )


def rows_of_batch(config: Config, rows: int) -> int:
    """Rows of one batch; `full` is all of them."""
    size = config.training.batch_size
    return rows if isinstance(size, str) else min(size, rows)


def random_stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one purpose, see STREAMS."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name),)))


def read_config(path: str | Path, overrides: Sequence[str] = ()) -> ConfigFile:
    """Raises ConfigError with every fault of the file and the overrides."""
    return load_config(path, overrides, CHOICES)


def prepare(path: str | Path, overrides: Sequence[str] = (), precision: str | None = None) -> Prepared:
    """Read config and data and build the network; nothing is trained.

    precision overrides that of the config. Raises ConfigError, DataError.
    """
    file = read_config(path, overrides)
    config = file.config
    dtype = precision or config.precision
    with keys_of(file):
        dataset = read_dataset(config.data, random_stream(config.seed, "split"), dtype)
        optimizer: Optimizer = config.optimizer or OPTIMIZERS["adam"]()
        head = choose_head(
            config.network,
            config.loss,
            dataset.task,
            dataset.preparation.outputs,
            coded=bool(config.data.classes),
        )
        check_smoothing(head, dataset.preparation.target)
        penalty = Penalty(optimizer.l1, optimizer.l2, optimizer.penalise_biases)
        weighted = bool(dataset.weighting)
        network = build_network(config.network, head, dataset.preparation.width, dtype, penalty, weighted)
        rows = len(dataset.training.inputs)
        batch = rows_of_batch(config, rows)
        check_memory(network, config.network, batch)
        steps = config.training.epochs * -(-rows // batch)
        executor = choose_executor(config.executor)
        tip = hint(config.executor, steps)
        prepared = Prepared(file, dataset, head, network, optimizer, executor, (tip,) if tip else ())
    return prepared


@contextmanager
def keys_of(file: ConfigFile) -> Iterator[None]:
    """Faults of keys that later stages find get the lines of their keys."""
    try:
        yield
    except (SettingError, MissingExtraError, DataError) as error:
        kind = DataError if isinstance(error, DataError) else ConfigError
        raise kind([file.located(fault) for fault in error.faults]) from error
