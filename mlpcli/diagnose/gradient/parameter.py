"""The gradient of one cost by its parameters, beside central differences, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.gradient.compare import STEPS, DerivativeComparison, absolute_floor, along_directions
from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.grad.finite_difference import Evaluate, NumericDerivative, central_difference
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, topological
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENTRY_STEPS = STEPS[:3]
"""Step lengths for single entries; along directions all entries move, and more kinks are near."""
MOST_COORDINATES = 200
"""Entries of a parameter that are checked one by one, where it has more."""


class _DerivativePair:
    """A derivative by the graph beside the numeric one. floor: what differences cannot tell from 0."""

    symbolic: float
    numeric: float
    floor: float

    @property
    def scale(self) -> float:
        """The size that the difference is measured by."""
        return max(abs(self.symbolic), abs(self.numeric))

    @property
    def rounding(self) -> bool:
        """Whether both derivatives are rounding of 0, so that their relative error says nothing."""
        return self.scale <= self.floor

    @property
    def relative_error(self) -> float:
        """The difference relative to `scale`; 0 where both derivatives are rounding of 0."""
        return 0.0 if self.rounding else abs(self.symbolic - self.numeric) / self.scale


@dataclass(frozen=True)
class EntryCheck(_DerivativePair):
    """The derivative by one entry of a parameter."""

    index: tuple[int, ...]
    symbolic: float
    numeric: float
    floor: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DirectionCheck(_DerivativePair):
    """The derivative along one random direction, in which every entry of a parameter moves.

    size: Euclidean norm of the products that are summed, about what a random direction gives. right: None
    where it could not be judged; the numbers are NaN then.
    """

    symbolic: float = math.nan
    numeric: float = math.nan
    size: float = math.nan
    right: bool | None = None
    floor: float = 0.0

    @property
    def scale(self) -> float:
        """The size that the difference is measured by."""
        return max(self.size, abs(self.symbolic), abs(self.numeric))


@dataclass(frozen=True, kw_only=True)
class ParameterCheck:
    """The check of one parameter.

    entries: in the parameter; checked: of those, the ones that were judged one by one, `wrong` of them wrong.
    on_kinks: entries whose ±h lies on two sides of a kink at every step, or where the cost bends so sharply
    that no two steps give the same. lost_in_rounding: entries whose difference rounding hides. worst: the
    entry that agrees least, None if none was judged. point: name of the weights it was checked at. part:
    "loss" or "penalty", whose gradient it is. not_finite: entries whose derivative by the graph is infinite
    or NaN, which a formula may make it: they are not judged.
    """

    name: str
    entries: int
    checked: int
    on_kinks: int
    lost_in_rounding: int
    wrong: int
    worst: EntryCheck | None
    direction: DirectionCheck
    point: str = ""
    part: str = ""
    not_finite: int = 0

    @property
    def right(self) -> bool:
        """Whether every entry that could be judged agrees, and the direction."""
        return self.wrong == 0 and self.direction.right is not False

    @property
    def judged(self) -> bool:
        """Whether anything could be judged."""
        return self.checked > 0 or self.direction.right is not None

    def as_json(self) -> dict[str, Any]:
        """Return every field by name, and the relative errors, as plain data."""
        plain = asdict(self)
        if self.worst is not None:
            plain["worst"]["relative_error"] = self.worst.relative_error
        plain["direction"]["relative_error"] = self.direction.relative_error
        if self.direction.right is None:  # JSON has no NaN
            plain["direction"] = None
        return {**plain, "right": self.right}


class GradientChecker:
    """A cost that is compiled once, and checked with whatever is in `state`."""

    def __init__(
        self,
        cost: Node,
        parameters: Sequence[Node],
        state: State,
        rows: Mapping[str, NDArray[Any]],
        executor: Executor,
        formulas: bool = False,
    ) -> None:
        """state, rows: arrays by name, float64. formulas: whether a slope may be infinite, as of formulas."""
        self._formulas = formulas
        self._arrays = {p.name: state[p.name] for p in parameters}
        symbolic = gradients(cost, parameters, allow_disconnected=True)
        count = len(next(iter(rows.values())))
        kinks = {f"kink{number}": node for number, node in enumerate(kink_patterns(cost))}
        gradient_nodes = {p.name: node for p, node in zip(parameters, symbolic, strict=True)}
        self._values = executor.compile(make_plan(gradient_nodes, batch=count), state)
        self._costs = executor.compile(make_plan({"cost": cost, **kinks}, batch=count), state)
        for function in (self._values, self._costs):
            for name, buffer in function.inputs.items():
                buffer[...] = rows[name]
        self._patterns = [self._costs.outputs[name] for name in kinks]

    def symbolic(self) -> dict[str, NDArray[Any]]:
        """Return the gradient by the graph, by parameter."""
        with arithmetic():
            self._values.run()
        return {name: self._values.outputs[name].copy() for name in self._arrays}

    def check(
        self, rng: np.random.Generator, most_entries: int, point: str = "", part: str = ""
    ) -> list[ParameterCheck]:
        """Check every parameter along a random direction, and up to most_entries entries of it."""
        symbolic = self.symbolic()
        checks = []
        with arithmetic():
            floor = float(absolute_floor(self._evaluate()[0]))
            for name, array in self._arrays.items():
                gradient = symbolic[name]
                chosen = np.arange(array.size)
                if array.size > most_entries:
                    chosen = np.sort(rng.choice(array.size, most_entries, replace=False))
                direction, not_finite = DirectionCheck(), 0
                if self._formulas:
                    finite = np.isfinite(gradient)
                    not_finite = int(np.count_nonzero(~finite))
                    chosen = chosen[finite.ravel()[chosen]]
                # A direction moves every entry, so it has no derivative where that of one is not finite.
                if not not_finite:
                    direction = _check_direction(array, gradient, self._evaluate, floor, rng)
                counts = _check_entries(array, chosen, gradient, self._evaluate, floor)
                checks.append(
                    ParameterCheck(
                        name=name,
                        entries=array.size,
                        direction=direction,
                        point=point,
                        part=part,
                        not_finite=not_finite,
                        **counts,
                    )
                )
        return checks

    def _evaluate(self) -> tuple[float, Sequence[NDArray[Any]]]:
        self._costs.run()
        return float(self._costs.outputs["cost"]), self._patterns


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

    state, rows: arrays by name, float64; `state` is restored afterwards. most_entries: entries of each
    parameter that are compared at most. An entry whose ±h lies on two sides of a kink has no derivative to
    compare, and is counted apart. Gradients that are 0 are compared too, those of parameters the cost does
    not depend on included.
    """
    return GradientChecker(cost, parameters, state, rows, executor).check(rng, most_entries)


