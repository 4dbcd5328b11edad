"""The contract of a loss: prediction and target to a scalar, the mean over the rows of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node, shape_error
from mlpcli.ops.elementwise import clip
from mlpcli.ops.reduce import reduce_mean, reduce_sum
from mlpcli.registry import choice_name

_Target = TypeVar("_Target")
"""A node, or an array."""

SMALLEST_PROBABILITY = 1e-7
"""Probabilities are kept this far from 0 and 1 where no logit form exists."""
PROBABILITY_RANGE = {"low": SMALLEST_PROBABILITY, "high": 1.0 - SMALLEST_PROBABILITY}


@dataclass(frozen=True)
class Loss(ABC):
    """A loss: the mean over rows of the sum over outputs. Subclasses are frozen dataclasses, one per file."""

    scaled_targets: ClassVar[bool] = True
    """Whether regression targets may be standardised for it."""
    of_numbers: ClassVar[bool] = False
    """Whether a target of more than two whole numbers that it is given is one of numbers, not of classes."""
    default_output: ClassVar[str] = "linear"
    """The output activation of a regression that names none."""

    def target_scaling(self, asked: str | None) -> str:
        """Return how regression targets are scaled. asked: by the config; None: nothing was asked for."""
        return asked or ("standard" if self.scaled_targets else "none")

    @property
    def shown(self) -> str:
        """The text that stands for it where a training is described: the name, or what says more."""
        return choice_name(self)

    @abstractmethod
    def per_output(self, prediction: Node, target: Node) -> Node:
        """Return the loss of every entry, (batch, outputs). prediction, target: (batch, outputs)."""

    def optimal_prediction(self, target: _Target) -> _Target:
        """Return the prediction with the lowest loss for this target, (batch, outputs): the target itself."""
        return target

    def per_row(self, prediction: Node, target: Node) -> Node:
        """Return the loss of every row, (batch,). Raises ShapeError when the shapes differ."""
        if prediction.shape != target.shape:
            raise shape_error("loss", (prediction, target), "they need one shape.")
        return reduce_sum(self.per_output(prediction, target), (1,))

    def __call__(self, prediction: Node, target: Node) -> Node:
        """Return the loss of a batch, a scalar. Raises ShapeError when the shapes differ."""
        return reduce_mean(self.per_row(prediction, target), (0,))


@dataclass(frozen=True)
class SmoothedLoss(Loss):
    """A loss of labels that may be smoothed: t becomes (1 - ε)·t + ε / classes.

    Part of the loss, so of the cost of validation rows too, as in PyTorch and Keras; scores know nothing of
    it. Source: Szegedy et al. 2016, Rethinking the Inception Architecture, section 7.
    """

    label_smoothing: float = setting(0.0, at_least=0.0, below=1.0)

    @abstractmethod
    def classes(self, outputs: int) -> int:
        """Return among how many classes the smoothed part of a target is shared."""

    def optimal_prediction(self, target: _Target) -> _Target:
        """Return the smoothed target."""
        if not self.label_smoothing:
            return target
        share = self.label_smoothing / self.classes(int(target.shape[1] or 0))  # type: ignore[attr-defined]
        smoothed: _Target = target * (1.0 - self.label_smoothing) + share  # type: ignore[operator]
        return smoothed


def clipped_probability(p: Node) -> Node:
    """Return p kept in [1e-7, 1-1e-7], so that its logarithm is finite."""
    return clip(p, **PROBABILITY_RANGE)
