"""Twenty steps of every optimiser, and the rates of every schedule, by PyTorch in float64: writes
torch_optimizers.json. The line search of lbfgs is compared with SciPy's: make_scipy_lbfgs.py.

Needs torch (made with 2.13.0); the tests need only the JSON.

What is minimised: the cross-entropy of a network with 4 inputs, 3 tanh and 3 softmax units on 6 rows. Every
case gives our settings, and the parameters after each step of PyTorch's with the same meaning.
"""

import json
from pathlib import Path

import numpy as np
import torch

STEPS = 20
CLIPS = [
    # our settings, how PyTorch does the same: the value first, then the norm of all
    {"clip_norm": 0.4},
    {"clip_value": 0.1},
    {"clip_value": 0.1, "clip_norm": 0.3},
    {"clip_norm": 1e3},
]
EPOCHS, STEPS_AN_EPOCH = 12, 5


def problem():
    rng = np.random.default_rng(5)
    shapes = {
        "hidden1.weights": (4, 3),
        "hidden1.biases": (3,),
        "output.weights": (3, 3),
        "output.biases": (3,),
    }
    return {
        "inputs": rng.normal(size=(6, 4)).tolist(),
        "target": np.eye(3)[rng.integers(0, 3, 6)].tolist(),
        "parameters": {name: rng.normal(size=shape).tolist() for name, shape in shapes.items()},
    }


def cost_of(given, parameters):
    x, target = (torch.tensor(given[name], dtype=torch.float64) for name in ("inputs", "target"))
    w, b, v, c = parameters
    return torch.nn.functional.cross_entropy(torch.tanh(x @ w + b) @ v + c, target)


def adamw(parameters, weight_decay, **settings):
    """PyTorch's decays whatever it is given: ours decays matrices alone."""
    matrices = [p for p in parameters if p.ndim == 2]
    rest = [p for p in parameters if p.ndim != 2]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, **settings)


