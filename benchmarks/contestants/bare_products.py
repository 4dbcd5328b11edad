"""Only the matrix products of a step, by NumPy's BLAS into arrays made before: nothing else, no costs.

What a library that leaves its products to BLAS cannot get below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from contestants.work import BATCHES, Training, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray


class BareProducts(Training):
    """A list of products (a, b, into), the same arrays every time."""

    def __init__(self, work: Work) -> None:
        self._products: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        rng = np.random.default_rng(0)

        def small(rows: int, columns: int) -> NDArray[Any]:
            return (rng.random((rows, columns)) * 1e-3).astype(work.dtype)

        for number, (fan_in, columns) in enumerate(work.shapes):
            x, w, z = small(work.batch, fan_in), small(fan_in, columns), small(work.batch, columns)
            dx, dw, dz = np.empty_like(x), np.empty_like(w), small(work.batch, columns)
            self._products += [(x, w, z), (x.T, dz, dw)]
            if number:  # nobody needs the gradient of the inputs
                self._products.append((dz, w.T, dx))

    def run(self, epochs: int) -> None:
        products, dot = self._products, np.dot
        for _ in range(epochs * BATCHES):
            for a, b, into in products:
                dot(a, b, into)


def prepare(work: Work) -> Training:
    return BareProducts(work)
