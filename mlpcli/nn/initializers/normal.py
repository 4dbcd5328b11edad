"""normal initialisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.setting import setting
from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with the given standard deviation and mean 0."""

    std: float = setting(0.05, at_least=0.0)

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        return rng.normal(0.0, self.std, shape)
