"""Values and gradients of small networks by PyTorch in float64: writes torch_networks.json.

Needs torch (made with 2.13.0); the tests need only the JSON.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

T = torch.float64
ACTIVATIONS = {
    "sigmoid": lambda x, p: torch.sigmoid(x),
    "hard_sigmoid": lambda x, p: torch.clamp(x / 6 + 0.5, 0, 1),  # F.hardsigmoid rounds 1/6 to float32
    "tanh": lambda x, p: torch.tanh(x),
    "hard_tanh": lambda x, p: F.hardtanh(x),
    "relu": lambda x, p: F.relu(x),
    "leaky_relu": lambda x, p: F.leaky_relu(x, 0.01),
    "prelu": lambda x, p: F.prelu(x, p),
    "maxout": lambda x, p: torch.maximum(*x.split(x.shape[1] // 2, dim=1)),
    "linear": lambda x, p: x,
    "softmax": lambda x, p: torch.softmax(x, 1),
    "softplus": lambda x, p: F.softplus(x, threshold=1000),
    "softsign": lambda x, p: F.softsign(x),
    "elu": lambda x, p: F.elu(x),
    "selu": lambda x, p: F.selu(x),
    "gelu": lambda x, p: F.gelu(x),
    "silu": lambda x, p: F.silu(x),
    "mish": lambda x, p: F.mish(x),
}


def mean_of_sums(values):
    return values.sum(1).mean()


LOSSES = {
    "squared_error": lambda z, y, t: mean_of_sums((y - t) ** 2),
    "absolute_error": lambda z, y, t: mean_of_sums((y - t).abs()),
    "huber": lambda z, y, t: mean_of_sums(F.huber_loss(y, t, reduction="none")),
    "binary_cross_entropy": lambda z, y, t: mean_of_sums(
        F.binary_cross_entropy_with_logits(z, t, reduction="none")
    ),
    "cross_entropy": lambda z, y, t: F.cross_entropy(z, t),
    "poisson": lambda z, y, t: mean_of_sums(
        F.poisson_nll_loss(y, t, log_input=False, full=False, eps=0, reduction="none")
    ),
}
NETWORKS = [
    # hidden layers, output, loss, kind of target, l1, l2
    ([("sigmoid", 3)], ("sigmoid", 1), "binary_cross_entropy", "probability", 0.0, 0.0),
    ([("tanh", 5)], ("softmax", 3), "cross_entropy", "one-hot", 0.0, 1e-2),
    ([("relu", 6), ("relu", 4)], ("linear", 2), "squared_error", "number", 1e-3, 0.0),
    ([("leaky_relu", 4), ("elu", 4)], ("linear", 1), "huber", "number", 0.0, 0.0),
    ([("prelu", 5)], ("softmax", 4), "cross_entropy", "one-hot", 0.0, 0.0),
    ([("maxout", 4)], ("sigmoid", 3), "binary_cross_entropy", "probability", 0.0, 1e-3),
    ([("softplus", 4), ("softsign", 3)], ("linear", 2), "absolute_error", "number", 0.0, 0.0),
    ([("selu", 6)], ("softplus", 2), "poisson", "count", 0.0, 0.0),
    ([("gelu", 5), ("silu", 5)], ("linear", 1), "squared_error", "number", 1e-2, 1e-2),
    ([("mish", 4)], ("sigmoid", 2), "squared_error", "probability", 0.0, 0.0),
    ([("hard_tanh", 6)], ("tanh", 2), "squared_error", "number", 0.0, 0.0),
    ([("hard_sigmoid", 6)], ("softmax", 2), "cross_entropy", "one-hot", 0.0, 0.0),
    ([("tanh", 4), ("tanh", 4), ("tanh", 4)], ("softmax", 3), "cross_entropy", "one-hot", 0.0, 0.0),
    ([], ("softmax", 3), "cross_entropy", "one-hot", 0.0, 0.0),
]


def make(number, hidden, output, loss, target_kind, l1, l2):
    rng = np.random.default_rng(100 + number)
    rows, width = 7, 4
    x = rng.normal(size=(rows, width))
    units = output[1]
    t = {
        "probability": lambda: rng.uniform(0.05, 0.95, (rows, units)),
        "one-hot": lambda: np.eye(units)[rng.integers(0, units, rows)],
        "number": lambda: rng.normal(size=(rows, units)),
        "count": lambda: rng.poisson(2.0, (rows, units)).astype(float),
    }[target_kind]()
    parameters, penalised = {}, []
    value, z = torch.tensor(x, dtype=T), None
    names = [f"hidden{i + 1}" for i in range(len(hidden))] + ["output"]
    for name, (activation, size) in zip(names, [*hidden, output]):
        columns = size * 2 if activation == "maxout" else size
        fan_in = value.shape[1]
        w = torch.tensor(rng.normal(0, 1 / np.sqrt(fan_in), (fan_in, columns)), dtype=T, requires_grad=True)
        b = torch.tensor(rng.normal(0, 0.3, columns), dtype=T, requires_grad=True)
        parameters[f"{name}.weights"], parameters[f"{name}.biases"] = w, b
        penalised.append(w)
        p = None
        if activation == "prelu":
            p = torch.tensor(rng.uniform(0.1, 0.4, size), dtype=T, requires_grad=True)
            parameters[f"{name}.leak"] = p
        z = value @ w + b
        value = ACTIVATIONS[activation](z, p)
    target = torch.tensor(t, dtype=T)
    data_loss = LOSSES[loss](z, value, target)
    cost = data_loss + l1 * sum(w.abs().sum() for w in penalised) + l2 * sum((w**2).sum() for w in penalised)
    cost.backward()
    return {
        "hidden": hidden,
        "output": output,
        "loss": loss,
        "l1": l1,
        "l2": l2,
        "inputs": x.tolist(),
        "target": t.tolist(),
        "parameters": {k: v.detach().tolist() for k, v in parameters.items()},
        "prediction": value.detach().tolist(),
        "cost": cost.item(),
        "gradients": {k: v.grad.tolist() for k, v in parameters.items()},
    }


if __name__ == "__main__":
    networks = [make(i, *spec) for i, spec in enumerate(NETWORKS)]
    path = Path(__file__).with_name("torch_networks.json")
    path.write_text(json.dumps(networks) + "\n")
    print(f"{path.name}: {len(networks)} networks, torch {torch.__version__}")
