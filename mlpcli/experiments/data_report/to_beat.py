"""The scores that a network has to beat: those of the best constant, and of a linear model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.schema import NetworkConfig
from mlpcli.data.part import Part
from mlpcli.data.prepare import Preparation
from mlpcli.data.split import split
from mlpcli.errors import DataError
from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.execute.rows import RowFunction
from mlpcli.nn.network import Network, Penalty, build_network, choose_head, initial_values
from mlpcli.optim.optimizers.lbfgs import Lbfgs
from mlpcli.optim.step import training_step
from mlpcli.problem.problem import Problem
from mlpcli.scoring.evaluation import Evaluation, evaluate_outputs
from mlpcli.scoring.metrics import target_matrix, varies
from mlpcli.training.runner import first_state, make_runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 0.25
"""Share of the training rows that is judged where there are no validation rows."""
LEAST_ROWS = 8
"""Training rows below which nothing is held back: the scores are then of the rows that were fitted."""
MOST_CELLS = 1 << 23
"""Inputs, in cells, that the linear model is fitted to, in 1 to 4 s; of larger tables some rows.
An output takes as much time as OUTPUT inputs: exponentials and logarithms."""
OUTPUT = 4
FEWEST_OF_MANY = 200
"""Rows that are taken of a larger table, however many columns it has."""
ITERATIONS = 60
"""Iterations of L-BFGS at most. Ours: on covertype and letters 200 change the accuracy by 0.002."""
PENALTY = 0.5
"""Weight of Σw² beside the sum of the losses of all rows, on inputs of one spread: scikit-learn's C = 1."""

