"""Ops that compute nothing: they view some entries of an array, or spread it; and their adjoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.graph.node import OPS, Node, Op, Shape, shape_error

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _broadcast_shape(x: Node, shape: Shape, axes: tuple[int, ...]) -> Shape:
    expanded = list(x.shape)
    for axis in axes:
        expanded.insert(axis, 1)
    extended = (1,) * (len(shape) - len(expanded)) + tuple(expanded)
    if len(extended) != len(shape) or any(
        old not in (1, new) for old, new in zip(extended, shape, strict=True)
    ):
        raise shape_error("broadcast", (x,), f"it cannot be spread to {shape}.")
    return shape


def _sum_back(g: Node, y: Node, x: Node, shape: Shape, axes: tuple[int, ...]) -> Node:
    return unbroadcast(g, x.shape, axes)


def _spread_view(x: NDArray[Any], shape: tuple[int, ...], axes: tuple[int, ...]) -> NDArray[Any]:
    return np.broadcast_to(np.expand_dims(x, axes), shape)


broadcast = Op("broadcast", "view", _broadcast_shape, derivative=(_sum_back,), view=_spread_view)


def unbroadcast(g: Node, shape: Shape, inserted: tuple[int, ...] = ()) -> Node:
    """Return the sum of g over every axis that was spread from `shape` (with `inserted`
    axes): its adjoint.
    """
    if g.shape == shape and not inserted:
        return g
    total = OPS["reduce_sum"]
    leading = len(g.shape) - len(shape) - len(inserted)
    gone = (*range(leading), *(axis + leading for axis in inserted))
    if gone:
        g = total(g, axes=gone, keep=False)
    spread = tuple(axis for axis, size in enumerate(shape) if size == 1 and g.shape[axis] != 1)
    return total(g, axes=spread, keep=True) if spread else g


def _columns_shape(x: Node, start: int, stop: int) -> Shape:
    width = x.shape[-1]
    if width is None or not 0 <= start < stop <= width:
        raise shape_error("columns", (x,), f"there are no columns {start} to {stop}.")
    return (*x.shape[:-1], stop - start)


columns = Op(
    "columns",
    "view",
    _columns_shape,
    derivative=(lambda g, y, x, start, stop: pad_columns(g, start=start, stop=stop, width=x.shape[-1]),),
    view=lambda x, start, stop: x[..., start:stop],
)


def _pad_shape(x: Node, start: int, stop: int, width: int) -> Shape:
    if x.shape[-1] != stop - start or not 0 <= start < stop <= width:
        raise shape_error("pad_columns", (x,), f"it is not columns {start} to {stop} of {width}.")
    return (*x.shape[:-1], width)


pad_columns: Op = Op(
    "pad_columns",
    "view",
    _pad_shape,
    derivative=(lambda g, y, x, start, stop, width: columns(g, start=start, stop=stop),),
    view=lambda result, start, stop, width: result[..., start:stop],
    scatter=True,
)
