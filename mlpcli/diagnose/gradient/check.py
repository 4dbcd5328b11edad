"""Question 1: is the gradient right? Central differences against the graph, in float64."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.gradient.op import Parts, WrongOp, first_wrong_op
from mlpcli.diagnose.gradient.parameter import RELATIVE_TOLERANCE, Checker, Direction, Entry, ParameterCheck
from mlpcli.diagnose.gradient.precision import PrecisionCheck
from mlpcli.execute.executor import Executor, State
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network
from mlpcli.optim.optimizer import Optimizer
from mlpcli.optim.step import training_step
from mlpcli.training.runner import first_state, make_runner

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BURN_IN",
    "RELATIVE_TOLERANCE",
    "Direction",
    "Entry",
    "GradientCheck",
    "ParameterCheck",
    "burned_in",
    "check_cost",
    "check_gradients",
    "default_coordinates",
]

SUM_TOLERANCE = 1e-10
"""Relative: the cost's gradient is the loss's plus the penalty's but for rounding."""
MOST_COORDINATES, LEAST_COORDINATES = 200, 10
"""Entries of a parameter that are checked one by one, where it has more."""
WORK = 1e10
"""Multiplications for all of them at one point, some seconds, which lowers their number down to the least."""
CALLS = 1e5
"""Multiplications that the calls of NumPy for one parameter's layer count for."""
WORK_FOR_ALL = 1e12
"""The same where all entries are wanted: some minutes. A network whose entries take longer is a large one."""
BURN_IN = 20
"""Steps of a short burn-in: after them, biases that began at 0 are off the kinks."""


@dataclass(frozen=True)
class GradientCheck:
    """The whole of question 1.

    points: the weights it was checked at. checks: by point, then loss before penalty, then in the order of
    the parameters. sum_wrong: parameters where the cost's gradient is not the loss's plus the penalty's.
    repeatable: whether a second run gave the same gradients, bit by bit. first_wrong: where something is
    wrong, the first op whose derivative is.
    """

    points: tuple[str, ...]
    checks: tuple[ParameterCheck, ...]
    sum_wrong: tuple[str, ...] = ()
    repeatable: bool = True
    first_wrong: WrongOp | None = None
    in_precision: PrecisionCheck | None = None
    """The gradient in the precision of the config, where that is not float64."""

    cusps: tuple[str, ...] = ()
    """Formulas with an infinite slope on both sides of what they are given, a sentence for each."""

    @property
    def not_finite(self) -> tuple[str, ...]:
        """Parameters by which the gradient is infinite or NaN at some point, by a formula."""
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
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.right)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Parameters of which nothing could be judged at any point."""
        judged = {check.name for check in self.checks if check.judged or check.not_finite}
        return tuple(dict.fromkeys(check.name for check in self.checks if check.name not in judged))

    @property
    def sentence(self) -> str:
        """What is wrong, "" where nothing is."""
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
        """Plain data."""
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
    cost: Node,
    loss: Node,
    penalty: Node | None,
    parameters: Sequence[Node],
    states: Iterable[tuple[str, State]],
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    rng: np.random.Generator,
    coordinates: int | None = None,
    all_coordinates: bool = False,
    parts: Parts = (),
    formulas: bool = False,
) -> GradientCheck:
    """Loss and penalty, each by itself, at every one of the named states; all arrays float64.

    states: name -> arrays of the same parameters, which stay as they are. coordinates: entries of a parameter
    that are checked one by one; by default, and where all of them are wanted, as many as
    default_coordinates() says. parts: what the first wrong op is looked for in, see parts_of(). formulas:
    whether the network has some, whose slope may be infinite: that is no wrong derivative.
    """
    named = list(states)
    state = {name: np.array(array, order="C") for name, array in named[0][1].items()}
    roots = {"loss": loss} if penalty is None else {"loss": loss, "penalty": penalty}
    checkers = {
        part: Checker(root, parameters, state, rows, executor, formulas) for part, root in roots.items()
    }
    whole = None if cost is loss else Checker(cost, parameters, state, rows, executor)
    count = len(next(iter(rows.values())))
    most = default_coordinates(parameters, count, all_coordinates) if coordinates is None else coordinates
    checks: list[ParameterCheck] = []
    sum_wrong: dict[str, None] = {}
    repeatable = True
    failed: tuple[Node, State] | None = None
    for point, values in named:
        for name, array in state.items():
            array[...] = values[name]
        total: dict[str, NDArray[Any]] = {}
        size: dict[str, NDArray[Any]] = {}
        for part, checker in checkers.items():
            found = checker.check(rng, most, point, part)
            checks += found
            if failed is None and not all(check.right for check in found):
                failed = roots[part], values
            symbolic = checker.symbolic()
            repeatable &= _same(symbolic, checker.symbolic())
            for name, gradient in symbolic.items():
                total[name] = total.get(name, 0.0) + gradient
                size[name] = size.get(name, 0.0) + np.abs(gradient)
        if whole is not None:
            differing = _differing(whole.symbolic(), total, size)
            sum_wrong |= dict.fromkeys(differing)
            if failed is None and differing:
                failed = cost, values
    first = first_wrong_op(failed[0], parameters, failed[1], rows, executor, rng, parts) if failed else None
    return GradientCheck(tuple(n for n, _ in named), tuple(checks), tuple(sum_wrong), repeatable, first)


def check_gradients(
    cost: Node,
    parameters: Sequence[Node],
    state: State,
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    rng: np.random.Generator,
    most_entries: int = MOST_COORDINATES,
) -> list[ParameterCheck]:
    """Compare d cost / d parameter with central differences: along a random direction, and by entries.

    Up to `most_entries` entries of each. All arrays float64; `state` holds the parameters and is as before
    afterwards. An entry whose ±h lies on two sides of a kink has no derivative to compare, and is counted
    apart. Gradients that are 0 are compared too, those of parameters the cost does not depend on included.
    """
    return Checker(cost, parameters, state, rows, executor).check(rng, most_entries)


def default_coordinates(
    parameters: Sequence[Node], rows: int, every: bool = False, work: float = WORK
) -> int:
    """How many entries of each parameter are checked one by one in a network of this size.

    every: all of them, unless the network is so large that this would take more than minutes. work: the
    multiplications that may be made otherwise.
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
    """The weights after some steps on all of these rows; `state` stays. None where they are no numbers."""
    step = training_step(network, optimizer)
    moved = first_state(optimizer, step, {name: array.copy() for name, array in state.items()})
    count = len(rows["inputs"])
    runner = make_runner(executor, optimizer, step, {"cost": step.cost}, moved, rows, count)
    for _ in range(steps):
        runner.run(np.arange(count), lambda: True)
    kept = {name: moved[name] for name in state}
    return kept if all(np.isfinite(array).all() for array in kept.values()) else None


def _same(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> bool:
    return all(np.array_equal(array, second[name], equal_nan=True) for name, array in first.items())


def _differing(
    whole: Mapping[str, NDArray[Any]],
    total: Mapping[str, NDArray[Any]],
    size: Mapping[str, NDArray[Any]],
) -> list[str]:
    """Parameters where whole is not the total; what is no number is nothing to compare."""
    with np.errstate(all="ignore"):
        return [
            name
            for name, gradient in whole.items()
            if np.any(np.abs(gradient - total[name]) > SUM_TOLERANCE * np.max(size[name], initial=0.0))
        ]
