"""Cost and optimiser become the updates of one training step, as one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, constant, parameter, topological
from mlpcli.nn.network import Network
from mlpcli.ops.elementwise import greater_equal, where
from mlpcli.optim.clipping import clipped
from mlpcli.optim.optimizer import Optimizer, StepOptimizer
from mlpcli.optim.schedule import Moment, warmed_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = "step"
"""Steps done, for Adam. In float32 it stands still at 2^24: there 1 - β^step is 1 for β up to 0.999999."""
EPOCH, BATCH = "schedule/epoch", "schedule/batch"
"""Whole epochs done and batches of the present one. Two counters, because one of all steps would stand still
at 2^24 in float32."""
MOST_COUNTED = {"float32": 1 << 24, "float64": 1 << 53}
"""Epochs, and batches of an epoch, that these can count."""
RATE_FACTOR = "rate_factor"
"""The scalar state that every rate is multiplied by, where the loop may change it."""
FLUSHED_BY = {"float32": 1e-30, "float64": 1e-290}
"""Adding and subtracting this turns what is below about 1e-37 (1e-306) into 0."""


@dataclass(frozen=True)
class TrainingLength:
    """The part of the training that a schedule depends on: its epochs (a number, or a scalar), and steps of
    one.
    """

    epochs: float | Node
    steps: int


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """One batch of a training: the cost before it, and the new value of every state.

    start: the states beside the parameters, and what each is filled with before the first step. tracked:
    scalars that are worth a column beside the cost: "learning_rate" where it changes, "clipped" (1 where the
    batch's gradient was, else 0). gradients: of the cost, by parameter.
    """

    cost: Node
    updates: Mapping[Node, Node]
    start: Mapping[Node, float] = field(default_factory=dict)
    tracked: Mapping[str, Node] = field(default_factory=dict)
    gradients: Mapping[Node, Node] = field(default_factory=dict)

    def optimizer_state(self) -> dict[str, NDArray[Any]]:
        """Return the states beside the parameters, at the start, by name."""
        return {
            state.name: np.full(tuple(int(size or 0) for size in state.shape), value, state.dtype)
            for state, value in self.start.items()
        }


def training_step(
    network: Network,
    optimizer: Optimizer,
    rate: Node | None = None,
    length: TrainingLength | None = None,
    adjustable: bool = False,
) -> TrainingStep:
    """Return one step of the optimiser on every trained parameter, with what the network updates by itself.

    Slots are named `<slot>/<parameter>`. For an optimiser that is no StepOptimizer the updates are those of
    the network alone: its runner does the rest with the gradients.

    rate: a scalar node that takes the place of the optimiser's learning_rate. length: of the training; None:
    neither schedule nor warm-up is in the step. adjustable: multiply the rate by the state RATE_FACTOR, 1 at
    the start, which no step changes. Raises ValueError where the learning rate is still to be found.
    """
    parameters = [p.node for p in network.trained]
    found = gradients(network.cost, parameters)
    buffer_updates = {state: _without_subnormals(value) for state, value in network.buffer_updates.items()}
    arrays = {p.node for p in network.arrays}  # these have first values of their own
    counters = {state: 0.0 for state in buffer_updates if state not in arrays}
    if not isinstance(optimizer, StepOptimizer):
        gradient_of = dict(zip(parameters, found, strict=True))
        return TrainingStep(cost=network.cost, updates=buffer_updates, start=counters, gradients=gradient_of)
    dtype = network.inputs.dtype
    fixed = constant(optimizer.rate, dtype) if rate is None else rate
    rate, start, updates = _changing(optimizer, fixed, length, adjustable)
    tracked = {} if rate is fixed else {"learning_rate": rate}
    smaller, happened = clipped(found, optimizer.clip_value, optimizer.clip_norm)
    if happened is not None:
        tracked["clipped"] = happened
    count = parameter(STEP, (), dtype)
    step = count + 1.0
    for p, gradient in zip(network.trained, smaller, strict=True):
        node = p.node
        slots = {}
        for name, value in optimizer.slots().items():
            slots[name] = parameter(f"{name}/{node.name}", tuple(int(s or 0) for s in node.shape), dtype)
            start[slots[name]] = value
        old = optimizer.decayed(node, rate, p.role)
        updates[node], new_slots = optimizer.update(old, gradient, rate, step, slots)
        updates |= {slots[name]: _without_subnormals(value) for name, value in new_slots.items()}
    updates |= buffer_updates
    start |= counters
    if count in topological(updates.values()):  # an optimiser that does not count need not
        updates[count], start[count] = step, 0.0
    return TrainingStep(
        cost=network.cost,
        updates=updates,
        start=start,
        tracked=tracked,
        gradients=dict(zip(parameters, found, strict=True)),
    )


def _changing(
    optimizer: StepOptimizer, rate: Node, length: TrainingLength | None, adjustable: bool
) -> tuple[Node, dict[Node, float], dict[Node, Node]]:
    """Return the rate of a step, the states it depends on with their starts, and their updates."""
    start: dict[Node, float] = {}
    updates: dict[Node, Node] = {}
    if adjustable:
        factor = parameter(RATE_FACTOR, (), rate.dtype)
        rate, start = rate * factor, {factor: 1.0}
    if length is None or (optimizer.schedule is None and not optimizer.warm_up):
        return rate, start, updates
    epoch, batch = (parameter(name, (), rate.dtype) for name in (EPOCH, BATCH))
    share = constant(1.0 / length.steps, rate.dtype)
    total = length.epochs if isinstance(length.epochs, Node) else constant(length.epochs, rate.dtype)
    scheduled = warmed_up(optimizer.schedule, optimizer.warm_up, Moment(epoch + batch * share, total, share))
    if epoch in topological([scheduled]):
        rate = rate * scheduled
        over = greater_equal(batch + 1.0, float(length.steps))
        updates = {epoch: where(over, epoch + 1.0, epoch), batch: where(over, 0.0, batch + 1.0)}
        start |= {epoch: 0.0, batch: 0.0}
    return rate, start, updates


def _without_subnormals(slot: Node) -> Node:
    # Where a gradient is exactly 0 (a pixel that is never lit) a slot decays into the subnormal numbers and
    # stays at the smallest of them, and there every operation takes the processor a hundred times as long.
    tiny = FLUSHED_BY[slot.dtype]
    return (slot + tiny) - tiny
