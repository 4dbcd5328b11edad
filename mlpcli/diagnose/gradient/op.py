"""Why a gradient is wrong: the first op of its graph whose own derivative disagrees with differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.gradient.compare import (
    STEPS,
    DerivativeComparison,
    absolute_floor,
    along_directions,
    random_weights,
)
from mlpcli.execute.evaluate import evaluate
from mlpcli.execute.executor import State
from mlpcli.grad.finite_difference import STEP, entrywise_difference
from mlpcli.graph.node import FLOATS, Node, describe, parameter, topological
from mlpcli.nn.network import Network
from mlpcli.ops.elementwise import greater

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_FACTOR = 1e-4
"""Relative difference below which ratios of symbolic to numeric are one factor."""


@dataclass(frozen=True, kw_only=True)
class WrongOp:
    """An op whose derivative is wrong, by one of its arguments.

    node: the op with its shape. part: the layer it belongs to, or "loss" or "penalty"; "" where that is not
    known. argument: its number, from 1. judged: entries that could be judged, or directions for an op that is
    not elementwise; wrong: those that disagree. index, symbolic, numeric: place of the worst (None for a
    direction) and its derivatives. factor: symbolic / numeric where it is the same everywhere, else None.
    passes_none: whether the op declares that no gradient passes by this argument.
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
        """The op, where it is, the argument and how its derivative is wrong."""
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
        """Return every field by name, as plain data."""
        return asdict(self)


Parts = Sequence[tuple[str, Node]]
"""Name and last node of each part of a graph, in order of computation."""


def parts_of(network: Network) -> Parts:
    """Return the layers, the loss and the penalty of a network, each with its last node."""
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
    rng: np.random.Generator,
    parts: Parts = (),
) -> WrongOp | None:
    """Find the first op, from the inputs on, with a wrong derivative by an argument that parameters move.

    Every op is looked at by itself, with the values it has on these rows. state, rows: arrays by name,
    float64. parts: see parts_of(). None: each derivative is right, or could not be judged where it stands; a
    wrong gradient is then the fault of how the derivatives are put together, or of the executor.
    """
    part_of = _part_of(parts)
    moving = _depending_on(parameters, cost)
    count = len(next(iter(rows.values()), ()))
    order = topological([cost])
    values = evaluate({str(at): node for at, node in enumerate(order)}, {**state, **rows}, count)
    value_of = {node: values[str(at)] for at, node in enumerate(order)}
    with np.errstate(all="ignore"):
        for node in order:
            # A stopped gradient does not pass, though there is a slope: that is what the op is for.
            if node not in moving or node.op.kind == "source" or node.op.name == "stop_gradient":
                continue
            local = _LocalOp(node, [value_of[each] for each in node.inputs], count)
            for at, source in enumerate(node.inputs):
                wrong = _check_argument(node, at, local, rng, part_of) if source in moving else None
                if wrong is not None:
                    return wrong
    return None


def _depending_on(parameters: Sequence[Node], cost: Node) -> set[Node]:
    """Find the parameters, and the nodes with a slope that are computed from them."""
    moving = set(parameters)
    for node in topological([cost]):
        if node.dtype in FLOATS and any(each in moving and each.dtype in FLOATS for each in node.inputs):
            moving.add(node)
    return moving


def _part_of(parts: Parts) -> dict[Node, str]:
    found: dict[Node, str] = {}
    for name, last in parts:
        for node in topological([last]):
            found.setdefault(node, name)
    return found


