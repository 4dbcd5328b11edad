import numpy as np
import pytest

from mlpcli.grad.finite_difference import (
    STEP,
    central_difference,
    directional_difference,
    entrywise_difference,
)


def cubic(w):
    return lambda: (float(np.sum(w**3)), ())


def test_one_entry_of_a_cubic():
    w = np.array([[0.5, -2.0], [3.0, 100.0]])
    before = w.copy()
    for index in np.ndindex(*w.shape):
        found = central_difference(cubic(w), w, index)
        assert found.value == pytest.approx(3 * w[index] ** 2, rel=1e-9, abs=4 * found.noise)
        assert not found.crosses_kink
    np.testing.assert_array_equal(w, before)


def test_all_entries_of_a_cubic_at_once():
    w = np.array([[0.5, -2.0], [3.0, 1e-9]])
    before = w.copy()
    for least in (1.0, 0.0):
        found = entrywise_difference(lambda: (w**3, ()), w, least=least)
        np.testing.assert_allclose(found.value, 3 * w**2, rtol=1e-8, atol=1e-10)
        assert not found.crosses_kink.any()
        np.testing.assert_array_equal(w, before)


def test_only_the_entries_next_to_a_kink_cross_it():
    w = np.array([1e-7, 1.0, -1e-7])
    found = entrywise_difference(lambda: (np.maximum(w, 0.0), [w > 0.0]), w)
    np.testing.assert_array_equal(found.crosses_kink, [True, False, True])


def test_a_sum_is_differentiated_term_by_term():
    # A large term that stays does not round away what the small one does.
    w, way = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    found, gone = directional_difference(lambda: (w * [1e-9, 1e9], ()), w, way)
    assert found.value == pytest.approx(1e-9 * gone[0], rel=1e-9)


def test_along_a_direction_of_a_cubic():
    w = np.linspace(-2.0, 3.0, 12).reshape(3, 4)
    before, way = w.copy(), np.random.default_rng(0).normal(size=(3, 4))
    found, gone = directional_difference(cubic(w), w, way)
    np.testing.assert_array_equal(w, before)
    np.testing.assert_allclose(gone, way, rtol=1e-8, atol=1e-10)
    assert found.value == pytest.approx(np.sum(3 * w**2 * gone), rel=1e-9)


def test_the_way_really_gone_is_what_the_difference_belongs_to():
    # Next to 1e9 there are only multiples of 2^-23: the direction asked for is not the one gone.
    w, way = np.array([1e9, 1.0]), np.array([1.0, 1.0])
    step = STEP * 2.0**-30
    found, gone = directional_difference(lambda: (float(w[0] - 1e9), ()), w, way, step)
    assert gone[0] != way[0]
    assert found.value == gone[0]


def test_noise_is_the_rounding_of_the_cost_over_the_step():
    w = np.zeros(3)
    found, _ = directional_difference(lambda: (1e6, ()), w, np.ones(3))
    eps = np.finfo(float).eps
    assert found.noise == pytest.approx(eps * 2e6 / (2 * STEP))
    assert found.value == 0.0
    assert central_difference(lambda: (1e6, ()), w, (0,)).noise == pytest.approx(found.noise, rel=1e-6)


@pytest.mark.parametrize(("at", "crosses"), [(1e-7, True), (1e-3, False)])
def test_a_kink_between_the_points_is_seen(at, crosses):
    w, sides = np.array([at, 1.0]), np.zeros(2)

    def evaluate():
        np.sign(w, out=sides)  # one buffer, as compiled functions have
        return float(np.maximum(w, 0.0).sum()), [sides]

    assert central_difference(evaluate, w, (0,)).crosses_kink is crosses
    assert directional_difference(evaluate, w, np.array([1.0, -1.0]))[0].crosses_kink is crosses


def test_arrays_are_put_back_when_the_cost_fails():
    w = np.ones(2)

    def fail():
        raise ZeroDivisionError

    for difference in (
        lambda: central_difference(fail, w, (0,)),
        lambda: directional_difference(fail, w, np.ones(2)),
    ):
        with pytest.raises(ZeroDivisionError):
            difference()
        np.testing.assert_array_equal(w, 1.0)


def test_infinite_weights_give_no_number_and_no_warning():
    w = np.array([np.inf])
    found, _ = directional_difference(lambda: (float(w[0]), ()), w, np.ones(1))
    assert not np.isfinite(found.value)
    assert w[0] == np.inf
