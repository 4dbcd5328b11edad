"""A training loop in plain NumPy, its derivatives worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from contestants.work import BATCHES, BETA1, BETA2, EPSILON, Training, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    p: Array = 1 / (1 + np.exp(-z))
    return p


def maxout(z: Array) -> Array:
    first, second = np.split(z, 2, axis=1)
    larger: Array = np.maximum(first, second)
    return larger


def maxout_derivative(d: Array, z: Array, y: Array) -> Array:
    first, second = np.split(z, 2, axis=1)
    takes_first = first >= second
    return np.hstack([d * takes_first, d * ~takes_first])


ACTIVATIONS: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "sigmoid": (sigmoid, lambda d, z, y: d * y * (1 - y)),
    "tanh": (np.tanh, lambda d, z, y: d * (1 - y * y)),
    "relu": (lambda z: np.maximum(z, 0), lambda d, z, y: d * (z > 0)),
    "maxout": (maxout, maxout_derivative),
}
"""Name -> y of z, and the gradient of z from that of y."""


def binary_cross_entropy(z: Array, t: Array) -> tuple[Array, Array]:
    p = sigmoid(z)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(1).mean(), (p - t) / len(t)


def cross_entropy(z: Array, t: Array) -> tuple[Array, Array]:
    powers = np.exp(z - z.max(1, keepdims=True))
    p = powers / powers.sum(1, keepdims=True)
    return -np.log((p * t).sum(1)).mean(), (p - t) / len(t)


def squared_error(z: Array, t: Array) -> tuple[Array, Array]:
    error = z - t
    return (error * error).sum(1).mean(), error * (2 / len(t))


LOSSES = {
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
}
"""Name -> the cost of a batch and its gradient, from what the last layer has before its activation."""


class Sgd:
    def __init__(self, work: Work, weights: list[Array]) -> None:
        self._rate = work.rate

    def update(self, weights: list[Array], gradients: list[Array]) -> None:
        for w, g in zip(weights, gradients):
            w -= self._rate * g


class Adam:
    def __init__(self, work: Work, weights: list[Array]) -> None:
        self._rate, self._step = work.rate, 0
        self._means = [np.zeros_like(w) for w in weights]
        self._squares = [np.zeros_like(w) for w in weights]

    def update(self, weights: list[Array], gradients: list[Array]) -> None:
        self._step += 1
        root = (1 - BETA2**self._step) ** 0.5
        rate = self._rate * root / (1 - BETA1**self._step)
        for w, g, m, v in zip(weights, gradients, self._means, self._squares):
            m += (1 - BETA1) * (g - m)
            v += (1 - BETA2) * (g * g - v)
            w -= rate * m / (np.sqrt(v) + EPSILON * root)


OPTIMIZERS: dict[str, type[Sgd] | type[Adam]] = {"sgd": Sgd, "adam": Adam}


class NumpyByHand(Training):
    def __init__(self, work: Work) -> None:
        self._work = work
        self._batches = work.batches()
        self._activation, self._derivative = ACTIVATIONS[work.activation]
        self._loss = LOSSES[work.loss]

    def run(self, epochs: int) -> float:
        weights = self._work.first_weights()
        optimizer = OPTIMIZERS[self._work.optimizer](self._work, weights)
        for _ in range(epochs):
            total = 0.0
            for x, t in self._batches:
                cost, gradients = self._cost_and_gradients(weights, x, t)
                optimizer.update(weights, gradients)
                total += float(cost)
        return total / BATCHES

    def _cost_and_gradients(self, weights: list[Array], x: Array, t: Array) -> tuple[Array, list[Array]]:
        values, before = [x], []
        for w, b in zip(weights[:-2:2], weights[1:-2:2]):
            before.append(values[-1] @ w + b)
            values.append(self._activation(before[-1]))
        cost, d = self._loss(values[-1] @ weights[-2] + weights[-1], t)
        gradients = [values[-1].T @ d, d.sum(0)]
        for layer in reversed(range(len(before))):
            d = self._derivative(d @ weights[2 * layer + 2].T, before[layer], values[layer + 1])
            gradients = [values[layer].T @ d, d.sum(0), *gradients]
        return cost, gradients


def prepare(work: Work) -> Training:
    return NumpyByHand(work)
