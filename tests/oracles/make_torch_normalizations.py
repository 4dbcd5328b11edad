"""Batch and layer normalisation by PyTorch in float64: writes torch_normalizations.json.

A hidden layer of 4 tanh units, normalised before the activation, and 2 linear outputs; the loss is the mean
over rows of the summed squares. The weights stay; three batches pass, and the running averages follow them.
Needs torch (made with 2.13.0); the tests need only the JSON.
"""

import json
from pathlib import Path

import torch

T = torch.float64
BATCHES = (5, 3, 2)
CASES = {
    "batch": (1e-5, 0.1),  # PyTorch's own settings; its momentum is 1 - ours
    "batch with settings": (1e-2, 0.3),
    "layer": (1e-5, None),
    "layer with settings": (0.05, None),
}


def numbers(tensor):
    return tensor.detach().tolist()


def case(name, epsilon, momentum):
    torch.manual_seed(0)
    inputs, target = torch.randn(sum(BATCHES), 3, dtype=T) * 2 + 1, torch.randn(sum(BATCHES), 2, dtype=T)
    first = torch.nn.Linear(3, 4, bias=False, dtype=T)
    norm = (
        torch.nn.LayerNorm(4, eps=epsilon, dtype=T)
        if momentum is None
        else torch.nn.BatchNorm1d(4, eps=epsilon, momentum=momentum, dtype=T)
    )
    last = torch.nn.Linear(4, 2, dtype=T)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.uniform_(-0.5, 0.5)
    net = torch.nn.Sequential(first, norm, torch.nn.Tanh(), last)
    steps = []
    start = 0
    for size in BATCHES:
        rows = slice(start, start + size)
        start += size
        net.zero_grad()
        loss = ((net(inputs[rows]) - target[rows]) ** 2).sum(1).mean()
        loss.backward()
        running = (
            {}
            if momentum is None
            else {
                "hidden1.running_mean": numbers(norm.running_mean),
                "hidden1.running_variance": numbers(norm.running_var),
            }
        )
        gradients = {
            "hidden1.weights": numbers(first.weight.grad.T),
            "hidden1.shift": numbers(norm.bias.grad),
            "hidden1.scale": numbers(norm.weight.grad),
            "output.weights": numbers(last.weight.grad.T),
            "output.biases": numbers(last.bias.grad),
        }
        steps.append({"rows": size, "loss": loss.item(), "gradients": gradients, "running": running})
    net.eval()
    return {
        "name": name.split()[0],
        "epsilon": epsilon,
        "momentum": None if momentum is None else 1.0 - momentum,
        "inputs": numbers(inputs),
        "target": numbers(target),
        "parameters": {
            "hidden1.weights": numbers(first.weight.T),
            "hidden1.shift": numbers(norm.bias),
            "hidden1.scale": numbers(norm.weight),
            "output.weights": numbers(last.weight.T),
            "output.biases": numbers(last.bias),
        },
        "steps": steps,
        "prediction": numbers(net(inputs)),
    }


if __name__ == "__main__":
    cases = {name: case(name, *settings) for name, settings in CASES.items()}
    path = Path(__file__).with_name("torch_normalizations.json")
    path.write_text(json.dumps(cases, indent=1) + "\n")