class _LocalOp:
    """One op of the graph on arrays of its own: its value, its branches and what its derivative makes of g.

    The operands of an elementwise op are spread to the shape of the result, so that each entry of the result
    depends on one entry of each.
    """

    def __init__(self, node: Node, operands: Sequence[NDArray[Any]], count: int) -> None:
        """operands: the values of the node's inputs. count: rows of the batch."""
        self.elementwise = node.op.kind == "elementwise"
        if self.elementwise:
            operands = np.broadcast_arrays(*operands)
        self.operands = [np.array(each, np.float64, order="C") for each in operands]
        self._count = count
        self._values = {f"operand {at}": array for at, array in enumerate(self.operands)}
        inputs = []
        for (name, array), source in zip(self._values.items(), node.inputs, strict=True):
            given = parameter(name, array.shape)
            inputs.append(given if source.dtype in FLOATS else greater(given, 0.5))
        attributes = dict(node.attributes)
        if "shape" in attributes:  # the open batch axis has the size it has on these rows
            attributes["shape"] = tuple(count if size is None else size for size in attributes["shape"])
        self._inputs, self._attributes, self._op = inputs, attributes, node.op
        self._result = node.op(*inputs, **attributes)
        self._branches: dict[str, Node] = {}
        if node.op.branch is not None:
            self._branches["branch"] = node.op.branch(*inputs, **attributes)

    def value_and_branches(self) -> tuple[NDArray[Any], Sequence[NDArray[Any]]]:
        """Return a copy of the result at the current operands, and the branch pattern, if there are kinks."""
        found = evaluate({"value": self._result, **self._branches}, self._values, self._count)
        return found.pop("value").copy(), list(found.values())

    def arriving(self, at: int, g: NDArray[Any]) -> NDArray[Any]:
        """Return what the derivative by operand `at` makes of the adjoint g; zeros where it declares none."""
        derivative: Callable[..., Node] | None = self._op.derivative[at]
        shape = self.operands[at].shape
        if derivative is None:
            return np.zeros(shape)
        adjoint = parameter("adjoint", g.shape)
        made = derivative(adjoint, self._result, *self._inputs, **self._attributes)
        found = evaluate({"made": made}, {**self._values, "adjoint": g}, self._count)
        return np.array(np.broadcast_to(found["made"], shape))


def _check_argument(
    node: Node, at: int, local: _LocalOp, rng: np.random.Generator, part_of: Mapping[Node, str]
) -> WrongOp | None:
    """Compare the derivative by one argument: of an elementwise op all entries, else along directions."""
    result, _ = local.value_and_branches()
    g = random_weights(rng, result.shape)
    gradient = local.arriving(at, g)
    if local.elementwise:
        found = [_by_entry(local, at, gradient / g, result)]
    else:
        found = list(_by_direction(local, at, gradient, g, rng))
    excess = np.stack([each.excess for each in found])
    symbolic, numeric = (
        np.stack([each.symbolic for each in found]),
        np.stack([each.numeric for each in found]),
    )
    # Contradicting steps say nothing here: an op by itself has kinks only where it has branches.
    judged, wrong = ~np.isnan(excess), excess > 1.0
    if not wrong.any():
        return None
    worst = np.unravel_index(int(np.argmax(np.where(judged, excess, -1.0))), excess.shape)
    return WrongOp(
        op=node.op.name,
        node=describe(node),
        part=part_of.get(node, ""),
        argument=at + 1,
        argument_node=describe(node.inputs[at]),
        judged=int(judged.sum()),
        wrong=int(wrong.sum()),
        index=tuple(int(i) for i in worst[1:]) if local.elementwise else None,
        symbolic=float(symbolic[worst]),
        numeric=float(numeric[worst]),
        factor=_same_factor(symbolic[judged], numeric[judged]),
        passes_none=node.op.derivative[at] is None,
    )


def _by_entry(local: _LocalOp, at: int, slope: NDArray[Any], result: NDArray[Any]) -> DerivativeComparison:
    """Compare every entry of an elementwise op at once. slope: d result / d operand, of the same shape."""
    found = DerivativeComparison(result.shape, absolute_floor(result))
    # The last step is relative, for log and powers next to 0, where no other is short enough.
    for step, least in (*((step, 1.0) for step in STEPS), (STEP, 0.0)):
        found.add(slope, entrywise_difference(local.value_and_branches, local.operands[at], step, least))
        if not found.open.any():
            break
    return found


def _by_direction(
    local: _LocalOp, at: int, gradient: NDArray[Any], g: NDArray[Any], rng: np.random.Generator
) -> Iterator[DerivativeComparison]:
    """Compare the sum of the result, weighted by g, along random directions of the operand.

    Ops that are not elementwise are linear, so that one direction sees a single wrong entry.
    """

    def weighted() -> tuple[NDArray[Any], Sequence[NDArray[Any]]]:
        """Return the terms of the sum, and the branch patterns."""
        value, branches = local.value_and_branches()
        return g * value, branches

    return along_directions(local.operands[at], gradient, weighted, absolute_floor(0.0), rng)


def _same_factor(symbolic: NDArray[Any], numeric: NDArray[Any]) -> float | None:
    """Return symbolic / numeric where it is one number for all entries of some size, two at least."""
    large = np.abs(numeric) > 1e-3 * np.max(np.abs(numeric), initial=0.0)
    if large.sum() < 2:
        return None
    ratios = symbolic[large] / numeric[large]
    middle = float(np.median(ratios))
    same = bool(np.all(np.abs(ratios - middle) <= SAME_FACTOR * max(1.0, abs(middle))))
    return middle if same else None
