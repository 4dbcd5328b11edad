"""Which runner a training has: the executor's own, or that of an optimiser that goes by all rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.execute.executor import Executor, State
from mlpcli.execute.rows import EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.optimizers.lbfgs import Lbfgs
from mlpcli.optim.step import TrainingStep
from mlpcli.training.lbfgs import LbfgsRunner, memory

if TYPE_CHECKING:
    from numpy.typing import NDArray


def first_state(optimizer: Optimizer, step: TrainingStep, weights: State) -> dict[str, NDArray[Any]]:
    """The state before the first step: the weights (these arrays), and what the optimiser keeps."""
    if isinstance(optimizer, Lbfgs):
        return dict(weights) | memory(optimizer, sum(weights[node.name].size for node in step.gradients))
    return dict(weights) | step.optimizer_state()


def make_runner(
    executor: Executor,
    optimizer: Optimizer,
    step: TrainingStep,
    outputs: Mapping[str, Node],
    state: State,
    rows: Rows,
    batch_size: int,
) -> EpochRunner:
    """outputs: "cost" first. state: first_state(), which the runner changes."""
    if isinstance(optimizer, Lbfgs):
        return LbfgsRunner(executor, outputs, step.gradients, state, rows, optimizer)
    kind = executor.epoch_runner or EpochRunner
    runner: EpochRunner = kind(executor, outputs, step.updates, state, rows, batch_size)
    return runner
