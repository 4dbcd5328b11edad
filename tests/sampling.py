"""Which cases of a full product every test run takes, and which `make test-all` alone."""

import pytest


def sampled(cases, taken):
    """Values for parametrize: those that taken(case) says are always run, the others are marked `full`."""
    return [
        case
        if taken(case)
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.full)
        for case in cases
    ]


def covering(cases):
    """The first of the cases that are needed so that every value at every place of them occurs once."""
    seen, needed = set(), set()
    for case in cases:
        values = set(enumerate(case))
        if not values <= seen:
            seen |= values
            needed.add(case)
    return needed
