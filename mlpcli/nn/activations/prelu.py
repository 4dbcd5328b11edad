"""prelu activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.nn.activation import Activation
from mlpcli.ops.elementwise import greater, where


@dataclass(frozen=True)
class Prelu(Activation):
    """Leaky ReLU whose leak is trained, one per unit or one shared by the layer; never penalised.

    Source: He et al. 2015, arXiv:1502.01852, section 2.1 (start 0.25).
    """

    shared: bool = setting(False)
    start: float = setting(0.25)

    def trained(self, units: int) -> Mapping[str, tuple[tuple[int, ...], float]]:
        return {"leak": ((1 if self.shared else units,), self.start)}

    def apply(self, x: Node, **trained: Node) -> Node:
        return where(greater(x, 0.0), x, x * trained["leak"])
