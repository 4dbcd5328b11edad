"""One cost and its parameters: the gradient by the graph beside central differences, in float64."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.grad.finite_difference import (
    STEP,
    Difference,
    Evaluate,
    central_difference,
    directional_difference,
)
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, topological
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
"""Times 1 + |cost|; together: |symbolic - numeric| <= absolute + relative · max(|symbolic|, |numeric|)."""
JUDGEABLE = 1e-3
"""An entry is judged where rounding blurs the numeric derivative by less than this share of it."""
STEPS = (STEP, STEP / 16, STEP / 256)
"""Large inputs bend the cost so much that the first step is too long; a wrong gradient fails at all three."""
SHORTER = (*STEPS, STEP / 4096)
"""For directions: all entries of a parameter move at once, and more kinks are near."""
DIRECTIONS = 3
"""Random directions that are tried where every step of the one before crosses a kink."""
STEPS_AGREE = 0.1
"""Share of the disagreement with the graph by which two steps may differ where that counts as wrong. A wrong
derivative leaves the steps in agreement; saturated units of enormous weights, which flip within one, do not.
Ours: without it 1 of 122 configs, with weights of 1e24, gave a false alarm."""


@dataclass(frozen=True)
class Entry:
    """One entry of a parameter: both derivatives, and |difference| / max(|symbolic|, |numeric|).

    floor: what central differences cannot tell from 0.
    """

    index: tuple[int, ...]
    symbolic: float
    numeric: float
    floor: float = 0.0

    @property
    def rounding(self) -> bool:
        """Whether both derivatives are rounding of 0, so that their relative error says nothing."""
        return max(abs(self.symbolic), abs(self.numeric)) <= self.floor

    @property
    def relative_error(self) -> float:
        """0 where both are rounding of 0."""
        size = max(abs(self.symbolic), abs(self.numeric))
        return 0.0 if self.rounding else abs(self.symbolic - self.numeric) / size


@dataclass(frozen=True)
class Direction:
    """The derivative along one random direction, in which every entry of a parameter moves.

    size: Euclidean norm of the products that are summed, about what a random direction gives. right: None
    where it could not be judged; numeric is NaN then. floor: what central differences cannot tell from 0.
    """

    symbolic: float
    numeric: float
    size: float
    right: bool | None
    floor: float = 0.0

    @property
    def rounding(self) -> bool:
        """Whether both derivatives are rounding of 0, so that their relative error says nothing."""
        return max(self.size, abs(self.symbolic), abs(self.numeric)) <= self.floor

    @property
    def relative_error(self) -> float:
        """|symbolic - numeric| over size, or over the larger of both; 0 where all are rounding of 0."""
        size = max(self.size, abs(self.symbolic), abs(self.numeric))
        return 0.0 if self.rounding else abs(self.symbolic - self.numeric) / size


@dataclass(frozen=True)
class ParameterCheck:
    """What was found for one parameter. worst: the entry that agrees least, None if none was judged.

    on_kinks: entries whose ±h lies on two sides of a kink at every step, or where the cost bends so sharply
    that no two steps give the same. point: at which weights. part: of what the gradient is, "loss" or
    "penalty".
    """

    name: str
    entries: int
    checked: int
    on_kinks: int
    lost_in_rounding: int
    wrong: int
    worst: Entry | None
    direction: Direction
    point: str = ""
    part: str = ""
    not_finite: int = 0
    """Entries whose derivative by the graph is infinite or NaN, which a formula may make it: not judged."""

    @property
    def right(self) -> bool:
        """Whether every entry that could be judged agrees, and the direction."""
        return self.wrong == 0 and self.direction.right is not False

    @property
    def judged(self) -> bool:
        """Whether anything could be judged."""
        return self.checked > 0 or self.direction.right is not None

    def as_json(self) -> dict[str, Any]:
        """Plain data: every field by name, and the relative errors."""
        plain = asdict(self)
        if self.worst is not None:
            plain["worst"]["relative_error"] = self.worst.relative_error
        plain["direction"]["relative_error"] = self.direction.relative_error
        if self.direction.right is None:  # JSON has no NaN
            plain["direction"] = None
        return {**plain, "right": self.right}


class Checker:
    """One cost, compiled once; checked with whatever is in `state`."""

    def __init__(
        self,
        cost: Node,
        parameters: Sequence[Node],
        state: State,
        rows: Mapping[str, NDArray[Any]],
        executor: Executor,
        formulas: bool = False,
    ) -> None:
        """formulas: whether a slope may be infinite, as those of formulas can be."""
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
        """The gradient by the graph, by parameter."""
        with arithmetic():
            self._values.run()
        return {name: self._values.outputs[name].copy() for name in self._arrays}

    def check(
        self, rng: np.random.Generator, most_entries: int, point: str = "", part: str = ""
    ) -> list[ParameterCheck]:
        """Every parameter."""
        symbolic = self.symbolic()
        checks = []
        with arithmetic():
            floor = ABSOLUTE_TOLERANCE * (1.0 + abs(self._evaluate()[0]))
            for name, array in self._arrays.items():
                chosen = np.arange(array.size)
                if array.size > most_entries:
                    chosen = np.sort(rng.choice(array.size, most_entries, replace=False))
                indices = [tuple(int(i) for i in np.unravel_index(flat, array.shape)) for flat in chosen]
                lost = int(np.count_nonzero(~np.isfinite(symbolic[name]))) if self._formulas else 0
                if lost:
                    indices = [index for index in indices if np.isfinite(symbolic[name][index])]
                direction = (
                    Direction(math.nan, math.nan, math.nan, None)
                    if lost
                    else _check_direction(array, symbolic[name], self._evaluate, floor, rng)
                )
                entries = _check_entries(array, indices, symbolic[name], self._evaluate, floor)
                checks.append(ParameterCheck(name, array.size, *entries, direction, point, part, lost))
        return checks

    def _evaluate(self) -> tuple[float, Sequence[NDArray[Any]]]:
        self._costs.run()
        return float(self._costs.outputs["cost"]), self._patterns


@dataclass(frozen=True)
class _Compared:
    """Both derivatives at one step. size: what the symbolic one is measured by."""

    symbolic: float
    size: float
    numeric: Difference

    @property
    def gap(self) -> float:
        return self.symbolic - self.numeric.value

    @property
    def blur(self) -> float:
        """What rounding of the cost may do to the numeric one."""
        return 4 * self.numeric.noise

    def excess(self, floor: float) -> float | None:
        """|gap| over what is allowed; None where rounding hides it, or the cost is no number."""
        size = abs(self.numeric.value)
        if not (math.isfinite(size) and math.isfinite(floor)):
            return None
        if math.isfinite(self.size):
            size = max(self.size, size)
        elif floor > 1.0:
            return None  # with a cost beyond 1e9 the gradient may well have overflowed
        if not self.blur <= floor + JUDGEABLE * size or floor > size > 1.0:
            return None
        excess = abs(self.gap) / (floor + RELATIVE_TOLERANCE * size + self.blur)
        return excess if math.isfinite(excess) else math.inf

    def agrees_with(self, other: _Compared) -> bool:
        """Whether both steps give one numeric derivative, measured by how far it is from the symbolic one."""
        allowed = STEPS_AGREE * abs(self.gap) + self.blur + other.blur
        return not abs(self.gap - other.gap) > allowed


@dataclass(frozen=True)
class _Judgement:
    """right: None where nothing could be judged, on a kink or not. best: the step that agrees most."""

    right: bool | None
    on_kink: bool
    excess: float
    best: _Compared | None


def _judge(steps: Iterable[_Compared], floor: float) -> _Judgement:
    """The first step at which both agree; else wrong, where the steps agree with each other."""
    best: tuple[float, _Compared] | None = None
    smooth = []
    kink = False
    for step in steps:
        if step.numeric.crosses_kink:
            kink = True
            continue
        if math.isfinite(step.numeric.value):
            smooth.append(step)
        excess = step.excess(floor)
        if excess is None:
            continue
        if excess <= 1.0:
            return _Judgement(True, False, excess, step)
        if best is None or excess < best[0]:
            best = (excess, step)
    if best is None:
        return _Judgement(None, kink, 0.0, None)
    others = [step for step in smooth if step is not best[1]]
    if others and not any(best[1].agrees_with(other) for other in others):
        return _Judgement(None, True, 0.0, None)
    return _Judgement(False, False, *best)


def _check_direction(
    array: NDArray[Any],
    symbolic: NDArray[Any],
    evaluate: Evaluate,
    floor: float,
    rng: np.random.Generator,
) -> Direction:
    def along(way: NDArray[Any]) -> Iterator[_Compared]:
        for step in SHORTER:
            difference, gone = directional_difference(evaluate, array, way, step)
            products = symbolic * gone
            yield _Compared(float(np.sum(products)), float(np.linalg.norm(products)), difference)

    for _ in range(DIRECTIONS):
        # Magnitudes away from 0, so that no entry is hidden.
        way = rng.uniform(0.5, 1.5, array.shape) * rng.choice((-1.0, 1.0), array.shape)
        found = _judge(along(way), floor)
        if found.best is not None:
            best = found.best
            return Direction(best.symbolic, best.numeric.value, best.size, found.right, floor)
    products = symbolic * way
    return Direction(float(np.sum(products)), math.nan, float(np.linalg.norm(products)), None, floor)


def _check_entries(
    array: NDArray[Any],
    indices: Sequence[tuple[int, ...]],
    symbolic: NDArray[Any],
    evaluate: Evaluate,
    floor: float,
) -> tuple[int, int, int, int, Entry | None]:
    """checked, on_kinks, lost_in_rounding, wrong and worst, as of a ParameterCheck."""

    def at(index: tuple[int, ...]) -> Iterator[_Compared]:
        value = float(symbolic[index])
        for step in STEPS:
            yield _Compared(value, abs(value), central_difference(evaluate, array, index, step))

    on_kinks = lost = wrong = 0
    worst: Entry | None = None
    worst_so_far = (False, -1.0)
    for index in indices:
        found = _judge(at(index), floor)
        if found.best is None:
            on_kinks += found.on_kink
            lost += not found.on_kink
            continue
        wrong += found.right is False
        entry = Entry(index, found.best.symbolic, found.best.numeric.value, floor)
        # Entries that are rounding of 0 are shown only where there is no other.
        if (not entry.rounding, found.excess) > worst_so_far:
            worst_so_far = (not entry.rounding, found.excess)
            worst = entry
    return len(indices) - on_kinks - lost, on_kinks, lost, wrong, worst


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
