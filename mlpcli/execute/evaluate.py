"""A graph evaluated at once, node by node: where making a plan would take longer than the arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.numpy.scalar_ops import joining_ufunc
from mlpcli.graph.node import BATCH_SIZE, CONSTANT, Node, topological
from mlpcli.ops.scalar_ops import NumpyScalarOps

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Arrays = list["NDArray[Any]"]


def evaluate(
    outputs: Mapping[str, Node], values: Mapping[str, NDArray[Any]], rows: int
) -> dict[str, NDArray[Any]]:
    """Return the values of nodes by name. values: of every placeholder and parameter, by name; rows: of the
    batch.

    The results may share memory with the values. Infinities and NaN are values, not warnings.
    """
    done: dict[Node, NDArray[Any]] = {}
    with np.errstate(all="ignore"):
        for node in topological(outputs.values()):
            if node.op is BATCH_SIZE:
                done[node] = np.array(rows, node.dtype)
            elif node.op is CONSTANT:
                assert node.value is not None
                done[node] = node.value
            elif node.op.kind == "source":
                done[node] = values[node.name]
            else:
                done[node] = _KINDS[node.op.kind](node, [done[each] for each in node.inputs], rows)
    return {name: done[node] for name, node in outputs.items()}


def _elementwise(node: Node, inputs: _Arrays, rows: int) -> NDArray[Any]:
    assert node.op.formula is not None
    result: NDArray[Any] = node.op.formula(NumpyScalarOps(), *inputs, **dict(node.attributes))
    return result


def _reduce(node: Node, inputs: _Arrays, rows: int) -> NDArray[Any]:
    settings = dict(node.attributes)
    result: NDArray[Any] = joining_ufunc(node.op).reduce(
        inputs[0], axis=settings["axes"], keepdims=settings["keep"]
    )
    return result


def _matmul(node: Node, inputs: _Arrays, rows: int) -> NDArray[Any]:
    settings = dict(node.attributes)
    a, b = (
        array.T if settings[f"transpose_{side}"] else array for array, side in zip(inputs, "ab", strict=True)
    )
    product: NDArray[Any] = np.dot(a, b)
    return product


def _view(node: Node, inputs: _Arrays, rows: int) -> NDArray[Any]:
    assert node.op.view is not None
    settings, shape = dict(node.attributes), tuple(rows if size is None else size for size in node.shape)
    if "shape" in settings:
        settings["shape"] = shape
    if not node.op.scatter:
        return node.op.view(inputs[0], **settings)
    whole = np.zeros(shape, node.dtype)
    node.op.view(whole, **settings)[...] = inputs[0]
    return whole


_KINDS: dict[str, Callable[[Node, _Arrays, int], NDArray[Any]]] = {
    "elementwise": _elementwise,
    "reduce": _reduce,
    "matmul": _matmul,
    "view": _view,
}
