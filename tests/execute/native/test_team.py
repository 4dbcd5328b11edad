"""Training whose products are shared among threads: the same bits by one thread and by many; stops."""

import hashlib
import math
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from mlpcli.execute import EXECUTORS
from mlpcli.execute.native.runner import NativeEpochRunner
from mlpcli.execute.rows import EpochRunner, RowFunction
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows

PROGRAM = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.path.insert(0, sys.argv[1])
from test_team import digest, trained
print(digest(trained()[0]))
"""


def digest(arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()


def trained(epochs=2):
    """State, costs and predictions of a network whose products are large enough for several threads."""
    net, state = network([("tanh", 256)], ("softmax", 250), "cross_entropy", width=300, dtype="float32")
    data = rows(net, 600, target="one-hot")
    step = training_step(net, OPTIMIZERS["sgd"]())
    state = dict(state) | step.optimizer_state()
    executor = EXECUTORS["native"]()
    runner = NativeEpochRunner(executor, {"cost": net.cost}, step.updates, state, data, 256)
    stretch = runner.run_epochs(epochs, np.random.default_rng(5), -math.inf, lambda: False)
    predictions = RowFunction(executor, {"prediction": net.prediction}, state)(data)["prediction"]
    return state | {"costs": stretch.costs, "predictions": predictions}, runner


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no way to take processors away")
def test_the_bits_do_not_depend_on_the_number_of_threads():
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("there is one processor only")
    here = os.path.dirname(__file__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    one = subprocess.run(
        [sys.executable, "-c", PROGRAM, here], env=environment, capture_output=True, text=True, check=True
    )
    several, runner = trained()
    assert runner._team
    assert one.stdout.strip() == digest(several)


def test_shared_training_is_numpys(crowd):
    native, runner = trained(epochs=1)
    assert runner._pool
    net, state = network([("tanh", 256)], ("softmax", 250), "cross_entropy", width=300, dtype="float32")
    step = training_step(net, OPTIMIZERS["sgd"]())
    state = dict(state) | step.optimizer_state()
    plain = EpochRunner(
        EXECUTORS["numpy"](), {"cost": net.cost}, step.updates, state, rows(net, 600, target="one-hot"), 256
    )
    plain.run_epochs(1, np.random.default_rng(5), -math.inf, lambda: False)
    for name, array in state.items():
        np.testing.assert_allclose(native[name], array, rtol=1e-3, atol=1e-5)


def test_asked_to_stop_shared_training_finishes_a_batch(crowd):
    _, runner = trained(epochs=1)
    asked = threading.Event()
    threading.Timer(0.2, asked.set).start()
    stretch = runner.run_epochs(10**6, np.random.default_rng(0), -math.inf, asked.is_set)
    assert stretch.epochs < 10**6


def test_many_trainings_at_once_share_the_threads(crowd):
    expected, _ = trained()
    results = []
    callers = [threading.Thread(target=lambda: results.append(trained()[0])) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 4
    for result in results:
        for name, array in expected.items():
            np.testing.assert_array_equal(result[name], array)
