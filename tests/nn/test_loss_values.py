"""Losses, their weighted mean and its gradient equal PyTorch's (tests/oracles/loss_values.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlpcli.engine import compute, gradients, placeholder, reduce_sum, use_logit_forms
from mlpcli.execute import EXECUTORS
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES

CASES = json.loads((Path(__file__).parent.parent / "oracles" / "loss_values.json").read_text())
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


FIRST = {case["loss"]: at for at, case in reversed(list(enumerate(CASES)))}


def called(case):
    return "-".join([case["loss"], *map(str, case["settings"].values())])


def marks(at, case, executor, dtype):
    """NumPy has every case in both types; machine code the first of each loss, in a type by turns."""
    usual = at == FIRST[case["loss"]] and (list(FIRST).index(case["loss"]) + (dtype == "float32")) % 2 == 0
    return [] if executor == "numpy" or usual else [pytest.mark.full]


PRODUCT = [
    pytest.param(
        case,
        executor,
        dtype,
        id="-".join([called(case), executor, dtype]),
        marks=marks(at, case, executor, dtype),
    )
    for at, case in enumerate(CASES)
    for executor in EXECUTORS
    for dtype in TOLERANCE
]


@pytest.mark.parametrize(("case", "executor", "dtype"), PRODUCT)
def test_equal_to_torch(case, executor, dtype):
    units = len(case["z"][0])
    z, target = (placeholder(name, (None, units), dtype) for name in ("z", "target"))
    weights = placeholder("weights", (None,), dtype)
    prediction = ACTIVATIONS[case["output"]]()(z)
    row_loss = use_logit_forms(LOSSES[case["loss"]](**case["settings"]).per_row(prediction, target))
    cost = reduce_sum(weights * row_loss) / reduce_sum(weights)
    outputs = {"row_loss": row_loss, "cost": cost, "gradient": gradients(cost, [z])[0]}
    rows = {name: case[name] for name in ("z", "target", "weights")}
    found = compute(outputs, {}, rows, EXECUTORS[executor]())
    for name, value in found.items():
        assert value.dtype == dtype
        np.testing.assert_allclose(
            value, case[name], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype], err_msg=name
        )


@pytest.mark.parametrize(
    ("loss", "output"), [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")]
)
def test_smoothed_losses_keep_their_logit_forms(loss, output):
    z, target = (placeholder(name, (None, 2), "float64") for name in ("z", "target"))
    row_loss = LOSSES[loss](label_smoothing=0.1).per_row(ACTIVATIONS[output]()(z), target)
    outputs = {"loss": use_logit_forms(row_loss)}
    outputs["gradient"] = gradients(reduce_sum(outputs["loss"]), [z])[0]
    found = compute(outputs, {}, {"z": [[-2000.0, 2000.0]], "target": [[0.0, 1.0]]})
    # 0.05 of the label lies at what has a probability of e^-4000 (of e^-2000, for each of two sigmoids).
    assert found["loss"] == pytest.approx([200.0])
    np.testing.assert_allclose(found["gradient"], [[-0.05, 0.05]], rtol=1e-12)


def test_a_target_is_aimed_at_where_the_loss_is_least():
    loss = LOSSES["cross_entropy"](label_smoothing=0.2)
    np.testing.assert_allclose(
        loss.optimal_prediction(np.array([[0.0, 1.0, 0.0, 0.0]])), [[0.05, 0.85, 0.05, 0.05]]
    )
    np.testing.assert_allclose(
        LOSSES["binary_cross_entropy"](label_smoothing=0.2).optimal_prediction(np.array([[0.0, 1.0, 1.0]])),
        [[0.1, 0.9, 0.9]],
    )
    target = np.array([[3.0]])
    assert LOSSES["huber"]().optimal_prediction(target) is target
    assert LOSSES["cross_entropy"]().optimal_prediction(target) is target
