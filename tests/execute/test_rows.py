import numpy as np
import pytest

from mlpcli.execute import EXECUTORS
from mlpcli.execute.rows import CHUNK, EpochRunner, RowFunction
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from nets import network, rows


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_has_the_same_bits_wherever_it_stands(executor, dtype):
    net, values = network([("tanh", 8)], ("softmax", 3), "cross_entropy", dtype=dtype)
    predict = RowFunction(EXECUTORS[executor](), {"p": net.prediction}, values)
    inputs = rows(net, 2 * CHUNK + 17)["inputs"]
    whole = predict({"inputs": inputs})["p"]
    for start, stop in ((0, 1), (0, 40), (300, 311), (len(inputs) - 1, len(inputs))):
        np.testing.assert_array_equal(predict({"inputs": inputs[start:stop]})["p"], whole[start:stop])
    assert predict({"inputs": inputs[:0]})["p"].shape == (0, 3)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_epoch_is_its_batches_one_after_the_other(executor):
    net, values = network()
    step = training_step(net, OPTIMIZERS["sgd"](learning_rate=0.1, momentum=0.5))
    data = rows(net, 7)
    order = np.random.default_rng(1).permutation(7)

    def trained(batch):
        state = {k: v.copy() for k, v in (values | step.optimizer_state()).items()}
        return EpochRunner(
            EXECUTORS[executor](), {"cost": step.cost}, step.updates, state, data, batch
        ), state

    runner, state = trained(3)
    passed = runner.run(order, lambda: False)
    assert (passed.batches, passed.rows, passed.whole) == (3, 7, True)

    _, other = trained(7)
    total = 0.0
    for start in (0, 3, 6):
        chosen = order[start : start + 3]
        part = {k: v[chosen] for k, v in data.items()}
        single = EpochRunner(EXECUTORS[executor](), {"cost": step.cost}, step.updates, other, part, 3)
        total += single.run(np.arange(len(chosen)), lambda: False).means["cost"] * len(chosen)
    assert passed.means["cost"] == pytest.approx(total / 7, rel=1e-14)
    for name in state:
        np.testing.assert_array_equal(state[name], other[name])


def test_an_epoch_ends_early_when_asked_or_when_the_cost_is_lost():
    net, values = network()
    step = training_step(net, OPTIMIZERS["sgd"]())
    data = rows(net, 6)
    state = values | step.optimizer_state()
    runner = EpochRunner(EXECUTORS["numpy"](), {"cost": step.cost}, step.updates, state, data, 2)
    asked = iter([False, True])
    begun = runner.run(np.arange(6), lambda: next(asked))
    assert (begun.batches, begun.rows, begun.whole) == (2, 4, False)
    data["inputs"][3] = np.nan
    broken = EpochRunner(EXECUTORS["numpy"](), {"cost": step.cost}, step.updates, state, data, 2)
    lost = broken.run(np.arange(6), lambda: False)
    assert np.isnan(lost.means["cost"])
    assert lost.batches == 2


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batches", [1, 4, 5])
def test_an_epoch_that_was_broken_off_goes_on_to_the_same_bits(executor, dtype, batches):
    net, values = network(dtype=dtype)
    step = training_step(net, OPTIMIZERS["adam"]())
    data = rows(net, 17)
    order = np.random.default_rng(1).permutation(17)
    kind = EXECUTORS[executor].epoch_runner or EpochRunner
    results = []
    for broken in (False, True):
        state = {k: v.copy() for k, v in (values | step.optimizer_state()).items()}
        runner = kind(EXECUTORS[executor](), {"cost": step.cost}, step.updates, state, data, 3)
        passed = None
        if broken:
            for at in range(1, batches + 1):  # asked to stop, one batch is done
                passed = runner.run(order, lambda: True, passed)
                assert (passed.batches, passed.whole) == (at, False)
        passed = runner.run(order, lambda: False, passed)
        results.append((passed, {name: array.tobytes() for name, array in state.items()}))
    assert results[0] == results[1]
