"""maxout activation."""

from __future__ import annotations

from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import maximum
from mlpcli.ops.view import columns


@dataclass(frozen=True)
class Maxout(Activation):
    """The largest of `pieces` linear pieces; between equal ones the first gets the gradient.

    Piece k of unit j is column k·units + j. Source: Goodfellow et al. 2013, arXiv:1302.4389.
    """

    pieces: int = setting(2, at_least=2, at_most=256)

    def linear_outputs(self, units: int) -> int:
        return units * self.pieces

    def apply(self, x: Node, **trained: Node) -> Node:
        units = (x.shape[-1] or 0) // self.pieces
        largest = columns(x, start=0, stop=units)
        for piece in range(1, self.pieces):
            largest = maximum(largest, columns(x, start=piece * units, stop=(piece + 1) * units))
        return largest
