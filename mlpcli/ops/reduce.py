"""Reductions over axes, and the means built from them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlpcli.graph.node import Node, Op, Shape, batch_size, shape_error
from mlpcli.ops.elementwise import greater_equal, where
from mlpcli.ops.view import broadcast


def _reduced(name: str) -> Any:
    def shape(x: Node, axes: tuple[int, ...], keep: bool) -> Shape:
        if any(axis not in range(len(x.shape)) for axis in axes) or len(set(axes)) != len(axes):
            raise shape_error(name, (x,), f"there are no axes {axes}.")
        sizes = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        return tuple(size for axis, size in enumerate(sizes) if keep or axis not in axes)

    return shape


def _spread(g: Node, x: Node, axes: tuple[int, ...], keep: bool) -> Node:
    return broadcast(g, shape=x.shape, axes=() if keep else axes)


def _max_derivative(g: Node, y: Node, x: Node, axes: tuple[int, ...], keep: bool) -> Node:
    # Between equal winners the gradient is divided evenly.
    winners = where(greater_equal(x, _spread(y, x, axes, keep)), 1.0, 0.0)
    share = winners / _spread(sum_op(winners, axes=axes, keep=keep), x, axes, keep)
    return _spread(g, x, axes, keep) * share


sum_op = Op(
    "reduce_sum",
    "reduce",
    _reduced("reduce_sum"),
    formula=lambda s, a, b: s.add(a, b),
    derivative=(lambda g, y, x, axes, keep: _spread(g, x, axes, keep),),
)
max_op: Op = Op(
    "reduce_max",
    "reduce",
    _reduced("reduce_max"),
    formula=lambda s, a, b: s.maximum(a, b),
    derivative=(_max_derivative,),
    branch=lambda x, axes, keep: where(
        greater_equal(x, _spread(max_op(x, axes=axes, keep=keep), x, axes, keep)), 1.0, 0.0
    ),
)


def reduce_sum(x: Node, axes: Iterable[int] | None = None, keep: bool = False) -> Node:
    """Return the sum over axes (all of them where none are named); `keep` leaves them with size 1."""
    return sum_op(x, axes=_all_axes(x, axes), keep=keep)


def reduce_max(x: Node, axes: Iterable[int] | None = None, keep: bool = False) -> Node:
    """Return the largest value over axes; the gradient is divided evenly between equal winners."""
    return max_op(x, axes=_all_axes(x, axes), keep=keep)


def reduce_mean(x: Node, axes: Iterable[int] | None = None, keep: bool = False) -> Node:
    """Return the mean over axes; over the batch axis it divides by the rows of the batch at hand."""
    over = _all_axes(x, axes)
    count = 1
    for axis in over:
        count *= x.shape[axis] or 1
    mean = reduce_sum(x, over, keep) * (1.0 / count)
    return mean / batch_size(x.dtype) if any(x.shape[axis] is None for axis in over) else mean


def _all_axes(x: Node, axes: Iterable[int] | None) -> tuple[int, ...]:
    return tuple(range(len(x.shape))) if axes is None else tuple(sorted(a % len(x.shape) for a in axes))
