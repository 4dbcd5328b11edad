"""Where a gradient is wrong: the first op of the graph whose own derivative disagrees with differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.executor import Executor, State, arithmetic
from mlpcli.grad.finite_difference import EPSILON, STEP
from mlpcli.graph.node import BATCH_SIZE, CONSTANT, FLOATS, PARAMETER, Node, describe, parameter, topological
from mlpcli.nn.network import Network
from mlpcli.ops.elementwise import greater
from mlpcli.plan.make_plan import make_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
"""Times 1 + |result|: what truncation of the difference costs where the slope is next to 0."""
JUDGEABLE = 1e-3
"""An entry is judged where rounding blurs the numeric derivative by less than this share of it."""
SHRINKING = (1.0, 1 / 16, 1 / 256, 1 / 4096)
"""Shorter steps, tried where the first crosses a kink or bends too much."""
DIRECTIONS = 3
"""Random directions for an op that is not elementwise: these are linear, so one sees a single wrong entry."""
SAME_FACTOR = 1e-4
"""Relative: ratios of symbolic to numeric that differ by less are one factor."""


@dataclass(frozen=True)
class WrongOp:
    """An op whose derivative is wrong, by one of its arguments.

    node: the op with its shape. part: the layer it belongs to, or "loss" or "penalty"; "" where that is not
    known. argument: from 1. wrong of judged entries (or directions, for an op that is not elementwise)
    disagree; symbolic, numeric: of the worst. factor: symbolic / numeric where it is the same everywhere.
    passes_none: the op declares that no gradient passes by this argument.
    """

    op: str
    node: str
    part: str
    argument: int
    argument_node: str
    judged: int
    wrong: int
    index: tuple[int, ...] | None
    symbolic: float
    numeric: float
    factor: float | None
    passes_none: bool

    @property
    def sentence(self) -> str:
        """Op, place, argument and how it is wrong."""
        place = f" in {self.part}" if self.part else ""
        if self.passes_none:
            how = f"passes no gradient, where the slope is {self.numeric:.6g}"
        elif self.factor is not None:
            how = f"is {self.factor:.6g} times what it must be"
        elif self.index is not None:
            entry = ", ".join(map(str, self.index))
            how = (
                f"is wrong in {self.wrong} of {self.judged} entries; "
                f"at [{entry}] it is {self.symbolic:.6g} instead of {self.numeric:.6g}"
            )
        else:
            how = f"is {self.symbolic:.6g} along a random direction instead of {self.numeric:.6g}"
        return (
            f"The first wrong derivative is that of {self.node}{place}: "
            f"by argument {self.argument}, {self.argument_node}, it {how}."
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data: every field by name."""
        return asdict(self)


Parts = Sequence[tuple[str, Node]]
"""Name and last node of each part of a graph, in order of computation."""


def parts_of(network: Network) -> Parts:
    """The layers, the loss and the penalty."""
    parts = [(layer.name, layer.output) for layer in network.training.layers]
    parts.append(("loss", network.loss))
    if network.penalty is not None:
        parts.append(("penalty", network.penalty))
    return parts


def first_wrong_op(
    cost: Node,
    parameters: Sequence[Node],
    state: State,
    rows: Mapping[str, NDArray[Any]],
    executor: Executor,
    rng: np.random.Generator,
    parts: Parts = (),
) -> WrongOp | None:
    """The first op, from the inputs on, whose derivative by an argument that depends on a parameter is wrong.

    Every op is looked at by itself, with the values it has on these rows (all float64). None: each of them is
    right, or could not be judged where it stands; a wrong gradient is then the fault of how the derivatives
    are put together, or of the executor.
    """
    part_of = _part_of(parts)
    count = len(next(iter(rows.values()), ()))
    values: dict[Node, NDArray[Any]] = {}
    moving = set(parameters)
    with arithmetic():
        for node in topological([cost]):
            if node.op.kind == "source":
                values[node] = _source_value(node, state, rows, count)
                continue
            local = _LocalOp(node, [values[i] for i in node.inputs], count, executor)
            values[node] = local.value()
            positions = [
                at
                for at, source in enumerate(node.inputs)
                if source in moving and source.dtype in FLOATS and node.dtype in FLOATS
            ]
            if positions:
                moving.add(node)
            # No gradient passes it, though it has a slope: that is what it is for.
            if node.op.name == "stop_gradient":
                continue
            for at in positions:
                wrong = _wrong_argument(node, at, local, rng, part_of.get(node, ""))
                if wrong is not None:
                    return wrong
    return None


