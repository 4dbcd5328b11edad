"""zeros initialisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class Zeros(Initializer):
    """All 0. As a whole hidden layer's weights they leave its units alike for ever."""

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        return np.zeros(shape)
