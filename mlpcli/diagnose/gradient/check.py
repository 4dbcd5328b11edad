"""The answer to question 1, is the gradient right? Central differences against the graph, in float64."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.gradient.op import Parts, WrongOp, first_wrong_op
from mlpcli.diagnose.gradient.parameter import MOST_COORDINATES, GradientChecker, ParameterCheck
from mlpcli.diagnose.gradient.precision import PrecisionCheck
from mlpcli.execute.executor import Executor, State
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.step import training_step
from mlpcli.training.finite import all_finite
from mlpcli.training.runner import first_state, make_runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUM_TOLERANCE = 1e-10
"""Relative rounding by which the cost's gradient may differ from the loss's plus the penalty's."""
LEAST_COORDINATES = 10
"""Entries of a parameter that are checked one by one in any case, where it has as many."""
WORK = 1e10
"""Multiplications for all entries at one point, some seconds: fewer are checked, down to the least."""
CALLS = 1e5
"""Multiplications that take as long as the calls of NumPy for one parameter's layer."""
WORK_FOR_ALL = 1e12
"""Multiplications where all entries are wanted, some minutes. A network that takes longer is a large one."""
BURN_IN = 20
"""Steps of a short burn-in, after which biases that began at 0 are off the kinks."""


@dataclass(frozen=True, kw_only=True)
class CheckedCost:
    """A cost whose gradient is checked: the sum of loss and penalty, or the loss itself without a penalty.

    parts: what the first wrong op is looked for in, see parts_of(). formulas: whether the network has
    formulas, whose slope may be infinite: that is no wrong derivative.
    """

    cost: Node
    loss: Node
    penalty: Node | None
    parameters: Sequence[Node]
    parts: Parts = ()
    formulas: bool = False

    @property
    def roots(self) -> dict[str, Node]:
        """The parts whose gradients are checked, by name."""
        return {"loss": self.loss} if self.penalty is None else {"loss": self.loss, "penalty": self.penalty}


@dataclass(frozen=True, kw_only=True)
class GradientCheck:
    """The answer to question 1.

    points: names of the weights it was checked at. checks: by point, then loss before penalty, then in the
    order of the parameters. sum_wrong: parameters where the cost's gradient is not the loss's plus the
    penalty's. repeatable: whether a second run gave the same gradients, bit by bit. first_wrong: where
    something is wrong, the first op whose derivative is. in_precision: the gradient in the precision of the
    config, None where that is float64. cusps: a sentence for each formula with an infinite slope on both
    sides of what it is given.
    """

    points: tuple[str, ...]
    checks: tuple[ParameterCheck, ...]
    sum_wrong: tuple[str, ...] = ()
    repeatable: bool = True
    first_wrong: WrongOp | None = None
    in_precision: PrecisionCheck | None = None
    cusps: tuple[str, ...] = ()

    @property
    def not_finite(self) -> tuple[str, ...]:
        """The parameters by which a formula makes the gradient infinite or NaN at some point."""
        return tuple(dict.fromkeys(check.name for check in self.checks if check.not_finite))

    @property
    def finite(self) -> bool:
        """Whether the gradient is finite, in float64 and in the precision of the config."""
        return not self.not_finite and not (self.in_precision and self.in_precision.not_finite)

    @property
    def right(self) -> bool:
        """Whether nothing that could be judged is wrong."""
        return all(check.right for check in self.checks) and not self.sum_wrong and self.repeatable

    @property
    def wrong(self) -> tuple[ParameterCheck, ...]:
        """The checks that failed, in the order of `checks`."""
        return tuple(check for check in self.checks if not check.right)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """The parameters of which nothing could be judged at any point."""
        judged = {check.name for check in self.checks if check.judged or check.not_finite}
        return tuple(dict.fromkeys(check.name for check in self.checks if check.name not in judged))

    @property
    def sentence(self) -> str:
        """A description of what is wrong; "" where nothing is."""
        if self.right:
            return ""
        parts = []
        if self.wrong:
            c = self.wrong[0]
            how = f"in {c.wrong} of {c.checked} entries" if c.wrong else "along a random direction"
            of = f"the {c.part}'s gradient" if c.part else "the gradient"
            point = f" ({c.point})" if c.point else ""
            parts.append(f"By {c.name}, {of} is wrong {how}{point}.")
        if self.sum_wrong:
            names = ", ".join(self.sum_wrong)
            parts.append(f"By {names}, the cost's gradient is not that of the loss plus that of the penalty.")
        if not self.repeatable:
            parts.append("A second run on the same rows and weights gives another gradient.")
        if self.first_wrong is not None:
            parts.append(self.first_wrong.sentence)
        elif self.wrong:
            parts.append(
                "The derivative of every op is right by itself: the fault is in how they are put together, "
                "or in the executor."
            )
        return " ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return every answer as plain data."""
        return {
            "right": self.right,
            "points": list(self.points),
            "checks": [check.as_json() for check in self.checks],
            "sum_wrong": list(self.sum_wrong),
            "repeatable": self.repeatable,
            "unjudged": list(self.unjudged),
            "not_finite": list(self.not_finite),
            "cusps": list(self.cusps),
            "in_precision": self.in_precision and self.in_precision.as_json(),
            "first_wrong": self.first_wrong and self.first_wrong.as_json(),
            "sentence": self.sentence,
        }


