"""Where a training stands, beside its state and its random stream: what decides all that follows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlpcli.execute.executor import State
from mlpcli.execute.rows import Pass
from mlpcli.training.plateau import Plateau
from mlpcli.training.stopping import Stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray


def all_finite(arrays: Iterable[NDArray[Any]]) -> bool:
    """Whether every entry is a finite number."""
    # A sum of squares is finite, nearly always, and quicker than to look at each: it is one call of BLAS.
    return all(math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all()) for array in arrays)


class Counter(Protocol):
    """What follows a training and decides something: patience, and the like. Plain data in a checkpoint."""

    def as_json(self) -> dict[str, Any]:
        """All that changes while training."""

    def restore(self, found: dict[str, Any]) -> None:
        """Take over what as_json gave. Raises LookupError, TypeError or ValueError for anything else."""


@dataclass(frozen=True)
class Part:
    """An epoch that was broken off: its order, and what was done of it."""

    order: NDArray[np.intp]
    passed: Pass


class Snapshot:
    """The state and the random stream as they were after some epoch."""

    def __init__(self, state: State, rng: np.random.Generator | None) -> None:
        self._state, self._rng = state, rng
        self.arrays = {name: array.copy() for name, array in state.items()}
        self.random: Any = rng.bit_generator.state if rng is not None else None
        self.epoch = 0

    def take(self, epoch: int) -> None:
        """As it is now, after that epoch."""
        for name, array in self.arrays.items():
            array[...] = self._state[name]
        if self._rng is not None:
            self.random = self._rng.bit_generator.state
        self.epoch = epoch

    def put_back(self) -> None:
        """As it was when taken."""
        for name, array in self.arrays.items():
            self._state[name][...] = array
        if self._rng is not None:
            self._rng.bit_generator.state = self.random


@dataclass
class Progress:
    """done: whole epochs. part: of the one after them, where it was begun. seconds: of training, so far.

    earlier: the state and the random stream one epoch before, where the last record came of a stretch of one;
    with `part`, where that epoch began. halvings: of the learning rate, after costs that were not finite.
    plateau: what lowers the rate, where the schedule is one.
    """

    stopping: Stopping
    _state: State
    _rng: np.random.Generator | None
    done: int = 0
    seconds: float = 0.0
    part: Part | None = None
    halvings: int = 0
    plateau: Plateau | None = None
    earlier: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.earlier = self.fresh()

    def fresh(self) -> Snapshot:
        """The state and the random stream as they are now."""
        snapshot = Snapshot(self._state, self._rng)
        snapshot.epoch = self.done
        return snapshot

    @property
    def counters(self) -> dict[str, Counter]:
        """What a checkpoint keeps of those that decide, by name. Another one is added here."""
        counters: dict[str, Counter] = {"stopping": self.stopping}
        return counters if self.plateau is None else {**counters, "plateau": self.plateau}
