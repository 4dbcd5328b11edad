"""The least that a config has to know of the objects chosen by name: their classes stand in later rooms."""

from __future__ import annotations

from typing import Protocol


class OptimizerChoice(Protocol):
    """An optimiser, as far as it decides whether other settings of the training can hold."""

    @property
    def full_batch(self) -> bool:
        """Whether a step needs all rows, so that there are no batches."""

    @property
    def warm_up(self) -> float:
        """Epochs over which the learning rate rises from 0; 0 for none."""


class ActivationChoice(Protocol):
    """An activation, as a description of the network names it."""

    @property
    def shown(self) -> str:
        """The name, or what says more: a formula."""


class LossChoice(Protocol):
    """A loss, as far as it decides how targets are read and scaled."""

    of_numbers: bool
    """Whether a target of more than two whole numbers is one of numbers, not of classes."""

    @property
    def shown(self) -> str:
        """The name, or what says more: a formula."""

    def target_scaling(self, asked: str | None) -> str:
        """Return how regression targets are scaled. asked: by the config; None: nothing was asked for."""
