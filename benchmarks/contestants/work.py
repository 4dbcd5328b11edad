"""What is timed: networks with their data and first weights, the same for every contestant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCHES = 4
"""Of an epoch, in the same order every time."""
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
"""Adam's."""


class CannotError(Exception):
    """A contestant cannot do this work; says why."""


@dataclass(frozen=True)
class Work:
    """A network and how it is trained. activation: of the hidden layers, `maxout` with two pieces.

    The loss is the mean over the rows of: `binary_cross_entropy` of one sigmoid output, `cross_entropy` of
    a softmax, or `squared_error` summed over linear outputs. Optimisers: sgd without momentum, adam.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str
    batch: int
    dtype: str = "float32"
    loss: str = "cross_entropy"
    optimizer: str = "sgd"
    rate: float = 0.01
    title: str = ""

    @property
    def name(self) -> str:
        """What the tables call it."""
        sizes = "-".join(map(str, (self.inputs, *self.hidden, self.outputs)))
        words = f"{self.title} {sizes} {self.activation}".strip()
        return f"{words}, {self.optimizer}, batch {self.batch}, {self.dtype}"

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Of the weight matrices; a maxout layer has one column per piece and unit."""
        pieces = 2 if self.activation == "maxout" else 1
        widths = (self.inputs, *self.hidden)
        columns = (*(pieces * units for units in self.hidden), self.outputs)
        return list(zip(widths, columns))

    @property
    def multiplications(self) -> int:
        """Of the matrix products of one step: forward, by weights, and by inputs after the first layer."""
        first, *others = (fan_in * columns for fan_in, columns in self.shapes)
        return self.batch * (2 * first + 3 * sum(others))

    def first_weights(self) -> list[NDArray[Any]]:
        """Weights (fan-in, columns) and biases (columns,) of each layer in turn; fresh copies."""
        rng = np.random.default_rng(1)
        arrays = []
        for shape in self.shapes:
            limit = (6 / sum(shape)) ** 0.5
            arrays += [rng.uniform(-limit, limit, shape), rng.uniform(-0.1, 0.1, shape[1])]
        return [array.astype(self.dtype) for array in arrays]

    def rows(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Inputs and targets of an epoch: (rows, inputs), (rows, outputs); classes are coded as 0 and 1."""
        if self.title == "XOR":
            inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
            return inputs.astype(self.dtype), np.array([[0], [1], [1], [0]]).astype(self.dtype)
        rng = np.random.default_rng(0)
        count = BATCHES * self.batch
        inputs = rng.normal(size=(count, self.inputs))
        if self.loss == "cross_entropy":
            targets = np.eye(self.outputs)[rng.permutation(count) % self.outputs]
        else:
            targets = rng.normal(size=(count, self.outputs))
        return inputs.astype(self.dtype), targets.astype(self.dtype)

    def batches(self) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """The rows of an epoch, batch by batch, each array on its own."""
        parts = (np.split(array, BATCHES) for array in self.rows())
        return [(x.copy(), t.copy()) for x, t in zip(*parts)]


class Training(ABC):
    """A contestant ready for a work; its compiling and reading of data are done, or done in the first run."""

    @abstractmethod
    def run(self, epochs: int) -> float | None:
        """Train so many epochs from the first weights: the mean cost of the last one, each batch's before
        its update. None: it has no costs."""


_SINGLE = (
    Work(2, (3,), 1, "sigmoid", 1, loss="binary_cross_entropy", rate=0.1, title="XOR"),
    Work(4, (16,), 10, "tanh", 16),
    Work(64, (64,), 10, "tanh", 32),
    Work(784, (500,), 10, "tanh", 600),
    Work(8, (32, 32), 1, "relu", 64, loss="squared_error"),
    Work(20, (64, 64), 5, "relu", 128, optimizer="adam", rate=0.001),
    Work(100, (256, 256), 10, "relu", 256),
    Work(16, (32, 32, 32), 4, "maxout", 64),
)
WORKS = tuple(replace(work, dtype=dtype) for work in _SINGLE for dtype in ("float32", "float64"))
