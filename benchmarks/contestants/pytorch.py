"""PyTorch as most write it: eager, torch.nn, torch.optim."""

from __future__ import annotations

import torch
from torch import nn

from contestants.work import BATCHES, BETA1, BETA2, EPSILON, Training, Work


class Maxout(nn.Module):
    def forward(self, z: torch.Tensor) -> torch.Tensor:
        first, second = z.chunk(2, dim=1)
        return torch.maximum(first, second)


ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "maxout": Maxout}
LOSSES = {
    "binary_cross_entropy": nn.BCEWithLogitsLoss,
    "cross_entropy": nn.CrossEntropyLoss,
    "squared_error": nn.MSELoss,
}


class Pytorch(Training):
    def __init__(self, work: Work) -> None:
        self._work = work
        self._batches = [(torch.from_numpy(x), torch.from_numpy(t)) for x, t in work.batches()]
        if work.loss == "cross_entropy":
            self._batches = [(x, t.argmax(1)) for x, t in self._batches]
        self._loss = LOSSES[work.loss]()
        layers: list[nn.Module] = []
        for fan_in, columns in work.shapes:
            layers += [nn.Linear(fan_in, columns), ACTIVATIONS[work.activation]()]
        self._network = nn.Sequential(*layers[:-1]).to(getattr(torch, work.dtype))

    def run(self, epochs: int) -> float:
        with torch.no_grad():
            for parameter, first in zip(self._network.parameters(), self._work.first_weights()):
                parameter.copy_(torch.from_numpy(first.T))
        optimizer = self._optimizer()
        for _ in range(epochs):
            total = 0.0
            for inputs, targets in self._batches:
                optimizer.zero_grad()
                cost = self._loss(self._network(inputs), targets)
                cost.backward()
                optimizer.step()
                total += cost.item()
        return total / BATCHES

    def _optimizer(self) -> torch.optim.Optimizer:
        parameters, rate = self._network.parameters(), self._work.rate
        if self._work.optimizer == "adam":
            return torch.optim.Adam(parameters, lr=rate, betas=(BETA1, BETA2), eps=EPSILON)
        return torch.optim.SGD(parameters, lr=rate)


def prepare(work: Work) -> Training:
    return Pytorch(work)