CASES = [
    # optimiser, our settings, PyTorch's class, its settings
    ("sgd", {"learning_rate": 0.02}, torch.optim.SGD, {"lr": 0.02}),
    ("sgd", {"learning_rate": 0.02, "momentum": 0.9}, torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    (
        "sgd",
        {"learning_rate": 0.02, "momentum": 0.8, "nesterov": True},
        torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.8, "nesterov": True},
    ),
    ("adam", {"learning_rate": 0.05}, torch.optim.Adam, {"lr": 0.05}),
    (
        "adam",
        {"learning_rate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
        torch.optim.Adam,
        {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3},
    ),
    (
        "adamw",
        {"learning_rate": 0.05, "weight_decay": 0.3},
        adamw,
        {"lr": 0.05, "weight_decay": 0.3},
    ),
    ("rmsprop", {"learning_rate": 0.03}, torch.optim.RMSprop, {"lr": 0.03, "alpha": 0.9}),
    (
        "rmsprop",
        {"learning_rate": 0.03, "rho": 0.8, "centered": True},
        torch.optim.RMSprop,
        {"lr": 0.03, "alpha": 0.8, "centered": True},
    ),
    (
        "rmsprop",
        {"learning_rate": 0.03, "momentum": 0.7},
        torch.optim.RMSprop,
        {"lr": 0.03, "alpha": 0.9, "momentum": 0.7},
    ),
    (
        "rmsprop",
        {"learning_rate": 0.03, "rho": 0.95, "momentum": 0.5, "centered": True, "epsilon": 1e-4},
        torch.optim.RMSprop,
        {"lr": 0.03, "alpha": 0.95, "momentum": 0.5, "centered": True, "eps": 1e-4},
    ),
    ("adagrad", {"learning_rate": 0.2}, torch.optim.Adagrad, {"lr": 0.2}),
    (
        "adagrad",
        {"learning_rate": 0.2, "initial_accumulator": 0.5, "epsilon": 1e-5},
        torch.optim.Adagrad,
        {"lr": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-5},
    ),
    ("adadelta", {}, torch.optim.Adadelta, {}),
    (
        "adadelta",
        {"learning_rate": 0.5, "rho": 0.8, "epsilon": 1e-3},
        torch.optim.Adadelta,
        {"lr": 0.5, "rho": 0.8, "eps": 1e-3},
    ),
    ("rprop", {}, torch.optim.Rprop, {}),
    (
        # Ours are multiples of the rate, PyTorch's are lengths.
        "rprop",
        {"learning_rate": 0.05, "increase": 1.5, "decrease": 0.4, "smallest": 0.5, "largest": 4.0},
        torch.optim.Rprop,
        {"lr": 0.05, "etas": (0.4, 1.5), "step_sizes": (0.025, 0.2)},
    ),
]


def steps(given, make, clip=None):
    parameters = [
        torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in given["parameters"].values()
    ]
    optimizer = make(parameters)
    costs, norms, after = [], [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        cost = cost_of(given, parameters)
        cost.backward()
        whole = torch.cat([p.grad.reshape(-1) for p in parameters])
        happened = False
        if clip and "clip_value" in clip:
            happened = whole.abs().max().item() > clip["clip_value"]
            torch.nn.utils.clip_grad_value_(parameters, clip["clip_value"])
        if clip and "clip_norm" in clip:
            # clip_grad_norm_ divides by ‖g‖ + 1e-6; ours divides by ‖g‖.
            norm = torch.linalg.vector_norm(torch.cat([p.grad.reshape(-1) for p in parameters]))
            happened = happened or norm.item() > clip["clip_norm"]
            for p in parameters:
                p.grad.mul_(torch.clamp(clip["clip_norm"] / norm, max=1.0))
        optimizer.step()
        costs.append(cost.item())
        norms.append(float(happened))
        after.append([w for p in parameters for w in p.detach().reshape(-1).tolist()])
    return {"costs": costs, "after": after, **({"clipped": norms} if clip else {})}


def rates(make, each_step, warm_up=0):
    """The factor of every step: PyTorch's schedules move on after a step or after an epoch."""
    w = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0)
    schedule = make(optimizer)
    found = []
    for step in range(EPOCHS * STEPS_AN_EPOCH):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if each_step or (step + 1) % STEPS_AN_EPOCH == 0:
            schedule.step()
    return found


def schedules():
    lr = torch.optim.lr_scheduler
    n = STEPS_AN_EPOCH
    whole = EPOCHS * n
    warm = 3 * n

    def warmed(optimizer):
        rise = lr.LinearLR(optimizer, 1.0 / warm, 1.0, total_iters=warm - 1)
        fall = lr.CosineAnnealingLR(optimizer, whole - warm)
        return lr.SequentialLR(optimizer, [rise, fall], [warm])

    return [
        {"schedule": name, "settings": settings, "warm_up": warm_up, "rates": rates(make, each)}
        for name, settings, warm_up, make, each in [
            ("constant", {}, 0, lambda o: lr.ConstantLR(o, 1.0, 1), True),
            ("step", {"every": 4, "factor": 0.3}, 0, lambda o: lr.StepLR(o, 4, 0.3), False),
            ("exponential", {"factor": 0.8}, 0, lambda o: lr.ExponentialLR(o, 0.8 ** (1 / n)), True),
            (
                "inverse_scaling",
                {"power": 0.7, "every": 2},
                0,
                lambda o: lr.LambdaLR(o, lambda step: (1 + step / n / 2) ** -0.7),
                True,
            ),
            ("cosine", {}, 0, lambda o: lr.CosineAnnealingLR(o, whole), True),
            ("cosine", {"final": 0.1}, 0, lambda o: lr.CosineAnnealingLR(o, whole, 0.1), True),
            (
                "one_cycle",
                {},
                0,
                lambda o: lr.OneCycleLR(o, 1.0, total_steps=whole, cycle_momentum=False),
                True,
            ),
            (
                "one_cycle",
                {"peak": 0.4, "start": 0.1, "final": 0.001},
                0,
                lambda o: lr.OneCycleLR(
                    o,
                    1.0,
                    total_steps=whole,
                    pct_start=0.4,
                    div_factor=10,
                    final_div_factor=100,
                    cycle_momentum=False,
                ),
                True,
            ),
            ("cosine", {}, 3, warmed, True),
        ]
    ]


def plateau():
    """The factor after each epoch for a sequence of costs. PyTorch waits for one epoch more than patience."""
    rng = np.random.default_rng(8)
    costs = (np.linspace(3, 1, 60) ** 2 + rng.normal(0, 0.6, 60)).round(3).tolist()
    found = []
    for ours in [
        {"factor": 0.5, "patience": 4},
        {"factor": 0.3, "patience": 3, "cooldown": 5, "minimum": 0.05},
        {"factor": 0.5, "patience": 2, "min_delta": 0.5},
    ]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            factor=ours["factor"],
            patience=ours["patience"] - 1,
            threshold=ours.get("min_delta", 0.0),
            threshold_mode="abs",
            cooldown=ours.get("cooldown", 0),
            min_lr=ours.get("minimum", 0.0),
            eps=0.0,
        )
        factors = []
        for cost in costs:
            schedule.step(cost)
            factors.append(optimizer.param_groups[0]["lr"])
        found.append({"settings": ours, "costs": costs, "factors": factors})
    return found


if __name__ == "__main__":
    given = problem()
    made = {
        "problem": given,
        "epochs": EPOCHS,
        "steps_an_epoch": STEPS_AN_EPOCH,
        "optimizers": [
            {"optimizer": name, "settings": ours, **steps(given, lambda p, k=kind, t=theirs: k(p, **t))}
            for name, ours, kind, theirs in CASES
        ],
        "clips": [
            {"settings": clip, **steps(given, lambda p: torch.optim.SGD(p, lr=0.5), clip)} for clip in CLIPS
        ],
        "schedules": schedules(),
        "plateau": plateau(),
    }
    path = Path(__file__).with_name("torch_optimizers.json")
    path.write_text(json.dumps(made) + "\n")
    print(f"{path.name}: {len(CASES)} optimisers, torch {torch.__version__}")
