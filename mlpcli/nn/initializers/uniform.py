"""uniform initialisation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.setting import setting
from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform in [low, high)."""

    low: float = setting(-0.05)
    high: float = setting(0.05)

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        if self.high < self.low:
            yield "high", f"high ({self.high:g}) is below low ({self.low:g}).", "Exchange the two."

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        return rng.uniform(self.low, self.high, shape)
