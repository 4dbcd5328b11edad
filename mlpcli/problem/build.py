"""Config file to everything but the training: data, network, training step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.load import ConfigFile, ConfigSource, load_config, load_config_text
from mlpcli.config.schema import Config, DataConfig
from mlpcli.data.dataset import Dataset, Part, read_dataset
from mlpcli.data.targets import ClassTarget, Target
from mlpcli.errors import ConfigError, DataError, MissingExtraError, SettingError
from mlpcli.execute import Executor, choose_executor, hint
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.dropout import row_tokens
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.loss import SmoothedLoss
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Network, Penalty, build_network, check_memory, choose_head, initial_values
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.optim.step import MOST_COUNTED, Pace
from mlpcli.problem.kept_epoch import check_best_epoch
from mlpcli.problem.range_test import RangeTest
from mlpcli.problem.warm_start import Start, read_start
from mlpcli.registry import choice_name
from mlpcli.scoring.metrics import ONE_UNIT, target_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray


CHOICES: Mapping[str, Mapping[str, type]] = {
    "activation": ACTIVATIONS,
    "initialisation": INITIALIZERS,
    "loss": LOSSES,
    "normalisation": NORMALIZATIONS,
    "optimiser": OPTIMIZERS,
    "schedule": SCHEDULES,
}
STREAMS = ("initialisation", "split", "shuffle", "dropout", "range_test")
"""Random streams, each a child of the seed by its place here, so that one never disturbs another."""


USUAL_BATCH = 32
"""Rows of a batch where none are named."""


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
    start: Start | None = None
    """Weights to start from, where the config names some."""
    found_rate: RangeTest | None = None
    """Where the learning rate comes from, if it was `auto`."""

    @property
    def config(self) -> Config:
        """The checked config."""
        return self.file.config

    @property
    def batch_rows(self) -> int:
        """Rows of one batch."""
        return rows_of_batch(self.config, len(self.dataset.training.inputs))

    @property
    def pace(self) -> Pace:
        """Epochs, and the steps of one."""
        steps = -(-len(self.dataset.training.inputs) // self.batch_rows)
        return Pace(float(self.config.training.epochs), steps)

    def rows(self, part: Part) -> dict[str, NDArray[Any]]:
        """What the network's placeholders are given for a part of the data."""
        dtype = self.network.inputs.dtype
        coded = self.dataset.preparation.target
        codes = coded.coding if isinstance(coded, ClassTarget) else ONE_UNIT
        target = target_matrix(part.targets, self.dataset.task, self.head.units, dtype, codes)
        rows = {"inputs": np.asarray(part.inputs, dtype), "target": target}
        if self.network.row is not None:
            rows["row"] = row_tokens(len(target), random_stream(self.config.seed, "dropout"), dtype)
        return rows if part.weights is None else rows | {"weights": part.weights.astype(dtype)}

    def initial_values(self, draw: int = 0) -> dict[str, NDArray[Any]]:
        """Parameters and running averages before the first step. draw: those of the seed so much higher."""
        drawn = initial_values(self.network, random_stream(self.config.seed + draw, "initialisation"))
        return drawn if self.start is None else self.start.over(drawn)


def check_smoothing(head: Head, target: Target) -> None:
    """Raises SettingError where labels are smoothed that are no probabilities."""
    coded = isinstance(target, ClassTarget) and head.units == 1 and not set(target.coding) <= {0.0, 1.0}
    if coded and isinstance(head.loss, SmoothedLoss) and head.loss.label_smoothing:
        raise SettingError(
            "loss.label_smoothing",
            "Labels are smoothed between 0 and 1, and data.classes gives other numbers for them.",
            "Leave one of them out; numbers such as [0.05, 0.95] are smoothed already.",
        )


def loss_of_numbers(config: Config) -> str:
    """The name of a loss that tells what whole numbers are, where nothing else in the config does."""
    loss, output = config.loss, config.network.output.activation
    of_classes = bool(config.data.class_weights) or isinstance(output, ACTIVATIONS["softmax"])
    return choice_name(loss) if loss and loss.of_numbers and not of_classes else ""


