"""Where the gradient is checked: at the initial weights, a few steps later, and at trained ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.gradient.check import (
    BURN_IN,
    WORK,
    CheckedCost,
    GradientCheck,
    burned_in,
    check_cost,
    default_coordinates,
)
from mlpcli.diagnose.gradient.formula_faults import uses_formulas
from mlpcli.diagnose.gradient.op import parts_of
from mlpcli.diagnose.gradient.precision import PrecisionCheck, check_precision
from mlpcli.diagnose.trials.baseline import mean_loss
from mlpcli.execute import EXECUTORS
from mlpcli.execute.rows import RowFunction
from mlpcli.nn.network import Penalty, build_network
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUN_AWAY = 10.0
"""Times the loss at first: above it a burn-in has diverged (DeepDiagnosis and others: ten times)."""
WORK_A_SECOND = 4e9
"""Multiplications a second of the gradient check, calls of NumPy counted among them."""


def check_gradient(
    problem: Problem,
    state: Mapping[str, NDArray[Any]],
    trained: Mapping[str, NDArray[Any]] | None,
    full: bool,
    most_rows: int,
    seconds: float,
) -> tuple[GradientCheck, int]:
    """Check the gradient at the initial weights, a few steps later, and at the trained ones if there are any.

    state: the initial weights. full: whether every entry is checked. most_rows: that it is checked on.
    seconds: for all of it, counted. Returns the check, and on how many rows it was made.
    """
    network, executor = problem.network, EXECUTORS["numpy"]()
    rng = problem.shuffle()
    rows = problem.rows(problem.dataset.training)
    counters = network.counters()  # of dropout: the mask is that of one step, the same in every run
    state = {**state, **counters}
    few = np.sort(rng.permutation(len(rows["inputs"]))[:most_rows])
    some = {name: array[few] for name, array in rows.items()}
    points = {
        "first weights": state,
        f"weights after {BURN_IN} steps": _after_burn_in(problem, state, some),
        "trained weights": None if trained is None else {**trained, **counters},
    }
    points = {name: weights for name, weights in points.items() if weights is not None}
    trained_ones = [p.node for p in network.trained]
    each = WORK_A_SECOND * seconds / (len(points) * (1 if network.penalty is None else 2))
    entries = default_coordinates(trained_ones, len(few), full, min(WORK, each))
    cost = CheckedCost(
        cost=network.cost,
        loss=network.loss,
        penalty=network.penalty,
        parameters=trained_ones,
        parts=parts_of(network),
        formulas=uses_formulas(network, problem.head.loss),
    )
    named = [(name, weights) for name, weights in points.items() if weights is not None]
    return check_cost(cost, named, some, executor, rng, entries), len(few)


def check_in_precision(
    problem: Problem, weights: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> PrecisionCheck | None:
    """Check the gradient in the precision of the config; None where that is float64, as all else here."""
    config = problem.config
    if config.precision == "float64":
        return None
    optimizer, dataset = problem.optimizer, problem.dataset
    penalty = Penalty(optimizer.l1, optimizer.l2, optimizer.penalise_biases)
    width, weighted = dataset.preparation.width, bool(dataset.weighting)
    same = build_network(config.network, problem.head, width, config.precision, penalty, weighted)
    return check_precision(problem.network, same, weights, rows)


def _after_burn_in(
    problem: Problem, state: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]] | None:
    """Return the weights a few steps later: biases that begin at 0 lie on kinks, and then they do not.

    At weights that ran away rounding says more than the gradient, so then the steps are shorter; None where
    these run away, too.
    """
    network, executor = problem.network, EXECUTORS["numpy"]()

    def cost(weights: Mapping[str, NDArray[Any]]) -> float:
        function = RowFunction(executor, {"loss": network.row_loss}, weights)
        with np.errstate(all="ignore"):
            return mean_loss(function(rows)["loss"], rows)

    most = RUN_AWAY * abs(cost(state))
    for factor in (1.0, 0.01):
        slower = problem.optimizer.at_rate(problem.optimizer.rate * factor)
        later = burned_in(network, slower, state, rows, executor)
        if later is not None and abs(cost(later)) <= most:
            return later
    return None
