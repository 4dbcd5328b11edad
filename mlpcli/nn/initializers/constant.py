"""constant initialisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.setting import setting
from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class ConstantInitializer(Initializer):
    """One value for every entry."""

    value: float = setting(0.0)

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        return np.full(shape, self.value)