def data_for(config: Config) -> DataConfig:
    """With the scaling of targets that suits the loss, where nothing was asked for."""
    if config.loss is None:
        return config.data
    return replace(config.data, target_scaling=config.loss.target_scaling(config.data.target_scaling))


def rows_of_batch(config: Config, rows: int) -> int:
    """Rows of one batch; `full` is all of them."""
    size = config.training.batch_size
    if size is None and not getattr(config.optimizer, "full_batch", False):
        size = USUAL_BATCH
    return min(size, rows) if isinstance(size, int) else rows


def random_stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one purpose, see STREAMS."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name),)))


def read_config(config: ConfigSource, overrides: str | Sequence[str] = ()) -> ConfigFile:
    """Read a file or a mapping. Raises ConfigError with every fault of it and of the overrides."""
    return load_config(config, overrides, CHOICES)


def prepare(
    config: ConfigSource, overrides: str | Sequence[str] = (), precision: str | None = None
) -> Prepared:
    """Read config and data and build the network; nothing is trained.

    config: a file or a mapping. precision overrides that of the config. Raises ConfigError, DataError.
    """
    return prepare_file(read_config(config, overrides), precision)


def changed(file: ConfigFile, overrides: Sequence[str]) -> ConfigFile:
    """The same file with more overrides. Raises ConfigError."""
    return load_config_text(file.text, file.path, overrides, CHOICES, numbered=file.numbered)


def prepare_file(file: ConfigFile, precision: str | None = None) -> Prepared:
    """The same as prepare, from a config that is read."""
    config = file.config
    dtype = precision or config.precision
    with keys_of(file):
        of_numbers = loss_of_numbers(config)
        dataset = read_dataset(data_for(config), random_stream(config.seed, "split"), dtype, of_numbers)
        optimizer: Optimizer = config.optimizer or OPTIMIZERS["adam"]()
        head = choose_head(
            config.network,
            config.loss,
            dataset.task,
            dataset.preparation.outputs,
            coded=bool(config.data.classes),
        )
        check_smoothing(head, dataset.preparation.target)
        check_best_epoch(config.training, dataset)
        penalty = Penalty(optimizer.l1, optimizer.l2, optimizer.penalise_biases)
        weighted = bool(dataset.weighting)
        network = build_network(config.network, head, dataset.preparation.width, dtype, penalty, weighted)
        rows = len(dataset.training.inputs)
        if (config.training.folds or 0) > rows:
            what = f"{rows} rows cannot be dealt into {config.training.folds} folds."
            raise SettingError("training.folds", what, "Take fewer folds, or give more rows.")
        batch = rows_of_batch(config, rows)
        check_memory(network, config.network, batch, optimizer.arrays, optimizer.arrays_key)
        steps = config.training.epochs * -(-rows // batch)
        executor = choose_executor(config.executor)
        tip = hint(config.executor, steps)
        start = config.start_from and read_start(config.start_from, network, dataset.preparation)
        tips = tuple(each for each in (tip, optimizer.hint(batch < rows)) if each)
        prepared = Prepared(file, dataset, head, network, optimizer, executor, tips, start or None)
        check_counters(prepared)
    return prepared


def check_counters(prepared: Prepared) -> None:
    """Raises SettingError where the counters of a schedule would stand still, long before its end."""
    pace, dtype = prepared.pace, prepared.network.inputs.dtype
    scheduled = getattr(prepared.optimizer, "schedule", None) or getattr(prepared.optimizer, "warm_up", 0.0)
    if scheduled and max(prepared.config.training.epochs, pace.steps) > MOST_COUNTED[dtype]:
        what = f"In {dtype} a schedule counts to {MOST_COUNTED[dtype]:,} epochs, and batches of one."
        raise SettingError("precision", what, "Write float64, or leave the schedule out.")


@contextmanager
def keys_of(file: ConfigFile) -> Iterator[None]:
    """Faults of keys that later stages find get the lines of their keys."""
    try:
        yield
    except (SettingError, MissingExtraError, DataError) as error:
        kind = DataError if isinstance(error, DataError) else ConfigError
        raise kind([file.located(fault) for fault in error.faults]) from error
