"""Final costs of SciPy's L-BFGS-B on two networks' costs: writes scipy_lbfgs.json.

Needs scipy and torch (made with 1.17.1 and 2.13.0); the tests need only the JSON. The first problem is
convex: softmax regression with an l2 penalty. The second is not: 4 tanh units before it.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import torch
from scipy.optimize import minimize

L2 = 0.01


def make(hidden):
    rng = np.random.default_rng(11)
    x = rng.normal(size=(30, 3))
    target = np.eye(3)[np.argmax(x @ rng.normal(size=(3, 3)) + rng.normal(size=(30, 3)), 1)]
    sizes = [3, *hidden, 3]
    names = [*(f"hidden{i + 1}" for i in range(len(hidden))), "output"]
    start = {}
    for name, a, b in zip(names, sizes, sizes[1:]):
        start[f"{name}.weights"] = rng.normal(size=(a, b))
        start[f"{name}.biases"] = rng.normal(size=b)
    inputs, wanted = (torch.tensor(each, dtype=torch.float64) for each in (x, target))

    def cost(flat):
        w = torch.tensor(flat, requires_grad=True)
        value, penalty, at = inputs, 0.0, 0
        for number, name in enumerate(names):
            shape = start[f"{name}.weights"].shape
            weights = w[at : at + shape[0] * shape[1]].reshape(shape)
            at += weights.numel()
            biases = w[at : at + shape[1]]
            at += biases.numel()
            value = value @ weights + biases
            if number < len(names) - 1:
                value = torch.tanh(value)
            penalty = penalty + L2 * (weights**2).sum()
        total = torch.nn.functional.cross_entropy(value, wanted) + penalty
        total.backward()
        return total.item(), w.grad.numpy()

    flat = np.concatenate([array.ravel() for array in start.values()])
    options = {"maxcor": 10, "ftol": 0.0, "gtol": 1e-9, "maxiter": 2000, "maxfun": 5000}
    found = minimize(cost, flat, jac=True, method="L-BFGS-B", options=options)
    return {
        "hidden": hidden,
        "inputs": x.tolist(),
        "target": target.tolist(),
        "l2": L2,
        "start": {name: array.tolist() for name, array in start.items()},
        "start_cost": cost(flat)[0],
        "cost": float(found.fun),
        "iterations": int(found.nit),
        "evaluations": int(found.nfev),
        "gradient": float(np.abs(found.jac).max()),
    }


if __name__ == "__main__":
    made = [make([]), make([4])]
    path = Path(__file__).with_name("scipy_lbfgs.json")
    path.write_text(json.dumps(made) + "\n")
    for each in made:
        print(
            {
                key: each[key]
                for key in ("hidden", "start_cost", "cost", "iterations", "evaluations", "gradient")
            }
        )
    print(f"scipy {scipy.__version__}, torch {torch.__version__}")
