"""The runner of a training: the executor's own, or that of an optimiser that takes all rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.execute.executor import Executor, State
from mlpcli.execute.rows import EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.optim.optimizer import Optimizer, StepOptimizer
from mlpcli.optim.step import TrainingStep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.optim.optimizers.lbfgs import Lbfgs


def first_state(optimizer: Optimizer, step: TrainingStep, weights: State) -> dict[str, NDArray[Any]]:
    """Return the state before the first step: the weights (these arrays), and the optimiser's arrays."""
    if isinstance(optimizer, StepOptimizer):
        return dict(weights) | step.optimizer_state()
    from mlpcli.training.lbfgs import memory

    size = sum(weights[node.name].size for node in step.gradients)
    return dict(weights) | step.optimizer_state() | memory(_lbfgs(optimizer), size)


def make_runner(
    executor: Executor,
    optimizer: Optimizer,
    step: TrainingStep,
    outputs: Mapping[str, Node],
    state: State,
    rows: Rows,
    batch_size: int,
) -> EpochRunner:
    """Return the runner of the epochs.

    outputs: scalars to follow, "cost" first. state: of first_state(), which the runner changes in place.
    rows: of the training part, by placeholder. batch_size: rows of a step.
    """
    if isinstance(optimizer, StepOptimizer):
        kind = executor.epoch_runner or EpochRunner
        runner: EpochRunner = kind(executor, outputs, step.updates, state, rows, batch_size)
        return runner
    from mlpcli.training.lbfgs import LbfgsRunner

    return LbfgsRunner(executor, outputs, step, state, rows, _lbfgs(optimizer))


def _lbfgs(optimizer: Optimizer) -> Lbfgs:
    from mlpcli.optim.optimizers.lbfgs import Lbfgs  # imported only where it is used, like its runner

    assert isinstance(optimizer, Lbfgs)
    return optimizer
