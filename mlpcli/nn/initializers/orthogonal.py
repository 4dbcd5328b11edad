"""orthogonal initialisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpcli.config.setting import setting
from mlpcli.nn.initializer import Initializer


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal rows or columns, times gain; biases and other vectors have norm gain.

    Source: Saxe et al. 2013, arXiv:1312.6120.
    """

    gain: float = setting(1.0)

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> NDArray[np.float64]:
        rows, columns = (shape[0], shape[1]) if len(shape) == 2 else (shape[0], 1)
        square = rng.normal(size=(max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(square)
        # The signs make the draw uniform over orthogonal matrices: Mezzadri 2007, arXiv:math-ph/0609050.
        q = q * np.sign(np.diag(r))
        return np.ascontiguousarray(self.gain * (q if rows >= columns else q.T)).reshape(shape)
