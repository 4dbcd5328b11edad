"""Losses of rows, their weighted mean and its gradient by PyTorch in float64: writes loss_values.json.

Needs torch (made with 2.13.0); the test needs only the JSON.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

rng = np.random.default_rng(11)
OUTPUTS = {
    "linear": lambda z: z,
    "softplus": lambda z: F.softplus(z, threshold=1000),
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: torch.softmax(z, 1),
}


def smoothed_binary(z, t, share):
    """Keras's BinaryCrossEntropy(label_smoothing=share), by PyTorch's loss of logits."""
    return F.binary_cross_entropy_with_logits(z, t * (1 - share) + 0.5 * share, reduction="none").sum(1)


def smoothed(z, t, share):
    return F.cross_entropy(z, t.argmax(1), label_smoothing=share, reduction="none")


def row_losses(loss, settings, z, y, t):
    share = settings.get("label_smoothing", 0.0)
    if loss == "huber":
        return F.huber_loss(y, t, reduction="none", delta=settings.get("delta", 1.0)).sum(1)
    if loss == "absolute_error":
        return F.l1_loss(y, t, reduction="none").sum(1)
    if loss == "poisson":
        return F.poisson_nll_loss(y, t, log_input=False, full=False, eps=0.0, reduction="none").sum(1)
    return (smoothed if loss == "cross_entropy" else smoothed_binary)(z, t, share)


def case(loss, output, settings, units, target):
    z = torch.tensor(3 * rng.normal(size=(7, units)), requires_grad=True)
    if target == "number":
        t = torch.tensor(rng.normal(size=(7, units)))
        t[0] = z.detach()[0]  # no error at all
    elif target == "count":
        t = torch.tensor(rng.poisson(2.0, size=(7, units)).astype(float))
    elif target == "label":
        t = torch.tensor(rng.integers(0, 2, (7, units)).astype(float))
    else:
        t = torch.tensor(np.eye(units)[rng.integers(0, units, 7)])
    weights = torch.tensor(rng.uniform(0, 3, 7))
    weights[3] = 0.0
    each = row_losses(loss, settings, z, OUTPUTS[output](z), t)
    cost = (weights * each).sum() / weights.sum()
    cost.backward()
    return {
        "loss": loss,
        "output": output,
        "settings": settings,
        "z": z.tolist(),
        "target": t.tolist(),
        "weights": weights.tolist(),
        "row_loss": each.tolist(),
        "cost": cost.item(),
        "gradient": z.grad.tolist(),
    }


CASES = [
    case("absolute_error", "linear", {}, 2, "number"),
    case("huber", "linear", {}, 2, "number"),
    case("huber", "linear", {"delta": 0.3}, 2, "number"),
    case("poisson", "softplus", {}, 2, "count"),
    case("cross_entropy", "softmax", {}, 4, "one-hot"),
    case("cross_entropy", "softmax", {"label_smoothing": 0.1}, 4, "one-hot"),
    case("cross_entropy", "softmax", {"label_smoothing": 0.5}, 2, "one-hot"),
    case("binary_cross_entropy", "sigmoid", {}, 3, "label"),
    case("binary_cross_entropy", "sigmoid", {"label_smoothing": 0.1}, 1, "label"),
    case("binary_cross_entropy", "sigmoid", {"label_smoothing": 0.3}, 3, "label"),
]
(Path(__file__).parent / "loss_values.json").write_text(json.dumps(CASES, indent=0) + "\n")
