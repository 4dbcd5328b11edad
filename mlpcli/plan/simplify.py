"""Passes on a graph: the batch size made a number, constants folded, identities dropped, equal nodes shared.

Each takes the roots and gives new roots; none edits a node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mlpcli.graph.node import BATCH_SIZE, CONSTANT, OPS, Node, constant, rebuild, topological
from mlpcli.ops.scalar_ops import NumpyScalarOps

Roots = list[Node]
_Rewrite = Callable[[Node], Node]


def _everywhere(rule: _Rewrite, roots: Sequence[Node]) -> Roots:
    new: dict[Node, Node] = {}
    for node in topological(roots):
        new[node] = rule(rebuild(node, tuple(new[i] for i in node.inputs)))
    return [new[root] for root in roots]


def set_batch_size(roots: Sequence[Node], batch: int) -> Roots:
    """Put the number of rows in the place of the batch_size node."""
    return _everywhere(lambda node: constant(batch, node.dtype) if node.op is BATCH_SIZE else node, roots)


def fold_constants(roots: Sequence[Node]) -> Roots:
    """Compute what depends on constant scalars alone; gather the factors of a product of constants."""
    return _everywhere(_folded, roots)


def drop_identities(roots: Sequence[Node]) -> Roots:
    """Drop x·1, x/1, x+0, x-0, --x, stop_gradient(x) and a spread to the same shape; write a+(-b) as a-b."""
    return _everywhere(_without_identity, roots)


def spread_late(roots: Sequence[Node]) -> Roots:
    """Drop a broadcast before an elementwise op, which broadcasts by itself."""
    return _everywhere(_with_unspread_operands, roots)


def join_sums(roots: Sequence[Node]) -> Roots:
    """Make a sum of a sum one sum over both sets of axes."""
    return _everywhere(_joined_sum, roots)


def share_equal_nodes(roots: Sequence[Node]) -> Roots:
    """Make two nodes with the same op, inputs and attributes one."""
    seen: dict[object, Node] = {}

    def shared(node: Node) -> Node:
        if node.op is CONSTANT and node.value is not None:
            key: object = (node.dtype, node.shape, node.value.tobytes())
        elif node.op.kind == "source":
            return node
        else:
            key = (node.op.name, node.inputs, node.attributes)
        return seen.setdefault(key, node)

    return _everywhere(shared, roots)


def _scalar(node: Node) -> bool:
    return node.op is CONSTANT and node.shape == ()


def _is(node: Node, number: float) -> bool:
    return _scalar(node) and node.value is not None and float(node.value) == number


def _folded(node: Node) -> Node:
    if node.op.kind != "elementwise" or node.op.formula is None:
        return node
    if all(_scalar(i) for i in node.inputs) and node.dtype != "bool":
        with np.errstate(all="ignore"):
            value = node.op.formula(
                NumpyScalarOps(), *(i.value for i in node.inputs), **dict(node.attributes)
            )
        return constant(value, node.dtype)
    if node.op.name == "divide" and _scalar(node.inputs[1]):
        # A product is cheaper than a quotient, and meets other factors below.
        x, divisor = node.inputs
        if _is(divisor, 0) or not _harmless(1.0 / float(np.float64(divisor.value)), node.dtype):
            return node
        return (
            _folded(x * constant(1.0 / float(np.float64(divisor.value)), node.dtype))
            if not _is(divisor, 0)
            else node
        )
    if node.op.name == "multiply":
        a, b = node.inputs
        if _scalar(a):
            a, b = b, a
        if _scalar(b) and a.op.name == "multiply":
            inner = next((i for i in a.inputs if _scalar(i)), None)
            if inner is not None:
                other = a.inputs[1] if a.inputs[0] is inner else a.inputs[0]
                product = _folded(inner * b)
                if product.value is not None and _harmless(float(product.value), node.dtype):
                    return other * product
    return node


def _harmless(factor: float, dtype: str) -> bool:
    """Return whether joining factors into this one loses nothing to overflow or underflow."""
    size = np.finfo(dtype)
    return bool(size.tiny <= abs(factor) <= size.max)


def _without_identity(node: Node) -> Node:
    name, inputs = node.op.name, node.inputs
    kept: Node | None = None
    if name == "multiply":
        kept = inputs[0] if _is(inputs[1], 1.0) else inputs[1] if _is(inputs[0], 1.0) else None
        if kept is None and (_is(inputs[0], -1.0) or _is(inputs[1], -1.0)):
            return -(inputs[1] if _is(inputs[0], -1.0) else inputs[0])
    elif name == "divide":
        kept = inputs[0] if _is(inputs[1], 1.0) else None
    elif name in ("add", "subtract"):
        kept = inputs[0] if _is(inputs[1], 0.0) else None
        if kept is None and name == "add" and _is(inputs[0], 0.0):
            kept = inputs[1]
        if kept is None and name == "add" and inputs[1].op.name == "negative":
            return inputs[0] - inputs[1].inputs[0]
    elif name == "negative" and inputs[0].op.name == "negative":
        kept = inputs[0].inputs[0]
    elif name in ("stop_gradient", "broadcast"):
        kept = inputs[0]
    return kept if kept is not None and kept.shape == node.shape and kept.dtype == node.dtype else node


def _with_unspread_operands(node: Node) -> Node:
    if node.op.kind != "elementwise":
        return node
    scalars = tuple(_unspread(i) for i in node.inputs)
    if node.shape != () and all(i.shape == () for i in scalars):
        return OPS["broadcast"](rebuild(node, scalars), shape=node.shape, axes=())
    for position, operand in enumerate(node.inputs):
        unspread = _unspread(operand)
        if unspread is not operand:
            inputs = (*node.inputs[:position], unspread, *node.inputs[position + 1 :])
            if node.op.shape(*inputs, **dict(node.attributes)) == node.shape:
                return _with_unspread_operands(rebuild(node, inputs))
    return node


def _unspread(node: Node) -> Node:
    """Return the node before every spreading that an elementwise op would do by itself: new axes in front."""
    base, natural = node, node
    while base.op.name == "broadcast":
        axes = dict(base.attributes)["axes"]
        if natural is base and axes == tuple(range(len(axes))):
            natural = base.inputs[0]
        base = base.inputs[0]
        if base.shape == ():
            return base
    return natural


def _joined_sum(node: Node) -> Node:
    if node.op.name != "reduce_sum" or node.inputs[0].op.name != "reduce_sum":
        return node
    outer, inner = dict(node.attributes), dict(node.inputs[0].attributes)
    x = node.inputs[0].inputs[0]
    if outer["keep"] != inner["keep"]:
        return node
    left = [axis for axis in range(len(x.shape)) if inner["keep"] or axis not in inner["axes"]]
    axes = tuple(sorted({*inner["axes"], *(left[axis] for axis in outer["axes"])}))
    return node.op(x, axes=axes, keep=outer["keep"])
