"""The contract of an activation: a function from nodes to nodes, with its settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mlpcli.graph.node import Node
from mlpcli.registry import choice_name


@dataclass(frozen=True)
class Activation(ABC):
    """A function that a layer applies to its linear part. Subclasses are frozen dataclasses, one per file."""

    elementwise: ClassVar[bool] = True
    """Whether a unit's result depends on its own pre-activation alone."""

    @property
    def shown(self) -> str:
        """The text that stands for it where a network is described: the name, or what says more."""
        return choice_name(self)

    def linear_outputs(self, units: int) -> int:
        """Return how many columns the layer's matrix product has, for `units` results."""
        return units

    def trained(self, units: int) -> Mapping[str, tuple[tuple[int, ...], float]]:
        """Return its own parameters: name -> (shape, start value). They are never penalised."""
        return {}

    @abstractmethod
    def apply(self, x: Node, **trained: Node) -> Node:
        """Return the activation of x: (batch, linear_outputs) -> (batch, units)."""

    def __call__(self, x: Node, **trained: Node) -> Node:
        return self.apply(x, **trained)
