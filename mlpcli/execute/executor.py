"""What an executor must do: turn a plan into something that runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.plan.kernel import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

State = Mapping[str, "NDArray[Any]"]
"""Parameters and optimiser slots by name: C-contiguous arrays that a run updates in place."""


class Function(ABC):
    """A compiled plan. Fill `inputs`, call run(), read `outputs`: the arrays stay the same ones."""

    inputs: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[Any]]

    @abstractmethod
    def run(self) -> None:
        """One run: the outputs are computed, then the state is updated. Allocates nothing."""


class Executor(ABC):
    """Machine code of one kind. It knows kinds of ops and scalar words, never the name of an op."""

    name: str

    @abstractmethod
    def compile(self, plan: Plan, state: State) -> Function:
        """A function on its own buffers; `state` must hold every state buffer of the plan, by name."""