def _part_of(parts: Parts) -> dict[Node, str]:
    found: dict[Node, str] = {}
    for name, last in parts:
        for node in topological([last]):
            found.setdefault(node, name)
    return found


def _source_value(node: Node, state: State, rows: Mapping[str, NDArray[Any]], count: int) -> NDArray[Any]:
    if node.op is CONSTANT:
        return np.asarray(node.value)
    if node.op is BATCH_SIZE:
        return np.asarray(count, node.dtype)
    given: NDArray[Any] = state[node.name] if node.op is PARAMETER else rows[node.name]
    return given


class _LocalOp:
    """One op of the graph on arrays of its own: its value, its branch and what its derivative makes of g.

    The operands of an elementwise op are spread to the shape of the result, so that each entry of the result
    depends on one entry of each.
    """

    def __init__(self, node: Node, operands: Sequence[NDArray[Any]], count: int, executor: Executor) -> None:
        self.elementwise = node.op.kind == "elementwise"
        if self.elementwise:
            shape = np.broadcast_shapes(*(a.shape for a in operands))
            operands = [np.broadcast_to(a, shape) for a in operands]
        self.operands = [np.array(a, np.float64, order="C") for a in operands]
        self._state = {f"operand {at}": array for at, array in enumerate(self.operands)}
        self._executor = executor
        inputs = []
        for at, (source, array) in enumerate(zip(node.inputs, operands, strict=True)):
            given = parameter(f"operand {at}", array.shape)
            inputs.append(given if source.dtype in FLOATS else greater(given, 0.5))
        attributes = dict(node.attributes)
        if "shape" in attributes:  # the open batch axis has the size it has on these rows
            attributes["shape"] = tuple(count if size is None else size for size in attributes["shape"])
        self._inputs, self._attributes, self._op = inputs, attributes, node.op
        self._result = node.op(*inputs, **attributes)
        outputs = {"value": self._result}
        if node.op.branch is not None:
            outputs["branch"] = node.op.branch(*inputs, **attributes)
        self._function = executor.compile(make_plan(outputs), self._state)

    def value(self) -> NDArray[Any]:
        """A copy of the result."""
        self._function.run()
        result: NDArray[Any] = self._function.outputs["value"].copy()
        return result

    def branch(self) -> NDArray[Any]:
        """A copy of the branch pattern at the last value(); zero for an op without kinks."""
        return self._function.outputs["branch"].copy() if self._op.branch else np.zeros(())

    def arriving(self, at: int, g: NDArray[Any]) -> NDArray[Any]:
        """What the derivative by that operand makes of the adjoint g; zeros where it declares none."""
        derivative: Callable[..., Node] | None = self._op.derivative[at]
        operand = self.operands[at]
        if derivative is None:
            return np.zeros_like(operand)
        adjoint = parameter("adjoint", g.shape)
        made = derivative(adjoint, self._result, *self._inputs, **self._attributes)
        state = {**self._state, "adjoint": np.array(g, order="C")}
        function = self._executor.compile(make_plan({"made": made}), state)
        function.run()
        return np.array(np.broadcast_to(function.outputs["made"], operand.shape))


def _wrong_argument(
    node: Node, at: int, local: _LocalOp, rng: np.random.Generator, part: str
) -> WrongOp | None:
    result = local.value()
    g = rng.uniform(0.5, 1.5, result.shape) * rng.choice((-1.0, 1.0), result.shape)
    made = local.arriving(at, g)
    compare = _by_entry if local.elementwise else _by_direction
    excess, symbolic, numeric = compare(local, at, g, result, made, rng)
    judged = ~np.isnan(excess)
    wrong = judged & (excess > 1.0)
    if not wrong.any():
        return None
    worst = np.unravel_index(int(np.argmax(np.where(judged, excess, -1.0))), excess.shape)
    index = tuple(int(i) for i in worst) if local.elementwise else None
    return WrongOp(
        node.op.name,
        describe(node),
        part,
        at + 1,
        describe(node.inputs[at]),
        int(judged.sum()),
        int(wrong.sum()),
        index,
        float(symbolic[worst]),
        float(numeric[worst]),
        _same_factor(symbolic[judged], numeric[judged]),
        node.op.derivative[at] is None,
    )


