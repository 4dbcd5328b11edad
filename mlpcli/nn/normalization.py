"""The contract of a normalisation: a layer's linear part brought to mean 0 and variance 1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.ops.elementwise import sqrt


@dataclass(frozen=True)
class Normalization(ABC):
    """A way to normalise a layer. Subclasses are frozen dataclasses, one per file.

    Scale and shift are the layer's own business.
    """

    epsilon: float = setting(1e-5, above=0.0)
    """Added to the variance, so that a value that never varies becomes 0."""

    affine: ClassVar[bool] = True
    """Whether, with averages given, it is an affine map of what comes in."""

    def running(self) -> Mapping[str, float]:
        """Return the averages kept from step to step, one number for each column: name -> start value."""
        return {}

    @abstractmethod
    def inference(self, z: Node, running: Mapping[str, Node]) -> Node:
        """Return z normalised outside training, (batch, columns) as z. running: averages by name, each
        (columns,).
        """

    def in_training(self, z: Node, running: Mapping[str, Node]) -> tuple[Node, Mapping[str, Node]]:
        """Return z normalised in a step of the training, and the new value of each running average."""
        return self.inference(z, running), {}

    def divided(self, centred: Node, variance: Node) -> Node:
        """Divide by the standard deviation; the root is taken of the smaller array, then
        both are broadcast.
        """
        return centred * (1.0 / sqrt(variance + self.epsilon))
