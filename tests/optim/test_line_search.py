"""Step lengths that meet the strong Wolfe conditions, on functions of one variable."""

import math

import pytest

from mlpcli.optim.line_search import StepTrial, strong_wolfe

FUNCTIONS = {
    # of More, Thuente 1994, section 5, and others: function, slope
    "quotient": (lambda a: -a / (a * a + 2), lambda a: (a * a - 2) / (a * a + 2) ** 2),
    "powers": (
        lambda a: (a + 0.04) ** 5 - 2 * (a + 0.04) ** 4,
        lambda a: 5 * (a + 0.04) ** 4 - 8 * (a + 0.04) ** 3,
    ),
    "parabola": (lambda a: (a - 3) ** 2, lambda a: 2 * (a - 3)),
    "quartic": (lambda a: (a - 1) ** 4 - a, lambda a: 4 * (a - 1) ** 3 - 1),
    "with an edge": (
        lambda a: -math.log(2 - a) - 3 * a if a < 2 else math.inf,
        lambda a: 1 / (2 - a) - 3 if a < 2 else math.nan,
    ),
}


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 1e3])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(("decrease", "curvature"), [(1e-4, 0.9), (1e-3, 0.1)])
def test_both_conditions_hold(name, first, decrease, curvature):
    cost, slope = FUNCTIONS[name]
    asked = []

    def evaluate(length):
        asked.append(length)
        return StepTrial(length, cost(length), slope(length), None)

    start = evaluate(0.0)
    found = strong_wolfe(evaluate, start, first, decrease, curvature, 40)
    assert found.cost <= start.cost + decrease * found.length * start.slope
    assert abs(found.slope) <= curvature * abs(start.slope)
    assert len(asked) <= 25


def test_no_length_is_found_where_the_cost_only_rises():
    def evaluate(length):
        return StepTrial(length, length, -1.0, None)  # the slope is a lie

    assert strong_wolfe(evaluate, evaluate(0.0), 1.0) is None


def test_the_lowest_so_far_is_taken_where_the_evaluations_are_used_up():
    def evaluate(length):
        return StepTrial(length, -length, -1.0, None)  # falls for ever

    found = strong_wolfe(evaluate, evaluate(0.0), 1.0, most=4)
    assert found.length > 1.0
