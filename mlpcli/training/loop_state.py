"""Where the epoch loop stands: together with the settings, it decides every bit that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlpcli.execute.executor import State
from mlpcli.execute.rows import EpochTotals
from mlpcli.training.plateau import PlateauCounter
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Counter(Protocol):
    """A follower of the training that decides something, such as patience; plain data in a checkpoint."""

    def as_json(self) -> dict[str, Any]:
        """Return everything that changes while training."""

    def restore(self, found: dict[str, Any]) -> None:
        """Take over what as_json returned. Raises LookupError, TypeError or ValueError for anything else."""


@dataclass(frozen=True)
class InterruptedEpoch:
    """An epoch that was interrupted: the order of its rows, (rows,), and the totals of those done."""

    order: NDArray[np.intp]
    passed: EpochTotals


class Snapshot:
    """A copy of the arrays and of the random stream, as they were after some epoch."""

    def __init__(self, arrays: State, stream: np.random.Generator | None, epoch: int) -> None:
        """Take a first copy. stream: of the orders; None where rows are not shuffled."""
        self._live, self._stream = arrays, stream
        self.arrays = {name: array.copy() for name, array in arrays.items()}
        self.random: Any = stream.bit_generator.state if stream is not None else None
        self.epoch = epoch

    def take(self, epoch: int) -> None:
        """Copy the current arrays and random state, as they are after that epoch."""
        for name, array in self.arrays.items():
            array[...] = self._live[name]
        if self._stream is not None:
            self.random = self._stream.bit_generator.state
        self.epoch = epoch

    def put_back(self) -> None:
        """Make the arrays and the random stream what they were when this copy was taken."""
        for name, array in self.arrays.items():
            self._live[name][...] = array
        if self._stream is not None:
            self._stream.bit_generator.state = self.random


@dataclass(kw_only=True)
class LoopState:
    """The arrays that training changes in place, the random stream of the orders, and the counters.

    arrays: parameters and optimiser slots, by name. stream: None where rows are not shuffled. epoch: how many
    whole epochs are done. seconds: of training, so far. interrupted: the epoch after those, where a part of
    it is done. halvings: how often the learning rate was halved after a non-finite cost. plateau: None where
    the schedule is another one.
    """

    arrays: State
    stream: np.random.Generator | None
    stopping: Stopping
    plateau: PlateauCounter | None = None
    epoch: int = 0
    seconds: float = 0.0
    interrupted: InterruptedEpoch | None = None
    halvings: int = 0
    previous: Snapshot = field(init=False)
    """One epoch before, where the last record was of a block of one; with `interrupted`, where that began."""

    def __post_init__(self) -> None:
        self.previous = self.snapshot()

    def snapshot(self) -> Snapshot:
        """Return a copy of the arrays and of the random stream as they are now."""
        return Snapshot(self.arrays, self.stream, self.epoch)

    @property
    def counters(self) -> dict[str, Counter]:
        """The counters that a checkpoint keeps, by name. Another one is added here."""
        counters: dict[str, Counter] = {"stopping": self.stopping}
        return counters if self.plateau is None else {**counters, "plateau": self.plateau}
