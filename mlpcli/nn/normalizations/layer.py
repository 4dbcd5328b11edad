"""Layer normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mlpcli.graph.node import Node
from mlpcli.nn.normalization import Normalization
from mlpcli.ops.reduce import reduce_mean


@dataclass(frozen=True)
class LayerNormalization(Normalization):
    """Each row is normalised by mean and variance over its columns, in training and outside alike.

    Source: Ba, Kiros, Hinton 2016, arXiv:1607.06450, section 3.
    """

    affine: ClassVar[bool] = False

    def inference(self, z: Node, running: Mapping[str, Node]) -> Node:
        centred = z - reduce_mean(z, (1,), keep=True)
        return self.divided(centred, reduce_mean(centred * centred, (1,), keep=True))
