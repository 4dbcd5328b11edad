"""The contract of an initialisation: a way to draw an array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Initializer(ABC):
    """A way to draw the initial values of an array. Subclasses are frozen dataclasses, one per file.

    For biases the shape is (units,), and fan_in and fan_out are those of the layer's weights.
    """

    @abstractmethod
    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        """Return a float64 array of the shape; weights are (fan_in, columns)."""
