"""What an optimiser is: settings, and mostly a rule from gradient and slots to the next values, as nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node
from mlpcli.optim.schedule import Schedule

AUTO = "auto"
"""The learning rate that a range test finds before the training."""


@dataclass(frozen=True)
class Optimizer:
    """Settings every optimiser has. l1 and l2 belong to the cost. Subclasses: one per file."""

    l1: float = setting(0.0, at_least=0.0)
    l2: float = setting(0.0, at_least=0.0)
    penalise_biases: bool = setting(False)

    full_batch: ClassVar[bool] = False
    """Whether a step needs all rows, so that there are no batches."""
    arrays_key: ClassVar[str] = ""
    """The config key that decides how many arrays are kept, where one does."""

    @property
    def rate(self) -> float:
        """The learning rate as a number; 1 where a line search finds the length of a step."""
        return 1.0

    @property
    def schedule(self) -> Schedule | None:
        """How the learning rate changes from step to step; None where it does not."""
        return None

    @property
    def warm_up(self) -> float:
        """Epochs over which the rate rises from 0, before the schedule begins; 0 for none."""
        return 0.0

    @property
    def automatic(self) -> bool:
        """Whether the learning rate is still to be found."""
        return False

    @property
    def arrays(self) -> int:
        """Arrays kept beside each parameter, or as much memory; two are always counted."""
        return 2

    def at_rate(self, rate: float) -> Optimizer:
        """Return it with this learning rate, where it has one."""
        return self

    def hint(self, in_batches: bool) -> str:
        """Return what would suit it better; "" where nothing would. in_batches: a step
        sees some of the rows.
        """
        return ""

    def penalises(self, role: str) -> bool:
        """Return whether a parameter of this role (weights, biases, …) is drawn towards 0."""
        return role == "weights" or (role == "biases" and self.penalise_biases)


@dataclass(frozen=True, kw_only=True)
class StepOptimizer(Optimizer, ABC):
    """An optimiser whose step is a graph: it goes from batch to batch, at a rate."""

    learning_rate: float | str = setting(0.01, one_of=(AUTO,))
    schedule: Schedule | None = setting(None, choice_of="schedule")
    warm_up: float = setting(0.0, at_least=0.0)
    """Epochs over which the rate rises from 0, before the schedule begins."""
    clip_norm: float | None = setting(None, above=0.0)
    clip_value: float | None = setting(None, above=0.0)

    @property
    def rate(self) -> float:
        """The learning rate as a number. ValueError while it is `auto`: the range test comes first."""
        if isinstance(self.learning_rate, str):
            raise ValueError("the learning rate is still to be found")
        return self.learning_rate

    @property
    def automatic(self) -> bool:
        return isinstance(self.learning_rate, str)

    @property
    def arrays(self) -> int:
        return max(super().arrays, len(self.slots()))

    def at_rate(self, rate: float) -> Optimizer:
        return replace(self, learning_rate=rate)

    def conflicts(self) -> Iterator[tuple[str, str, str]]:
        """Yield settings that contradict each other: (key, fault, remedy)."""
        yield from ()

    def slots(self) -> Mapping[str, float]:
        """Return the names of the arrays kept beside each parameter, of its shape, and their start values."""
        return {}

    def decayed(self, parameter: Node, rate: Node, role: str) -> Node:
        """Return the parameter that update() is given: itself, unless weights decay beside the gradient."""
        return parameter

    @abstractmethod
    def update(
        self, parameter: Node, gradient: Node, rate: Node, step: Node, slots: Mapping[str, Node]
    ) -> tuple[Node, Mapping[str, Node]]:
        """Return the parameter and the slots after this step. rate, step: scalars; step counts from 1."""