def check_cost(
    checked: CheckedCost,
    points: Iterable[tuple[str, State]],
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    rng: np.random.Generator,
    coordinates: int | None = None,
) -> GradientCheck:
    """Check the gradients of loss and penalty, each by itself, at every one of the named points.

    points: name -> arrays of the same parameters, which stay as they are. rows: arrays by placeholder. All
    arrays are float64. coordinates: entries of a parameter that are checked one by one; None for as many as
    default_coordinates() gives.
    """
    named = list(points)
    checker = _CostChecker(checked, named[0][1], rows, executor)
    if coordinates is None:
        coordinates = default_coordinates(checked.parameters, len(next(iter(rows.values()))))
    checks: list[ParameterCheck] = []
    sum_wrong: dict[str, None] = {}
    repeatable = True
    failed: tuple[Node, State] | None = None
    for point, values in named:
        checker.move_to(values)
        found = checker.check_parts(rng, coordinates, point)
        differing = checker.sum_wrong()
        repeatable &= checker.repeatable()
        checks += found
        sum_wrong |= dict.fromkeys(differing)
        # One fault is looked for: as a rule the others follow from it.
        if failed is None and not all(check.right for check in found):
            failed = checked.roots[next(check.part for check in found if not check.right)], values
        elif failed is None and differing:
            failed = checked.cost, values
    first_wrong: WrongOp | None = None
    if failed is not None:
        first_wrong = first_wrong_op(failed[0], checked.parameters, failed[1], rows, rng, checked.parts)
    return GradientCheck(
        points=tuple(name for name, _ in named),
        checks=tuple(checks),
        sum_wrong=tuple(sum_wrong),
        repeatable=repeatable,
        first_wrong=first_wrong,
    )


class _CostChecker:
    """Loss, penalty and cost, each compiled once for a state of their own."""

    def __init__(
        self, checked: CheckedCost, state: State, rows: Mapping[str, NDArray[Any]], executor: Executor
    ) -> None:
        nodes = checked.parameters
        self._state = {name: np.array(array, order="C") for name, array in state.items()}
        self._parts = {
            part: GradientChecker(root, nodes, self._state, rows, executor, checked.formulas)
            for part, root in checked.roots.items()
        }
        self._whole: GradientChecker | None = None
        if checked.cost is not checked.loss:
            self._whole = GradientChecker(checked.cost, nodes, self._state, rows, executor)

    def move_to(self, values: State) -> None:
        """Copy these weights into the state that all checks use."""
        for name, array in self._state.items():
            array[...] = values[name]

    def check_parts(self, rng: np.random.Generator, coordinates: int, point: str) -> list[ParameterCheck]:
        """Check every parameter of the loss, then of the penalty."""
        return [
            check
            for part, checker in self._parts.items()
            for check in checker.check(rng, coordinates, point, part)
        ]

    def repeatable(self) -> bool:
        """Run every part twice, and return whether both runs give the same gradient, bit by bit."""
        return all(
            np.array_equal(first, second, equal_nan=True)
            for checker in self._parts.values()
            for first, second in zip(checker.symbolic().values(), checker.symbolic().values(), strict=True)
        )

    def sum_wrong(self) -> list[str]:
        """Find the parameters where the cost's gradient is not the sum of its parts' gradients."""
        if self._whole is None:
            return []
        parts = [checker.symbolic() for checker in self._parts.values()]
        wrong = []
        with np.errstate(all="ignore"):
            for name, gradient in self._whole.symbolic().items():
                terms = np.stack([part[name] for part in parts])
                size = np.max(np.sum(np.abs(terms), axis=0), initial=0.0)
                # What is no number compares as False: there is nothing to compare.
                if np.any(np.abs(gradient - np.sum(terms, axis=0)) > SUM_TOLERANCE * size):
                    wrong.append(name)
        return wrong


def default_coordinates(
    parameters: Sequence[Node], rows: int, every: bool = False, work: float = WORK
) -> int:
    """Return how many entries of each parameter are checked one by one in a network of this size.

    rows: how many the check runs on. every: whether all entries are wanted, which a network is too large for
    where that would take more than minutes. work: multiplications that may be made otherwise.
    """
    sizes = [math.prod(int(size or 1) for size in p.shape) for p in parameters]
    if not sizes:  # every layer is frozen
        return 0
    once = rows * sum(sizes) + CALLS * len(sizes)
    affordable = (WORK_FOR_ALL if every else work) / (2 * once * len(sizes))
    return int(min(max(sizes) if every else MOST_COORDINATES, max(LEAST_COORDINATES, affordable)))


def burned_in(
    network: Network,
    optimizer: Optimizer,
    state: State,
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    steps: int = BURN_IN,
) -> dict[str, NDArray[Any]] | None:
    """Return the weights after some steps on all of these rows; None where one of them is not finite.

    state: initial weights by name, which stay as they are.
    """
    step = training_step(network, optimizer)
    moved = first_state(optimizer, step, {name: array.copy() for name, array in state.items()})
    count = len(rows["inputs"])
    runner = make_runner(executor, optimizer, step, {"cost": step.cost}, moved, rows, count)
    for _ in range(steps):
        runner.run(np.arange(count), lambda: True)
    kept = {name: moved[name] for name in state}
    return kept if all_finite(kept.values()) else None