SCORES = {
    "classification": ("accuracy", "balanced_accuracy", "f1", "auc", "log_loss"),
    "multilabel": ("accuracy", "balanced_accuracy", "f1", "auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
"""Scores of each task, in the order in which they are shown; of several labels or targets their means."""


@dataclass(frozen=True, kw_only=True)
class ToBeat:
    """The scores of the best constant and of a linear model, on rows that neither was fitted to.

    part: "validation" where these rows are the validation part; "drawn" where they were drawn from the
    training part for this; "training" where there are too few rows, and they are those that were fitted.
    fitted, judged: how many rows; of_training, of_part: how many there were to choose from.
    """

    part: str
    fitted: int
    judged: int
    of_training: int
    of_part: int
    constant: Evaluation
    linear: Evaluation

    @property
    def constant_scores(self) -> dict[str, float]:
        """The scores of the constant, by name."""
        return _scores(self.constant)

    @property
    def linear_scores(self) -> dict[str, float]:
        """The scores of the linear model, by name."""
        return _scores(self.linear)


def _scores(evaluation: Evaluation) -> dict[str, float]:
    return {name: evaluation.metric(name) for name in SCORES[evaluation.task]}


@dataclass(frozen=True)
class _Rows:
    """Rows of a part. inputs: float64 (rows, width). targets, weights: see Part."""

    inputs: NDArray[Any]
    targets: NDArray[Any]
    weights: NDArray[Any] | None


def to_beat(problem: Problem) -> ToBeat:
    """Fit a constant and a linear model to the training part, and score both.

    The rows are drawn by the seed, and so many that the work is bounded.
    """
    training, checked = problem.dataset.training, problem.dataset.validation
    rng = problem.shuffle()
    width = max(problem.dataset.width, OUTPUT * problem.dataset.preparation.outputs)
    most = max(FEWEST_OF_MANY, MOST_CELLS // width)
    if checked is not None and checked.rows:
        part, of_part = "validation", checked.rows
        fitted, judged = _some(training, rng, most), _some(checked, rng, most)
    else:
        part, of_part = "drawn", training.rows
        chosen = _drawn(problem, training, rng, most)
        part = part if chosen[1] is not chosen[0] else "training"
        fitted, judged = (_rows(training, rows) for rows in chosen)
    preparation = problem.dataset.preparation

    def scored(outputs: NDArray[Any]) -> Evaluation:
        return evaluate_outputs(outputs, judged.targets, preparation, weights=judged.weights)

    return ToBeat(
        part=part,
        fitted=len(fitted.inputs),
        judged=len(judged.inputs),
        of_training=training.rows,
        of_part=of_part,
        constant=scored(_constant(fitted, preparation, len(judged.inputs))),
        linear=scored(linear_outputs(fitted, judged.inputs, preparation)),
    )


def _some(part: Part, rng: np.random.Generator, most: int) -> _Rows:
    rows = np.arange(part.rows)
    return _rows(part, rows if part.rows <= most else np.sort(rng.permutation(part.rows)[:most]))


def _rows(part: Part, rows: NDArray[np.intp]) -> _Rows:
    weights = None if part.weights is None else part.weights[rows]
    return _Rows(part.inputs[rows].astype(np.float64), part.targets[rows], weights)


def _drawn(
    problem: Problem, training: Part, rng: np.random.Generator, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows to fit and rows to judge, drawn from the training part; the same ones where it is small."""
    rows = np.arange(training.rows)
    if training.rows > most:
        rows = np.sort(rng.permutation(training.rows)[:most])
    classes = training.targets[rows] if problem.dataset.task == "classification" else None
    try:
        if len(rows) < LEAST_ROWS:
            return rows, rows
        parts = split(rng, len(rows), SHARE, classes=classes)
    except DataError:  # nearly every row is of a class of its own
        return rows, rows
    return rows[parts.training], rows[parts.validation]


def _constant(fitted: _Rows, preparation: Preparation, count: int) -> NDArray[Any]:
    """Return the outputs, (count, units), of the constant with the least loss: shares, or means."""
    if preparation.target.task == "classification":
        counts = np.bincount(fitted.targets, fitted.weights, preparation.outputs)
        best = counts / counts.sum()
    else:
        best = np.average(fitted.targets, 0, fitted.weights)
    return np.tile(best, (count, 1))


def linear_outputs(fitted: _Rows, inputs: NDArray[Any], preparation: Preparation) -> NDArray[Any]:
    """Return what a network without a hidden layer says of `inputs`, (rows, width), after a short training.

    The inputs are scaled to one spread, the penalty is small, and the line search of L-BFGS takes no step
    that raises the cost: it cannot run away, whatever the config says. Returns (rows, units): probabilities
    of classes or labels, or targets as the preparation scales them.
    """
    task, outputs = preparation.target.task, preparation.outputs
    head = choose_head(NetworkConfig(), None, task, outputs)
    scaling = _Scaling(fitted.inputs)
    target = target_matrix(fitted.targets, task, head.units, "float64")
    shift, unit = np.zeros(head.units), np.ones(head.units)
    if task == "regression":
        shift = target.mean(axis=0)
        unit = np.array([(varies(column) and column.std()) or 1.0 for column in target.T])
    rows = {"inputs": scaling.of(fitted.inputs), "target": (target - shift) / unit}
    if fitted.weights is not None:
        rows["weights"] = fitted.weights.astype(np.float64)
    network = build_network(
        NetworkConfig(),
        head,
        inputs.shape[1],
        penalty=Penalty(l2=PENALTY / len(target)),
        weighted=fitted.weights is not None,
    )
    state = _trained(network, rows)
    function = RowFunction(NumpyExecutor(), {"prediction": network.prediction}, state)
    said = function({"inputs": scaling.of(inputs)})["prediction"] * unit + shift
    if task == "classification" and head.units == 1 and outputs == 2:
        return np.column_stack([1 - said[:, 0], said[:, 0]])
    return np.asarray(said)


class _Scaling:
    """The scaling of inputs to mean 0 and one spread, as (rows, width) of them have it."""

    def __init__(self, inputs: NDArray[Any]) -> None:
        with np.errstate(all="ignore"):
            self._mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
            # What hardly varies but for rounding would be blown up.
            self._scale = np.where(spread > 1e-12 * np.abs(self._mean), spread, np.inf)

    def of(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return inputs scaled, (rows, width); 0 where they are so huge that they have no spread."""
        with np.errstate(all="ignore"):
            scaled = (inputs - self._mean) / self._scale
        return np.where(np.isfinite(scaled), scaled, 0.0)


def _trained(network: Network, rows: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the parameters by name after up to ITERATIONS iterations on all rows."""
    drawn = initial_values(network, np.random.default_rng(0))
    weights = {name: np.zeros_like(array) for name, array in drawn.items()}
    optimizer = Lbfgs(tolerance=1e-6)
    step = training_step(network, optimizer)
    state = first_state(optimizer, step, weights)
    count = len(rows["inputs"])
    runner = make_runner(NumpyExecutor(), optimizer, step, {"cost": network.cost}, state, rows, count)
    with np.errstate(all="ignore"):
        runner.run_epochs(ITERATIONS, None, -math.inf, lambda: False)
    return {name: state[name] for name in weights}
