"""A learning rate from a range test: one short training in which the rate grows from step to step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.execute.executor import Executor, State
from mlpcli.execute.rows import RowFunction, Rows
from mlpcli.graph.node import parameter
from mlpcli.nn.network import Network
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.step import training_step
from mlpcli.training.runner import first_state, make_runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = "learning_rate"
LOWEST, HIGHEST, A_DECADE = 1e-6, 10.0, 20
"""Rates that are tried, and how many to a factor of ten: 141 steps."""
MOST_ROWS = 256
"""Rows that the loss is looked at on: the same ones all the time, so that it needs no smoothing."""
RUN_AWAY = 4.0
"""Times the lowest loss at which the test ends, as in fastai."""
BELOW = 10.0
"""The chosen rate is that many times below the one of the lowest loss, from where the loss rises."""


@dataclass(frozen=True)
class RangeTest:
    """rates: as tried. losses: on the same rows, each after the step at this rate."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def chosen(self) -> float:
        """A tenth of the rate with the lowest loss, in two digits.

        Where the loss never falls, that is the lowest rate that was tried.
        """
        if not self.rates:  # no loss was a number: no rate will do
            return LOWEST
        lowest = min(range(len(self.rates)), key=lambda at: self.losses[at])
        return float(f"{max(self.rates[lowest] / BELOW, LOWEST):.2g}")


def rates() -> NDArray[np.float64]:
    """Evenly spaced in their logarithms."""
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
    """The test from these weights, on copies of them; without schedule and warm-up, with clipping.

    Batches are taken from the rows in an order drawn from rng, the next order where they are used up.
    It ends early where the loss has run away. Source: Smith 2017, arXiv:1506.01186, section 3.3; that the
    rate grows exponentially, and that the loss is looked at, is from fastai's lr_find.
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
