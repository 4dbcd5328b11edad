"""Cost and optimiser become the updates of one training step, as one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, constant, parameter, topological
from mlpcli.nn.network import Network
from mlpcli.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = "step"
RATE_FACTOR = "rate_factor"
"""The scalar state that every rate is multiplied by, where the loop may change it."""
FLUSHED_BY = {"float32": 1e-30, "float64": 1e-290}
"""Adding and subtracting this turns what is below about 1e-37 (1e-306) into 0."""


@dataclass(frozen=True)
class TrainingStep:
    """What one batch does: the cost before it, and the new value of every state."""

    cost: Node
    updates: Mapping[Node, Node]
    adjustable: bool = False

    def optimizer_state(self) -> dict[str, NDArray[Any]]:
        """The slots at the start, by name: zeros. The rate's factor, where there is one: 1."""
        factor = {RATE_FACTOR: np.ones((), self.cost.dtype)} if self.adjustable else {}
        return factor | {
            state.name: np.zeros(tuple(int(size or 0) for size in state.shape), state.dtype)
            for state in self.updates
            if state.name == STEP or "/" in state.name
        }


def training_step(
    network: Network, optimizer: Optimizer, rate: Node | None = None, adjustable: bool = False
) -> TrainingStep:
    """One step of the optimiser on every parameter. Slots are named `<slot>/<parameter>`.

    rate: a scalar node instead of the optimiser's learning_rate. adjustable: the rate is multiplied by the
    state RATE_FACTOR, 1 at the start, which no step changes.
    """
    dtype = network.inputs.dtype
    parameters = [p.node for p in network.parameters]
    count = parameter(STEP, (), dtype)
    step = count + 1.0
    rate = constant(optimizer.learning_rate, dtype) if rate is None else rate
    rate = rate * parameter(RATE_FACTOR, (), dtype) if adjustable else rate
    updates: dict[Node, Node] = {}
    for node, gradient in zip(parameters, gradients(network.cost, parameters), strict=True):
        slots = {
            name: parameter(f"{name}/{node.name}", tuple(int(s or 0) for s in node.shape), dtype)
            for name in optimizer.slots()
        }
        updates[node], new_slots = optimizer.update(node, gradient, rate, step, slots)
        updates |= {slots[name]: _without_subnormals(value) for name, value in new_slots.items()}
    if count in topological(updates.values()):  # an optimiser that does not count need not
        updates[count] = step
    return TrainingStep(network.cost, updates, adjustable)


def _without_subnormals(slot: Node) -> Node:
    # Where a gradient is exactly 0 (a pixel that is never lit) a slot decays into the subnormal numbers and
    # stays at the smallest of them, and there every operation takes the processor a hundred times as long.
    tiny = FLUSHED_BY[slot.dtype]
    return (slot + tiny) - tiny
