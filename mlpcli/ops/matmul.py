"""The matrix product, with transposition of either operand as part of the op."""

from __future__ import annotations

from mlpcli.graph.node import Node, Op, Shape, shape_error


def _matmul_shape(a: Node, b: Node, transpose_a: bool, transpose_b: bool) -> Shape:
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise shape_error("matmul", (a, b), "both must be matrices.")
    rows, inner_a = a.shape[::-1] if transpose_a else a.shape
    inner_b, columns = b.shape[::-1] if transpose_b else b.shape
    if inner_a != inner_b:
        raise shape_error("matmul", (a, b), f"the inner sizes are {inner_a} and {inner_b}.")
    if columns is None:
        raise shape_error("matmul", (a, b), "the batch axis must be the first of the result, or summed over.")
    return rows, columns


def _product(a: Node, b: Node, transpose_a: bool = False, transpose_b: bool = False) -> Node:
    return matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


def _left(g: Node, y: Node, a: Node, b: Node, transpose_a: bool, transpose_b: bool) -> Node:
    if transpose_a:
        return _product(b, g, transpose_b, True)
    return _product(g, b, False, not transpose_b)


def _right(g: Node, y: Node, a: Node, b: Node, transpose_a: bool, transpose_b: bool) -> Node:
    if transpose_b:
        return _product(g, a, True, transpose_a)
    return _product(a, g, not transpose_a, False)


matmul = Op("matmul", "matmul", _matmul_shape, derivative=(_left, _right))
