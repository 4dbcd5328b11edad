"""JAX: one compiled call for all epochs, a scan over the batches of each; the derivatives are JAX's own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from contestants.work import BATCHES, BETA1, BETA2, EPSILON, Training, Work

jax.config.update("jax_enable_x64", True)  # without it float64 would silently be float32

Arrays = list[Any]


def maxout(z: Any) -> Any:
    return jnp.maximum(*jnp.split(z, 2, axis=1))


ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu, "maxout": maxout}

LOSSES = {
    "binary_cross_entropy": lambda z, t: (jax.nn.softplus(z) - t * z).sum(1).mean(),
    "cross_entropy": lambda z, t: -(t * jax.nn.log_softmax(z)).sum(1).mean(),
    "squared_error": lambda z, t: ((z - t) ** 2).sum(1).mean(),
}


class JaxScan(Training):
    def __init__(self, work: Work) -> None:
        self._work = work
        inputs, targets = (jnp.asarray(array).reshape(BATCHES, work.batch, -1) for array in work.rows())
        self._batches = inputs, targets
        self._weights = [jnp.asarray(array) for array in work.first_weights()]
        self._train = jax.jit(self._epochs)

    def run(self, epochs: int) -> float:
        return float(self._train(self._weights, self._batches, epochs))

    def _epochs(self, weights: Arrays, batches: Any, count: Any) -> Any:
        zeros = [jnp.zeros_like(w) for w in weights]
        zero = jnp.zeros((), self._work.dtype)
        start = (weights, (zeros, zeros, zero) if self._work.optimizer == "adam" else ())

        def epoch(_: Any, carried: Any) -> Any:
            state, costs = lax.scan(self._step, carried[0], batches)
            return state, costs.mean()

        # The number of epochs is an argument, so that another number does not compile again.
        return lax.fori_loop(0, count, epoch, (start, zero))[1]

    def _cost(self, weights: Arrays, x: Any, t: Any) -> Any:
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            x = ACTIVATIONS[self._work.activation](x @ w + b)
        return LOSSES[self._work.loss](x @ weights[-2] + weights[-1], t)

    def _step(self, state: Any, batch: Any) -> Any:
        weights, slots = state
        cost, gradients = jax.value_and_grad(self._cost)(weights, *batch)
        if self._work.optimizer == "adam":
            weights, slots = self._adam(weights, gradients, *slots)
        else:
            weights = [w - self._work.rate * g for w, g in zip(weights, gradients)]
        return (weights, slots), cost

    def _adam(self, weights: Arrays, gradients: Arrays, means: Arrays, squares: Arrays, step: Any) -> Any:
        step = step + 1
        means = [BETA1 * m + (1 - BETA1) * g for m, g in zip(means, gradients)]
        squares = [BETA2 * v + (1 - BETA2) * g * g for v, g in zip(squares, gradients)]
        root = jnp.sqrt(1 - BETA2**step)
        rate = self._work.rate * root / (1 - BETA1**step)
        moved = [w - rate * m / (jnp.sqrt(v) + EPSILON * root) for w, m, v in zip(weights, means, squares)]
        return moved, (means, squares, step)


def prepare(work: Work) -> Training:
    return JaxScan(work)
