"""The rate of every step against PyTorch's schedules, on both executors; counters in float32."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from mlpcli.engine import compute, make_plan, parameter
from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.graph.node import constant
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedule import Moment, falling_cosine, whole_part
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.optim.step import BATCH, EPOCH, TrainingLength, training_step
from nets import network

MADE = json.loads((Path(__file__).parent.parent / "oracles/torch_optimizers.json").read_text())
BY_ITS_LOOP = "plateau"
"""Its factor comes from costs: tests/training/test_plateau.py."""


def rate_function(schedule, warm_up, executor="numpy", dtype="float64", epochs=12, steps=5, rate=1.0):
    """The compiled rate of one step after the other, and the state of its counters."""
    net, _ = network([], ("linear", 1), "squared_error", dtype=dtype)
    optimizer = OPTIMIZERS["sgd"](learning_rate=rate, schedule=schedule, warm_up=warm_up)
    step = training_step(net, optimizer, length=TrainingLength(epochs, steps))
    state = step.optimizer_state()
    if not step.tracked:
        return None, state
    updates = {node: value for node, value in step.updates.items() if node.name in state}
    plan = make_plan({"rate": step.tracked["learning_rate"]}, updates)
    return EXECUTORS[executor]().compile(plan, state), state


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("case", MADE["schedules"], ids=lambda case: f"{case['schedule']}-{case['settings']}")
def test_every_rate_equals_pytorchs(case, executor):
    schedule = SCHEDULES[case["schedule"]](**case["settings"])
    function, _ = rate_function(schedule, case["warm_up"], executor)
    if function is None:
        assert set(case["rates"]) == {1.0}  # a constant rate is no part of the graph
        return
    for number, expected in enumerate(case["rates"]):
        with arithmetic():
            function.run()
        found = float(function.outputs["rate"])
        assert found == pytest.approx(expected, rel=1e-10, abs=1e-15), number


def test_every_schedule_is_compared():
    assert {case["schedule"] for case in MADE["schedules"]} | {BY_ITS_LOOP} == set(SCHEDULES)


@pytest.mark.parametrize("name", SCHEDULES)
def test_beyond_the_end_and_in_very_short_trainings_the_factor_stays_between_0_and_1(name):
    for total, share in ((1.0, 1.0), (2.0, 1.0), (1.0, 0.5), (10.0, 0.1)):
        for passed in (0.0, share, total - share, total, 10 * total):
            moment = Moment(*(constant(each) for each in (passed, total, share)))
            found = float(compute({"at": SCHEDULES[name]().at(moment)})["at"])
            assert 0.0 <= found <= 1.0, (total, share, passed)


@pytest.mark.parametrize("where", [(1 << 24) - 2, 40_000_000])
def test_in_float32_a_schedule_goes_on_beyond_the_steps_that_float32_can_count(where):
    epochs, steps = 60_000, 1000  # 60 million steps; a single counter would stand still at 16.8 million
    function, state = rate_function(SCHEDULES["cosine"](), 0.0, dtype="float32", epochs=epochs, steps=steps)
    state[EPOCH][...], state[BATCH][...] = divmod(where, steps)
    rates = []
    for _ in range(2 * steps):
        with arithmetic():
            function.run()
        rates.append(float(function.outputs["rate"]))
    assert divmod(where + 2 * steps, steps) == (int(state[EPOCH]), int(state[BATCH]))
    for number in (0, steps, 2 * steps - 1):
        exact = (1 + math.cos(math.pi * (where + number) / (epochs * steps))) / 2
        assert rates[number] == pytest.approx(exact, rel=1e-4)
    assert rates[0] > rates[steps] > rates[-1]


def test_a_falling_cosine_is_exact_to_its_end():
    shares = np.concatenate([np.linspace(0, 1, 101), 1 - np.logspace(-12, -2, 11), [-1.0, 2.0]])
    x = parameter("x", shares.shape)
    found = compute({"y": falling_cosine(x)}, {"x": shares})["y"]
    kept = np.clip(shares, 0, 1)
    np.testing.assert_allclose(found, np.sin(np.pi / 2 * (1 - kept)) ** 2, rtol=2e-15)


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_whole_part(executor, dtype):
    numbers = np.array([0, 0.2, 0.5, 0.999, 1, 1.5, 2, 2.5, 3, 7 - 1e-6, 7, 1e6 + 0.5], dtype)
    found = compute(
        {"y": whole_part(parameter("x", numbers.shape, dtype))}, {"x": numbers}, None, EXECUTORS[executor]()
    )
    np.testing.assert_array_equal(found["y"], np.floor(numbers))


def test_a_warm_up_alone_rises_to_the_rate_and_stays():
    function, _ = rate_function(None, 2.0, steps=2, rate=0.4)
    rates = []
    for _ in range(7):
        function.run()
        rates.append(float(function.outputs["rate"]))
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4], rel=1e-15)
