"""The judge by itself, on differences that are given."""

import numpy as np
import pytest

from mlpcli.diagnose.gradient.compare import DerivativeComparison, absolute_floor, compare
from mlpcli.grad.finite_difference import NumericDerivative

FLOOR = float(absolute_floor(0.0))


def step(value, crosses=False, noise=1e-12):
    return NumericDerivative(value, crosses, noise)


def test_what_differs_by_less_than_a_millionth_agrees():
    excess = compare(np.array([1.0, 1.0, -3.0]), np.array([1.0 + 9e-7, 1.0 + 2e-6, 3.0]), 0.0, FLOOR)
    np.testing.assert_array_equal(excess <= 1.0, [True, False, False])


def test_what_no_difference_can_tell_is_not_judged():
    blurred = compare(1.0, 1.0, 1e-2, FLOOR)
    no_number = compare(1.0, np.nan, 0.0, FLOOR)
    overflowed = compare(np.inf, 1.0, 0.0, absolute_floor(1e10))
    below_the_floor = compare(2.0, 3.0, 0.0, absolute_floor(1e10))
    assert np.isnan([blurred, no_number, overflowed, below_the_floor]).all()


@pytest.mark.parametrize("symbolic", [np.inf, np.nan])
def test_a_gradient_that_is_no_number_is_wrong_beside_one_that_is(symbolic):
    assert compare(symbolic, 1.0, 0.0, FLOOR) == np.inf


def test_one_step_that_agrees_is_enough():
    found = DerivativeComparison((2,), FLOOR)
    found.add(np.ones(2), step(np.array([1.0, 1.5])))
    np.testing.assert_array_equal(found.open, [False, True])
    found.add(np.ones(2), step(np.array([np.nan, 1.0])))
    assert not found.open.any()
    assert found.judged.all()
    assert not found.wrong.any()
    np.testing.assert_array_equal(found.numeric, 1.0)


def test_steps_in_agreement_are_wrong_and_steps_that_contradict_each_other_lie_on_a_kink():
    found = DerivativeComparison((3,), FLOOR)
    for values in ([2.0, 2.0, np.nan], [2.01, 3.0, np.nan], [1.99, 5.0, np.nan]):
        found.add(np.ones(3), step(np.array(values)))
    np.testing.assert_array_equal(found.wrong, [True, False, False])
    np.testing.assert_array_equal(found.judged, [True, False, False])
    np.testing.assert_array_equal(found.on_kinks, [False, True, False])


def test_a_difference_across_a_kink_says_nothing():
    found = DerivativeComparison((), FLOOR)
    found.add(1.0, step(2.0, crosses=True))
    assert found.on_kinks
    assert not found.judged
    found.add(1.0, step(1.0))
    assert found.judged
    assert not found.on_kinks
