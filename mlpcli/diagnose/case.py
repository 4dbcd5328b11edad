"""What is diagnosed: a config and its data, made ready, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import Config
from mlpcli.data.dataset import Dataset
from mlpcli.execute.executor import Executor
from mlpcli.nn.network import Head, Network
from mlpcli.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = Mapping[str, "NDArray[Any]"]
"""Placeholder name -> array of rows."""


@dataclass(frozen=True)
class Case:
    """Everything in float64. rows, validation: of the training and validation part, as the network is given.

    batch: rows of a step. draw(n): first values of the parameters, of the config's own seed for n = 0 and of
    other seeds beyond; fresh arrays. shuffle(n): the random stream of the n-th shuffling, likewise.
    """

    config: Config
    dataset: Dataset
    head: Head
    network: Network
    optimizer: Optimizer
    executor: Executor
    rows: Rows
    validation: Rows | None
    batch: int
    draw: Callable[[int], dict[str, NDArray[Any]]]
    shuffle: Callable[[int], np.random.Generator]
    trained: Mapping[str, NDArray[Any]] | None = None
    """The weights of a finished run, where one is diagnosed."""

    @property
    def count(self) -> int:
        """Training rows."""
        return len(self.rows["inputs"])
