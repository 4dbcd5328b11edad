"""Question 1: is the gradient right? Central differences against the graph, in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.grad.finite_difference import STEP, Difference, central_difference
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node, topological
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
"""Times 1 + |cost|; together: |symbolic - numeric| <= absolute + relative · max(|symbolic|, |numeric|)."""
JUDGEABLE = 0.01
"""An entry is judged where rounding blurs the numeric derivative by less than this share of it."""
STEPS = (STEP, STEP / 16, STEP / 256)
"""Large inputs bend the cost so much that the first step is too long; a wrong gradient fails at all three."""


@dataclass(frozen=True)
class Entry:
    """One entry of a parameter: both derivatives, and |difference| / max(|symbolic|, |numeric|)."""

    index: tuple[int, ...]
    symbolic: float
    numeric: float

    @property
    def relative_error(self) -> float:
        """0 where both are 0."""
        size = max(abs(self.symbolic), abs(self.numeric))
        return abs(self.symbolic - self.numeric) / size if size > 0 else 0.0


@dataclass(frozen=True)
class ParameterCheck:
    """What was found for one parameter. worst: the entry that agrees least, None if none was judged."""

    name: str
    entries: int
    checked: int
    on_kinks: int
    lost_in_rounding: int
    wrong: int
    worst: Entry | None

    @property
    def right(self) -> bool:
        """Whether every entry that could be judged agrees."""
        return self.wrong == 0


def check_gradients(
    cost: Node,
    parameters: Sequence[Node],
    state: State,
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    rng: np.random.Generator,
    most_entries: int = 200,
) -> list[ParameterCheck]:
    """Compare d cost / d parameter with central differences, for up to `most_entries` entries of each.

    All arrays float64; `state` holds the parameters and is as before afterwards. An entry whose ±h lies
    on two sides of a kink has no derivative to compare, and is counted apart.
    """
    symbolic = gradients(cost, parameters)
    count = len(next(iter(rows.values())))
    kinks = {f"kink{number}": node for number, node in enumerate(kink_patterns(cost))}
    names = [f"gradient of {p.name}" for p in parameters]
    values = executor.compile(make_plan(dict(zip(names, symbolic, strict=True)), batch=count), state)
    costs = executor.compile(make_plan({"cost": cost, **kinks}, batch=count), state)
    for function in (values, costs):
        for name, buffer in function.inputs.items():
            buffer[...] = rows[name]
    patterns = [costs.outputs[name] for name in kinks]

    def evaluate() -> tuple[float, Sequence[NDArray[Any]]]:
        costs.run()
        return float(costs.outputs["cost"]), patterns

    with arithmetic():
        values.run()
        found = {p.name: values.outputs[name].copy() for p, name in zip(parameters, names, strict=True)}
        floor = ABSOLUTE_TOLERANCE * (1.0 + abs(evaluate()[0]))
        checks = []
        for p in parameters:
            array = state[p.name]
            chosen = np.arange(array.size)
            if array.size > most_entries:
                chosen = np.sort(rng.choice(array.size, most_entries, replace=False))
            indices = [tuple(int(i) for i in np.unravel_index(flat, array.shape)) for flat in chosen]
            checks.append(_check_one(p.name, array, indices, found[p.name], evaluate, floor))
    return checks


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


def _check_one(
    name: str,
    array: NDArray[Any],
    indices: Sequence[tuple[int, ...]],
    symbolic: NDArray[Any],
    evaluate: Any,
    floor: float,
) -> ParameterCheck:
    on_kinks = lost = wrong = 0
    worst: Entry | None = None
    worst_excess = -1.0
    for index in indices:
        value = float(symbolic[index])
        best: tuple[float, Difference] | None = None
        kink = False
        for step in STEPS:
            difference = central_difference(evaluate, array, index, step)
            if difference.crosses_kink:
                kink = True
                continue
            size = max(abs(value), abs(difference.value))
            blur = 4 * difference.noise
            if not blur <= floor + JUDGEABLE * size or floor > size > 1.0:
                continue  # rounding hides it; also where the cost is infinite or NaN
            excess = abs(value - difference.value) / (floor + RELATIVE_TOLERANCE * size + blur)
            if not math.isfinite(excess):
                excess = math.inf
            if best is None or excess < best[0]:
                best = (excess, difference)
            if excess <= 1.0:
                break
        if best is None:
            on_kinks += kink
            lost += not kink
            continue
        wrong += best[0] > 1.0
        if best[0] > worst_excess:
            worst_excess = best[0]
            worst = Entry(index, value, best[1].value)
    checked = len(indices) - on_kinks - lost
    return ParameterCheck(name, array.size, checked, on_kinks, lost, wrong, worst)
