"""Executors agree to rounding after one step: every activation × loss, in float64.

Three activations are hidden in one network, so that less has to be compiled.
"""

import numpy as np
import pytest

from mlpcli.engine import make_plan
from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Penalty
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import HIDDEN_ACTIVATIONS, network, rows
from sampling import covering, sampled

OUTPUT = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax", "poisson": "softplus"}
TARGET = {"binary_cross_entropy": "probability", "cross_entropy": "one-hot", "poisson": "count"}
# By turns, so that each activation and each loss has both; the others: tests/optim/test_law.py.
GROUPS = [tuple(HIDDEN_ACTIVATIONS[at : at + 3]) for at in range(0, len(HIDDEN_ACTIVATIONS), 3)]
CASES = [
    (names, loss, ("adam", "sgd")[(i + j) % 2])
    for i, names in enumerate(GROUPS)
    for j, loss in enumerate(LOSSES)
]
ALONG = [case for i, case in enumerate(CASES) if i // len(LOSSES) % len(LOSSES) == i % len(LOSSES)]
USUAL = covering(ALONG + CASES)
"""Each three activations with the loss that is their turn; all pairs: make test-all."""


@pytest.mark.parametrize("executor", [name for name in EXECUTORS if name != "numpy"])
@pytest.mark.parametrize(("names", "loss", "optimizer"), sampled(CASES, USUAL.__contains__))
def test_one_step(names, loss, optimizer, executor):
    output = (OUTPUT.get(loss, "linear"), 3)
    net, values = network([(name, 5) for name in names], output, loss, penalty=Penalty(0.01, 0.01))
    data = rows(net, 6, target=TARGET.get(loss, "number"))
    step = training_step(net, OPTIMIZERS[optimizer]())
    states = []
    for kind in ("numpy", executor):
        state = {k: v.copy() for k, v in values.items()} | step.optimizer_state()
        function = EXECUTORS[kind]().compile(make_plan({"cost": step.cost}, step.updates, 6), state)
        for key, array in data.items():
            function.inputs[key][...] = array
        with arithmetic():
            function.run()
        states.append({**state, "cost": function.outputs["cost"]})
    for key, array in states[0].items():
        np.testing.assert_allclose(states[1][key], array, rtol=1e-10, atol=1e-14, err_msg=key)
