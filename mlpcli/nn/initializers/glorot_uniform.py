"""glorot_uniform initialisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Uniform, variance 2/(fan-in + fan-out). Source: Glorot, Bengio 2010, AISTATS, equation 16."""

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        limit = math.sqrt(6.0 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, shape)
