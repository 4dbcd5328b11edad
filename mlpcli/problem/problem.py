"""The one type for what a config and its data make, from `mlp train` to the diagnosis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.load import ConfigFile
from mlpcli.config.schema import Config
from mlpcli.data.dataset import Dataset
from mlpcli.data.files import DataFiles
from mlpcli.data.part import Part
from mlpcli.data.targets import ClassTarget
from mlpcli.execute import Executor
from mlpcli.execute.rows import Rows
from mlpcli.nn.dropout import row_tokens
from mlpcli.nn.network import Head, Network, initial_values
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.step import TrainingLength
from mlpcli.scoring.metrics import ONE_UNIT, target_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.problem.range_test import RangeTest
    from mlpcli.problem.warm_start import Start

STREAMS = ("initialisation", "split", "shuffle", "dropout", "range_test")
"""Random streams, each a child of the seed by its place here, so that one never disturbs another."""
USUAL_BATCH = 32
"""Rows of a batch where the config names none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A config and its data, made ready for training; nothing is trained yet.

    The precision is that of the network: the config's for a training, float64 for a diagnosis.
    """

    file: ConfigFile
    dataset: Dataset
    head: Head
    network: Network
    optimizer: Optimizer
    executor: Executor
    files: DataFiles
    """What has been read of the data files, for whatever else the command builds of them."""
    hints: tuple[str, ...] = ()
    """Advice on what would make the training better or faster."""
    start: Start | None = None
    """Initial weights taken from a model; None where the config names none."""
    found_rate: RangeTest | None = None
    """The range test that found the learning rate; None where the config gives a number."""
    _made: dict[int, Rows] = field(default_factory=dict, init=False, repr=False)

    @property
    def config(self) -> Config:
        """The checked config."""
        return self.file.config

    @cached_property
    def batch_rows(self) -> int:
        """Rows of one batch."""
        return rows_of_batch(self.config, self.count)

    @property
    def count(self) -> int:
        """Training rows."""
        return len(self.dataset.training.inputs)

    @property
    def training_length(self) -> TrainingLength:
        """Epochs of the training, and steps of one epoch."""
        return TrainingLength(float(self.config.training.epochs), -(-self.count // self.batch_rows))

    @property
    def training_rows(self) -> Rows:
        """The training part, as the network's placeholders take it."""
        return self.rows(self.dataset.training)

    @property
    def validation_rows(self) -> Rows | None:
        """The validation part, as the network's placeholders take it; None where there is none."""
        part = self.dataset.validation
        return None if part is None else self.rows(part)

    @property
    def split_is_drawn(self) -> bool:
        """Whether the seed decides which rows of the file are in which part."""
        data = self.config.data
        if data.split.column or data.split.sort_by:
            return False
        return isinstance(data.validation, float) or isinstance(data.test, float) or data.fold is not None

    @property
    def seed_moves_weights_only(self) -> bool:
        """Whether another seed changes nothing but initial weights and the orders of rows."""
        return not self.split_is_drawn and self.network.row is None and self.found_rate is None

    def rows(self, part: Part) -> Rows:
        """Return what the network's placeholders take for a part of the data: arrays of (rows, …) by name.

        Rows of the dataset's own parts are made once, and shared by whoever asks: nobody may write to them.
        """
        made = self._made.get(id(part))
        if made is None:
            made = self._rows(part)
            # The dataset keeps its own parts alive, so that their ids stay theirs.
            if any(
                part is own for own in (self.dataset.training, self.dataset.validation, self.dataset.test)
            ):
                self._made[id(part)] = made
        return made

    def _rows(self, part: Part) -> Rows:
        dtype = self.network.inputs.dtype
        coded = self.dataset.preparation.target
        codes = coded.coding if isinstance(coded, ClassTarget) else ONE_UNIT
        target = target_matrix(part.targets, self.dataset.task, self.head.units, dtype, codes)
        rows = {"inputs": np.asarray(part.inputs, dtype), "target": target}
        if self.network.row is not None:
            rows["row"] = row_tokens(len(target), random_stream(self.config.seed, "dropout"), dtype)
        return rows if part.weights is None else rows | {"weights": part.weights.astype(dtype)}

    def initial_values(self, seed_offset: int = 0) -> dict[str, NDArray[Any]]:
        """Return fresh arrays of the parameters and running averages before the first step, by name.

        seed_offset: added to the config's seed; 0 gives the initial weights of the training itself.
        """
        drawn = initial_values(self.network, random_stream(self.config.seed + seed_offset, "initialisation"))
        return drawn if self.start is None else self.start.over(drawn)

    def shuffle(self, seed_offset: int = 0) -> np.random.Generator:
        """Return the generator that draws the order of the rows, for the config's seed plus seed_offset."""
        return random_stream(self.config.seed + seed_offset, "shuffle")

    def with_seed(self, seed: int) -> Problem:
        """Return the problem with another seed for initial weights, orders and dropout, on the same split."""
        return replace(self, file=replace(self.file, config=replace(self.config, seed=seed)))


def rows_of_batch(config: Config, rows: int) -> int:
    """Return the rows of one batch; `full` is all of them. rows: of the training part."""
    size = config.training.batch_size
    # An optimiser written as null stands for adam, which goes by batches.
    if size is None and not (config.optimizer and config.optimizer.full_batch):
        size = USUAL_BATCH
    return min(size, rows) if isinstance(size, int) else rows


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one purpose. name: one of STREAMS."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name),)))
