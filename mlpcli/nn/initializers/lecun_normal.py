"""lecun_normal initialisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class LecunNormal(Initializer):
    """Normal, variance 1/fan-in. Source: LeCun et al. 1998, Efficient BackProp, section 4.6."""

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        return rng.normal(0.0, math.sqrt(1.0 / fan_in), shape)