Compared = tuple["NDArray[Any]", "NDArray[Any]", "NDArray[Any]"]
"""|symbolic - numeric| over what is allowed (NaN: not judged), symbolic, numeric."""


def _by_entry(
    local: _LocalOp,
    at: int,
    g: NDArray[Any],
    result: NDArray[Any],
    made: NDArray[Any],
    rng: np.random.Generator,
) -> Compared:
    """Every entry of an elementwise op at once."""
    operand = local.operands[at]
    old = operand.copy()
    best = np.full(result.shape, np.nan)
    symbolic, numeric = made / g, np.full(result.shape, np.nan)
    for step in _entry_steps(old):
        operand[...] = old + step
        above, value_above, branch_above = operand.copy(), local.value(), local.branch()
        operand[...] = old - step
        width, value_below, branch_below = above - operand, local.value(), local.branch()
        operand[...] = old
        difference = (value_above - value_below) / width
        noise = EPSILON * (np.abs(value_above) + np.abs(value_below)) / width
        excess = _excess(symbolic, difference, np.abs(symbolic), noise, 1.0 + np.abs(result))
        excess = np.where(branch_above == branch_below, excess, np.nan)
        better = ~np.isnan(excess) & ~(excess >= best)  # also where nothing was judged before
        best[better], numeric[better] = excess[better], difference[better]
    return best, symbolic, numeric


def _entry_steps(operand: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for shrink in SHRINKING:
        yield STEP * shrink * np.maximum(1.0, np.abs(operand))
    yield STEP * np.abs(operand)  # for log and powers next to 0


def _by_direction(
    local: _LocalOp,
    at: int,
    g: NDArray[Any],
    result: NDArray[Any],
    made: NDArray[Any],
    rng: np.random.Generator,
) -> Compared:
    """The result weighed by g, along random directions of the operand."""
    operand = local.operands[at]
    old = operand.copy()
    size = max(1.0, float(np.sqrt(np.mean(old * old))))
    weight = float(np.linalg.norm(g * result))
    best, symbolic, numeric = (np.full(DIRECTIONS, np.nan) for _ in range(3))
    for number in range(DIRECTIONS):
        way = rng.uniform(0.5, 1.5, old.shape) * rng.choice((-1.0, 1.0), old.shape)
        for shrink in SHRINKING:
            step = STEP * shrink * size
            operand[...] = old + step * way
            above, value_above, branch_above = operand.copy(), local.value(), local.branch()
            operand[...] = old - step * way
            gone, value_below, branch_below = (above - operand) / (2 * step), local.value(), local.branch()
            operand[...] = old
            if not np.array_equal(branch_above, branch_below):
                continue
            expected = float(np.sum(made * gone))
            difference = float(np.sum(g * (value_above - value_below))) / (2 * step)
            scale = float(np.linalg.norm(made * gone))
            noise = EPSILON * weight / step
            excess = float(_excess(expected, difference, scale, noise, 1.0))
            if not np.isnan(excess) and not excess >= best[number]:
                best[number], symbolic[number], numeric[number] = excess, expected, difference
            if excess <= 1.0:
                break
    return best, symbolic, numeric


def _excess(symbolic: Any, numeric: Any, size: Any, noise: Any, scale: Any) -> Any:
    """|symbolic - numeric| over what is allowed; NaN where rounding hides it, or the op is no number."""
    size = np.maximum(np.where(np.isfinite(size), size, 0.0), np.abs(numeric))
    floor = ABSOLUTE_TOLERANCE * scale
    excess = np.abs(symbolic - numeric) / (floor + RELATIVE_TOLERANCE * size + 4 * noise)
    # The slope of a value that is infinite itself is none, and no fault of its derivative.
    excess = np.where(np.isfinite(symbolic) | ~np.isfinite(scale), excess, np.inf)
    return np.where(np.isfinite(numeric) & (4 * noise <= floor + JUDGEABLE * size), excess, np.nan)


def _same_factor(symbolic: NDArray[Any], numeric: NDArray[Any]) -> float | None:
    """symbolic / numeric where that is one number for all entries of some size, and there are several."""
    large = np.abs(numeric) > 1e-3 * np.max(np.abs(numeric), initial=0.0)
    if large.sum() < 2:
        return None
    ratios = symbolic[large] / numeric[large]
    middle = float(np.median(ratios))
    same = bool(np.all(np.abs(ratios - middle) <= SAME_FACTOR * max(1.0, abs(middle))))
    return middle if same else None
