"""`compute`: what it is given has to be what the graph has."""

import pytest

from mlpcli.engine import compute, parameter, placeholder, reduce_sum
from mlpcli.errors import GraphError

W, X = parameter("weights", (2,)), placeholder("x", (None, 2))
COST = {"cost": reduce_sum(W * X)}
GIVEN = {"weights": [1.0, 2.0]}, {"x": [[1.0, 1.0]]}


def test_parameters_and_inputs_that_the_graph_has():
    assert compute(COST, *GIVEN)["cost"] == 3.0


@pytest.mark.parametrize(("kind", "at", "near"), [("parameter", 0, "weight"), ("placeholder", 1, "xx")])
def test_a_value_that_the_graph_has_no_use_for_is_refused(kind, at, near):
    given = [dict(each) for each in GIVEN]
    given[at][near] = 0.0
    known = next(iter(GIVEN[at]))
    with pytest.raises(GraphError, match=rf"no {kind} '{near}'(.|\n)*Known: {known}\."):
        compute(COST, *given)


def test_a_graph_without_any():
    with pytest.raises(GraphError, match="It has none"):
        compute({"square": W * W}, GIVEN[0], GIVEN[1])


@pytest.mark.parametrize("at", [0, 1])
def test_a_missing_value_is_named(at):
    given = list(GIVEN)
    given[at] = {}
    with pytest.raises(GraphError, match=f"No value is given for: {next(iter(GIVEN[at]))}"):
        compute(COST, *given)
