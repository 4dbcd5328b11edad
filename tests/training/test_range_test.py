"""The rate that a range test finds, and that it leaves no trace."""

import numpy as np
import pytest

from mlpcli.execute import EXECUTORS
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.schedules import SCHEDULES
from mlpcli.problem.range_test import LOWEST, RangeTest
from mlpcli.training.range_test import range_test, rates
from nets import network, rows
from sampling import sampled


def swept(executor="numpy", name="adam", batch=8, dtype="float64", **settings):
    net, values = network([("tanh", 8)], ("softmax", 3), "cross_entropy", dtype=dtype)
    data = rows(net, 60, target="one-hot")
    wanted = np.argmax(data["inputs"], 1)
    data["target"][...] = np.eye(3)[wanted]
    before = {key: array.copy() for key, array in values.items()}
    optimizer = OPTIMIZERS[name](learning_rate="auto", **settings)
    with pytest.raises(ValueError):
        _ = optimizer.rate
    found = range_test(EXECUTORS[executor](), net, optimizer, values, data, batch, np.random.default_rng(4))
    assert all(np.array_equal(values[key], array) for key, array in before.items())
    return found


@pytest.mark.parametrize("name", sampled(["sgd", "adam"], lambda name: name == "sgd"))
def test_executors_choose_the_same(name):
    results = [swept(executor, name) for executor in EXECUTORS]
    assert len({each.chosen for each in results}) == 1
    assert 1e-3 < results[0].chosen < 1.0
    for each in results[1:]:
        np.testing.assert_allclose(each.losses[:50], results[0].losses[:50], rtol=1e-10)


def test_the_curve_falls_and_ends_where_the_loss_runs_away():
    found = swept()
    assert found.rates == tuple(rates()[: len(found.rates)])
    assert len(found.rates) < len(rates())
    assert min(found.losses) < 0.7 * found.losses[0]
    assert found == swept()


def test_a_tenth_of_the_rate_with_the_lowest_loss_in_two_digits():
    assert RangeTest((0.1, 0.33333, 1.0), (1.0, 0.5, 0.7)).chosen == 0.033
    assert RangeTest((1e-6, 1e-5), (1.0, 1.0)).chosen == LOWEST
    assert RangeTest((), ()).chosen == LOWEST


def test_schedule_and_warm_up_are_no_part_of_it_and_all_rows_are_one_batch():
    plain = swept()
    assert swept(schedule=SCHEDULES["one_cycle"](), warm_up=3.0) == plain
    whole = swept(batch=60)
    assert whole.losses == swept(batch=99).losses
    assert whole != plain


def test_first_weights_that_give_no_number():
    net, values = network([], ("linear", 1), "squared_error")
    values["output.weights"][...] = np.nan
    optimizer = OPTIMIZERS["sgd"](learning_rate="auto")
    found = range_test(
        EXECUTORS["numpy"](), net, optimizer, values, rows(net, 5), 5, np.random.default_rng(0)
    )
    assert found.chosen == LOWEST
