"""he_uniform initialisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class HeUniform(Initializer):
    """Uniform, variance 2/fan-in. Source: He et al. 2015, arXiv:1502.01852."""

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        limit = math.sqrt(6.0 / fan_in)
        return rng.uniform(-limit, limit, shape)
