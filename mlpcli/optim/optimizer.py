"""What an optimiser is: parameter, gradient and its own slots to their next values, as nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node


@dataclass(frozen=True)
class Optimizer(ABC):
    """Settings every optimiser has. l1 and l2 belong to the cost. Subclasses: one per file."""

    learning_rate: float = setting(0.01)
    l1: float = setting(0.0, at_least=0.0)
    l2: float = setting(0.0, at_least=0.0)
    penalise_biases: bool = setting(False)

    def slots(self) -> tuple[str, ...]:
        """Names of the arrays kept beside each parameter, of its shape, 0 at the start."""
        return ()

    @abstractmethod
    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        """The parameter and the slots after this step. rate, step: scalars; step counts from 1."""
