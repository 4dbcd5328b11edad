"""PyTensor: one compiled function per step, called batch by batch; the derivatives are PyTensor's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from contestants.work import BATCHES, BETA1, BETA2, EPSILON, Training, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray


def maxout(z: Any) -> Any:
    units = z.shape[1] // 2
    return pt.maximum(z[:, :units], z[:, units:])


ACTIVATIONS = {
    "sigmoid": pt.sigmoid,
    "tanh": pt.tanh,
    "relu": lambda z: pt.maximum(z, 0),
    "maxout": maxout,
}
LOSSES = {
    "binary_cross_entropy": lambda z, t: (pt.softplus(z) - t * z).sum(1).mean(),
    "cross_entropy": lambda z, t: -(t * pt.special.log_softmax(z, 1)).sum(1).mean(),
    "squared_error": lambda z, t: ((z - t) ** 2).sum(1).mean(),
}


class PytensorByHand(Training):
    def __init__(self, work: Work) -> None:
        # Constants take the type of what they meet, instead of turning float32 into float64.
        number = np.dtype(work.dtype).type
        self._batches = work.batches()
        self._first: list[tuple[Any, NDArray[Any]]] = []

        def shared(value: NDArray[Any]) -> Any:
            variable = pytensor.shared(value.copy())
            self._first.append((variable, value))
            return variable

        weights = [shared(array) for array in work.first_weights()]
        inputs, targets = (pt.matrix(name, dtype=work.dtype) for name in ("inputs", "targets"))
        value = inputs
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            value = ACTIVATIONS[work.activation](value @ w + b)
        cost = LOSSES[work.loss](value @ weights[-2] + weights[-1], targets)
        gradients = pytensor.grad(cost, weights)
        rate = number(work.rate)
        if work.optimizer == "adam":
            count = shared(np.zeros((), work.dtype))
            step = count + number(1)
            root = pt.sqrt(number(1) - number(BETA2) ** step)
            rate = rate * root / (number(1) - number(BETA1) ** step)
            updates = {count: step}
            for w, g in zip(weights, gradients):
                mean, square = (shared(np.zeros_like(w.get_value())) for _ in range(2))
                updates[mean] = number(BETA1) * mean + number(1 - BETA1) * g
                updates[square] = number(BETA2) * square + number(1 - BETA2) * g * g
                updates[w] = w - rate * updates[mean] / (pt.sqrt(updates[square]) + number(EPSILON) * root)
        else:
            updates = {w: w - rate * g for w, g in zip(weights, gradients)}
        self._step = pytensor.function([inputs, targets], cost, updates=updates)
        self._step.trust_input = True  # the arrays are of the right type: not checked at every call

    def run(self, epochs: int) -> float:
        for variable, value in self._first:
            variable.set_value(value)
        for _ in range(epochs):
            total = 0.0
            for inputs, targets in self._batches:
                total += float(self._step(inputs, targets))
        return total / BATCHES


def prepare(work: Work) -> Training:
    return PytensorByHand(work)
