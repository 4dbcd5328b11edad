"""The range test: one short training in which the learning rate grows, to find a good one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.execute.executor import Executor, State
from mlpcli.execute.rows import RowFunction, Rows
from mlpcli.graph.node import parameter
from mlpcli.nn.network import Network
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.step import training_step
from mlpcli.problem.range_test import LOWEST, RangeTest
from mlpcli.training.runner import first_state, make_runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = "learning_rate"
HIGHEST, A_DECADE = 10.0, 20
"""The highest rate tried, and the number of rates to a factor of ten: 141 steps from LOWEST on."""
MOST_ROWS = 256
"""The number of rows that the loss is computed on: always the same ones, so that it needs no smoothing."""
RUN_AWAY = 4.0
"""The multiple of the lowest loss at which the test ends, as in fastai."""


def rates() -> NDArray[np.float64]:
    """Return the rates to try, in ascending order, evenly spaced in their logarithms; shape (rates,)."""
    decades = round(math.log10(HIGHEST / LOWEST))
    numbers: NDArray[np.float64] = np.logspace(
        math.log10(LOWEST), math.log10(HIGHEST), decades * A_DECADE + 1
    )
    return numbers


def range_test(
    executor: Executor,
    network: Network,
    optimizer: Optimizer,
    weights: State,
    rows: Rows,
    batch_size: int,
    rng: np.random.Generator,
) -> RangeTest:
    """Run the test from copies of these weights, without schedule and warm-up, with clipping.

    rows: of the training part, by placeholder. batch_size: rows of a step. rng: draws the order of the rows,
    and the next order when they are used up. The test ends early when the loss has run away.
    Source: Smith 2017, arXiv:1506.01186, section 3.3; that the rate grows exponentially, and that the loss is
    looked at, is from fastai's lr_find.
    """
    dtype = network.inputs.dtype
    step = training_step(network, optimizer, parameter(RATE, (), dtype))
    state = first_state(optimizer, step, {name: array.copy() for name, array in weights.items()})
    state[RATE] = np.zeros((), dtype)
    runner = make_runner(executor, optimizer, step, {"cost": step.cost}, state, rows, batch_size)
    loss = RowFunction(executor, {"loss": network.row_loss}, state)
    count = len(next(iter(rows.values())))
    some = rows
    if count > MOST_ROWS:
        few = np.sort(rng.permutation(count)[:MOST_ROWS])
        some = {name: array[few] for name, array in rows.items()}
    order: NDArray[np.intp] = np.empty(0, np.intp)
    tried: list[float] = []
    losses: list[float] = []
    for rate in rates().tolist():
        if len(order) < min(batch_size, count):
            order = rng.permutation(count)
        state[RATE][...] = rate
        runner.run(np.concatenate([order, np.zeros(count - len(order), np.intp)]), lambda: True)
        order = order[batch_size:]
        with np.errstate(all="ignore"):
            found = float(np.mean(loss(some)["loss"]))
        if not math.isfinite(found) or (losses and found > RUN_AWAY * abs(min(losses))):
            break
        tried.append(rate)
        losses.append(found)
    return RangeTest(tuple(tried), tuple(losses))
