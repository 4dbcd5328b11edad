"""Dropout whose masks are a function of layer, step, row and unit: there is no generator to keep.

So a step that is done again has the same mask, whoever runs it: after a lost cost, after a resume, on any
executor, in any number of threads; and with the step held fixed the cost is a plain function of the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.graph.node import Node, constant, parameter
from mlpcli.ops.elementwise import greater_equal, uniform, where

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAP = 2.0**23
"""Steps of a lap: float32 can count so far and no further, so laps are counted beside them."""
TOKEN_BITS = {"float64": 62, "float32": 30}
"""Bits of a row's number. As the bits of a float, it is neither subnormal nor infinite."""


@dataclass(frozen=True)
class Clock:
    """The number of the step: steps of this lap, and laps. Scalars, 0 at the start."""

    steps: Node
    laps: Node

    @classmethod
    def of(cls, dtype: str) -> Clock:
        """Return the clock of a network of that dtype."""
        return cls(parameter("dropout/steps", (), dtype), parameter("dropout/laps", (), dtype))

    def buffer_updates(self) -> Mapping[Node, Node]:
        """Return the new value of each of its two states."""
        full = greater_equal(self.steps, LAP - 1.0)
        return {
            self.steps: where(full, 0.0, self.steps + 1.0),
            self.laps: where(full, self.laps + 1.0, self.laps),
        }


def dropout(x: Node, rate: float, layer: int, clock: Clock, row: Node) -> Node:
    """Return x where it is kept, divided by the share that is, so that its mean stays; else 0.

    No gradient passes where it is 0. x: (batch, units); row: (batch, 1), see row_tokens(). Source: Srivastava
    et al. 2014, JMLR 15, section 10 (scaled while training).
    """
    units = constant(np.arange(int(x.shape[1] or 0)), x.dtype)
    chance = uniform(constant(float(layer), x.dtype), clock.steps, clock.laps, row, units)
    return where(greater_equal(chance, rate), x * (1.0 / (1.0 - rate)), 0.0)


def row_tokens(count: int, rng: np.random.Generator, dtype: str) -> NDArray[Any]:
    """Return a number of its own for each of some rows, (count, 1); other seeds give other numbers.

    Row n has the bits of (start + n·stride) modulo 2^62 (float32: 2^30), stride odd, so that no two rows have
    the same; 1 is added to the exponent, which keeps them normal numbers.
    """
    bits = TOKEN_BITS[dtype]
    start, stride = (int(each) for each in rng.integers(0, 1 << bits, 2))
    numbers = np.arange(count, dtype=np.uint64) * np.uint64(stride | 1) + np.uint64(start)
    size = np.finfo(dtype)
    words = (numbers & np.uint64((1 << bits) - 1)) + np.uint64(1 << size.nmant)
    tokens: NDArray[Any] = words.astype(f"uint{size.bits}").view(dtype)
    return tokens[:, None]
