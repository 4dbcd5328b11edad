"""Values and gradients of whole networks equal an independent library's (tests/oracles)."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlpcli.config.schema import HiddenConfig, NetworkConfig
from mlpcli.engine import compute, gradients
from mlpcli.execute import EXECUTORS
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Penalty, build_network

NETWORKS = json.loads((Path(__file__).parent.parent / "oracles" / "torch_networks.json").read_text())


def made(name):
    return ACTIVATIONS[name](slope=1 / 6) if name == "hard_sigmoid" else ACTIVATIONS[name]()


CASES = [
    pytest.param(
        case,
        executor,
        id="-".join([*(h[0] for h in case["hidden"]), case["output"][0], executor]),
        # Every seventh network in machine code; all of them: make test-all. Executors agree after a step of
        # any activation and any loss, tests/execute/test_agreement.py.
        marks=[pytest.mark.full] if executor != "numpy" and at % 7 else [],
    )
    for at, case in enumerate(NETWORKS)
    for executor in EXECUTORS
]


@pytest.mark.parametrize(("case", "executor"), CASES)
def test_equal_to_torch(case, executor):
    config = NetworkConfig(tuple(HiddenConfig(units=u, activation=made(a)) for a, u in case["hidden"]))
    head = Head(case["output"][1], made(case["output"][0]), LOSSES[case["loss"]](), case["loss"])
    width = len(case["inputs"][0])
    net = build_network(config, head, width, "float64", Penalty(case["l1"], case["l2"]))
    nodes = [p.node for p in net.parameters]
    assert {n.name for n in nodes} == set(case["parameters"])
    outputs = {"prediction": net.prediction, "cost": net.cost}
    outputs |= {n.name: g for n, g in zip(nodes, gradients(net.cost, nodes))}
    rows = {"inputs": case["inputs"], "target": case["target"]}
    found = compute(outputs, case["parameters"], rows, EXECUTORS[executor]())
    expected = {"prediction": case["prediction"], "cost": case["cost"], **case["gradients"]}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-10, atol=1e-13, err_msg=name)