def _check_direction(
    array: NDArray[Any],
    gradient: NDArray[Any],
    evaluate: Evaluate,
    floor: float,
    rng: np.random.Generator,
) -> DirectionCheck:
    """Check the first direction that can be judged: every step of the one before may cross a kink."""
    for found in along_directions(array, gradient, evaluate, floor, rng):
        if found.judged:
            return DirectionCheck(
                symbolic=float(found.symbolic),
                numeric=float(found.numeric),
                size=float(found.size),
                right=not found.wrong,
                floor=floor,
            )
    return DirectionCheck()


def _check_entries(
    array: NDArray[Any], chosen: NDArray[np.intp], gradient: NDArray[Any], evaluate: Evaluate, floor: float
) -> dict[str, Any]:
    """Return the fields of a ParameterCheck that are about entries. chosen: flat indices of these."""
    indices = [tuple(int(i) for i in np.unravel_index(flat, array.shape)) for flat in chosen]
    symbolic = gradient.ravel()[chosen]
    found = DerivativeComparison(chosen.shape, floor)
    for step in ENTRY_STEPS:
        value, noise = np.full(chosen.shape, np.nan), np.full(chosen.shape, np.nan)
        crosses = np.zeros(chosen.shape, bool)
        for at in np.flatnonzero(found.open).tolist():
            numeric = central_difference(evaluate, array, indices[at], step)
            value[at], crosses[at], noise[at] = numeric.value, numeric.crosses_kink, numeric.noise
        found.add(symbolic, NumericDerivative(value, crosses, noise))
    judged, on_kinks = found.judged, found.on_kinks
    return {
        "checked": int(judged.sum()),
        "on_kinks": int(on_kinks.sum()),
        "lost_in_rounding": int((~judged & ~on_kinks).sum()),
        "wrong": int(found.wrong.sum()),
        "worst": _worst_entry(found, indices, floor),
    }


def _worst_entry(
    found: DerivativeComparison, indices: Sequence[tuple[int, ...]], floor: float
) -> EntryCheck | None:
    worst: EntryCheck | None = None
    worst_so_far = (False, -1.0)
    for at in np.flatnonzero(found.judged).tolist():
        entry = EntryCheck(indices[at], float(found.symbolic[at]), float(found.numeric[at]), floor)
        # Entries that are rounding of 0 are shown only where there is no other.
        rank = (not entry.rounding, float(found.excess[at]))
        if rank > worst_so_far:
            worst, worst_so_far = entry, rank
    return worst


def kink_patterns(cost: Node) -> list[Node]:
    """For every op with a kink that a gradient passes: a node that changes when the kink is crossed."""
    adjoint_passes: set[Node] = {cost}
    for node in reversed(topological([cost])):
        if node in adjoint_passes:
            adjoint_passes.update(
                i for i, d in zip(node.inputs, node.op.derivative, strict=False) if d is not None
            )
    return [
        node.op.branch(*node.inputs, **dict(node.attributes))
        for node in topological([cost])
        if node.op.branch is not None and node in adjoint_passes
    ]
