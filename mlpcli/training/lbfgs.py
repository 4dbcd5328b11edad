"""The runner of L-BFGS: an epoch is one iteration on all rows; everything it remembers is in the state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, Function, State
from mlpcli.execute.rows import EpochBlock, EpochRequest, EpochRunner, Rows
from mlpcli.graph.node import Node
from mlpcli.optim.line_search import StepTrial, strong_wolfe
from mlpcli.optim.optimizers.lbfgs import Lbfgs
from mlpcli.optim.step import TrainingStep
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOVES, CHANGES, PAIRS = "lbfgs/moves", "lbfgs/changes", "lbfgs/pairs"
"""Names of the states: the last steps, and how each changed the gradient, (history, parameters), as a ring
buffer; and how many pairs it ever held."""
GRADIENT = "gradient of "
NO_GRADIENT = "the gradient is 0"
NO_LOWER_COST = "the line search finds no lower cost"


def memory(settings: Lbfgs, size: int) -> dict[str, NDArray[np.float64]]:
    """Return the states beside the parameters, at the start. size: how many numbers are trained."""
    shape = (settings.history, size)
    return {MOVES: np.zeros(shape), CHANGES: np.zeros(shape), PAIRS: np.zeros(())}


@dataclass(frozen=True)
class _Point:
    """A point of the search: weights, the gradient there, (parameters,) each, and the followed outputs."""

    weights: NDArray[np.float64]
    gradient: NDArray[np.float64]
    followed: Mapping[str, NDArray[Any]]


class LbfgsRunner(EpochRunner):
    """An EpochRunner with one batch an epoch: all rows, as they stand.

    Vectors are float64, whatever the precision of the network.
    """

    def __init__(
        self,
        executor: Executor,
        outputs: Mapping[str, Node],
        step: TrainingStep,
        state: State,
        rows: Rows,
        settings: Lbfgs,
    ) -> None:
        """Compile the gradient. state: parameters and memory(), which are changed in place."""
        self._settings, self._state = settings, state
        self._count = self._batch = len(next(iter(rows.values())))
        self._followed = tuple(outputs)
        self._names = tuple(node.name for node in step.gradients)
        wanted = {GRADIENT + node.name: gradient for node, gradient in step.gradients.items()}
        self._function = executor.compile(make_plan({**outputs, **wanted}, batch=self._count), state)
        functions = [self._function]
        self._moves: Function | None = None
        if step.updates:
            self._moves = executor.compile(make_plan(outputs, step.updates, self._count), state)
            functions.append(self._moves)
        for function in functions:
            for name, buffer in function.inputs.items():
                buffer[...] = rows[name]
        self._at: _Point | None = None
        self._ended = ""

    def _run_epochs(self, wanted: EpochRequest) -> EpochBlock:
        self._ended = ""

        def ends() -> bool:
            return wanted.should_stop() or bool(self._ended)

        # All rows at once have no order.
        done = super()._run_epochs(replace(wanted, rng=None, should_stop=ends))
        return replace(done, ended=self._ended)

    def _output_names(self) -> tuple[str, ...]:
        return self._followed

    def _step(self, chosen: NDArray[np.intp]) -> Mapping[str, NDArray[Any]]:
        """Run one iteration; return the followed outputs before it."""
        here = self._evaluate(self._weights())
        cost = float(here.followed["cost"])
        if not math.isfinite(cost):
            return here.followed
        if not np.isfinite(here.gradient).all():
            self._put(here.weights + here.gradient)  # any step will do: it makes the weights non-finite
            return here.followed
        if np.max(np.abs(here.gradient), initial=0.0) <= self._settings.tolerance:
            self._ended = NO_GRADIENT if not self._settings.tolerance else self._small()
            return here.followed
        found = self._search(here, cost)
        if found is None and self._state[PAIRS] > 0:  # the memory is of no use here: forget it
            self._state[PAIRS][...] = 0
            found = self._search(here, cost)
        if found is None:
            self._put(here.weights)
            self._ended = NO_LOWER_COST
            return here.followed
        self._remember(found.point.weights - here.weights, found.point.gradient - here.gradient)
        self._put(found.point.weights)
        self._at = found.point
        if self._moves is not None:  # the cost is another one afterwards
            self._moves.run()
            self._at = None
        return here.followed

    def _small(self) -> str:
        return f"no entry of the gradient is above {self._settings.tolerance:g}"

    def _search(self, here: _Point, cost: float) -> StepTrial[_Point] | None:
        direction = self._direction(here.gradient)
        slope = float(direction @ here.gradient)
        if not slope < 0.0:
            return None

        def along(length: float) -> StepTrial[_Point]:
            point = self._evaluate(here.weights + length * direction)
            return StepTrial(length, float(point.followed["cost"]), float(point.gradient @ direction), point)

        settings = self._settings
        # While nothing is remembered the direction has no scale: the first step has a length of at most 1.
        first = 1.0 if self._state[PAIRS] > 0 else min(1.0, 1.0 / float(np.linalg.norm(direction)))
        found = strong_wolfe(
            along,
            StepTrial(0.0, cost, slope, here),
            first,
            settings.sufficient_decrease,
            settings.curvature,
            settings.line_search_steps,
        )
        # Where rounding hides the fall, an equal cost meets the conditions, and the weights would wander.
        return found if found is not None and found.cost < cost else None

    def _direction(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the direction of algorithm 7.4, by two loops; -gradient while nothing is remembered."""
        moves, changes, held = self._state[MOVES], self._state[CHANGES], int(self._state[PAIRS])
        recent = [number % len(moves) for number in range(held - 1, max(held - len(moves), 0) - 1, -1)]
        direction = -gradient
        shares = {}
        for at in recent:
            shares[at] = float(moves[at] @ direction) / float(moves[at] @ changes[at])
            direction = direction - shares[at] * changes[at]
        if recent:
            newest = recent[0]
            direction = direction * (
                float(moves[newest] @ changes[newest]) / float(changes[newest] @ changes[newest])
            )
        for at in reversed(recent):
            share = shares[at] - float(changes[at] @ direction) / float(moves[at] @ changes[at])
            direction = direction + share * moves[at]
        return direction

    def _remember(self, move: NDArray[np.float64], change: NDArray[np.float64]) -> None:
        """Remember a step, unless it has no curvature to speak of.

        Source: L-BFGS-B, Byrd et al. 1995, section 4.
        """
        if float(move @ change) <= np.finfo(np.float64).eps * float(change @ change):
            return
        at = int(self._state[PAIRS]) % len(self._state[MOVES])
        self._state[MOVES][at], self._state[CHANGES][at] = move, change
        self._state[PAIRS][...] += 1

    def _weights(self) -> NDArray[np.float64]:
        return np.concatenate([self._state[name].ravel() for name in self._names]).astype(np.float64)

    def _put(self, weights: NDArray[np.float64]) -> None:
        at = 0
        for name in self._names:
            array = self._state[name]
            array[...] = weights[at : at + array.size].reshape(array.shape)
            at += array.size

    def _evaluate(self, weights: NDArray[np.float64]) -> _Point:
        """Compute the point of these weights, rounded to the network's precision.

        The last point is not computed twice.
        """
        self._put(weights)
        weights = self._weights()
        if self._at is not None and np.array_equal(self._at.weights, weights):
            return self._at
        self._function.run()
        outputs = self._function.outputs
        gradient = np.concatenate([outputs[GRADIENT + name].ravel() for name in self._names])
        followed = {name: outputs[name].copy() for name in self._followed}
        return _Point(weights, gradient.astype(np.float64), followed)
