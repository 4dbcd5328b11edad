"""Op and Node: the symbolic graph, immutable and typed.

A shape is a tuple of sizes; `None` is the open batch axis, always the first one. A dtype is
"float64", "float32" or "bool" (what a comparison gives). Operators on nodes find their op by name
in OPS, so that this file needs none of the ops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from mlpcli.errors import Fault, GraphError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = tuple[int | None, ...]
Attributes = tuple[tuple[str, Any], ...]
Operand = Union["Node", float, int]

KINDS = ("source", "elementwise", "reduce", "matmul", "view")
FLOATS = ("float64", "float32")


@dataclass(frozen=True, eq=False)
class Op:
    """One operation: its shape rule, its formula and its derivative, side by side.

    shape(*inputs, **attributes) returns the result's shape and raises ShapeError where inputs do not fit.
    formula(ops, *inputs, **attributes) writes an elementwise op in scalar ops (see ops/scalar_ops.py); for a
    reduction it is the one op that joins two values. For an op of the kind view, view(array, **attributes)
    returns the part of an array, or the spreading of it, that is meant: the result is that view, or with
    scatter the result is zero but for that view of it, which holds the input.

    derivative holds a function per input, (g, y, *inputs, **attributes) -> node: what the adjoint g of the
    result y adds to the adjoint of that input, broadcasting not yet undone; None where no gradient passes.
    branch(*inputs, **attributes) is a node whose value changes where a kink is crossed.
    """

    name: str
    kind: str
    shape: Callable[..., Shape]
    _: KW_ONLY
    formula: Callable[..., Any] | None = None
    derivative: tuple[Callable[..., Node] | None, ...] = ()
    branch: Callable[..., Node] | None = None
    view: Callable[..., NDArray[Any]] | None = None
    scatter: bool = False
    dtype: str = ""
    """Dtype of the result; "" means that of the inputs."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: {self.kind!r} is not a kind of op")
        OPS[self.name] = self

    def __call__(self, *inputs: Operand, **attributes: Any) -> Node:
        """Return a node that applies this op. Numbers among the inputs become constants."""
        nodes = as_nodes(inputs)
        kept = tuple(sorted(attributes.items()))
        return Node(
            self, nodes, self.shape(*nodes, **attributes), self.dtype or common_dtype(self, nodes), kept
        )

    @property
    def is_view(self) -> bool:
        """Whether the result owns no memory of its own."""
        return self.kind == "view" and not self.scatter


OPS: dict[str, Op] = {}


class Node:
    """One value of the graph. Compare nodes with `is`; `==` is identity too."""

    __slots__ = ("__weakref__", "attributes", "derived", "dtype", "inputs", "name", "op", "shape", "value")

    op: Op
    inputs: tuple[Node, ...]
    shape: Shape
    dtype: str
    attributes: Attributes
    name: str
    value: NDArray[Any] | None
    derived: dict[str, Any]

    def __init__(
        self,
        op: Op,
        inputs: tuple[Node, ...],
        shape: Shape,
        dtype: str,
        attributes: Attributes = (),
        name: str = "",
        value: NDArray[Any] | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "op", op)
        put(self, "inputs", inputs)
        put(self, "shape", shape)
        put(self, "dtype", dtype)
        put(self, "attributes", attributes)
        put(self, "name", name)
        put(self, "value", value)
        # What was derived from this node (its adjoints, by grad/) lives and dies with it.
        put(self, "derived", {})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"nodes are immutable: {name} cannot be set")

    def __add__(self, other: Operand) -> Node:
        return OPS["add"](self, other)

    def __radd__(self, other: Operand) -> Node:
        return OPS["add"](other, self)

    def __sub__(self, other: Operand) -> Node:
        return OPS["subtract"](self, other)

    def __rsub__(self, other: Operand) -> Node:
        return OPS["subtract"](other, self)

    def __mul__(self, other: Operand) -> Node:
        return OPS["multiply"](self, other)

    def __rmul__(self, other: Operand) -> Node:
        return OPS["multiply"](other, self)

    def __truediv__(self, other: Operand) -> Node:
        return OPS["divide"](self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return OPS["divide"](other, self)

    def __neg__(self) -> Node:
        return OPS["negative"](self)

    def __abs__(self) -> Node:
        return OPS["absolute"](self)

    def __pow__(self, exponent: float) -> Node:
        return OPS["power"](self, exponent=float(exponent))

    def __matmul__(self, other: Node) -> Node:
        return OPS["matmul"](self, other, transpose_a=False, transpose_b=False)

    def __bool__(self) -> bool:
        what = "A node has no truth value: it is computed later."
        raise GraphError(Fault(describe(self), what, "Use where(condition, a, b) instead of `if`."))

    def __repr__(self) -> str:
        return f"<{describe(self)}>"


def _source_shape(**_attributes: Any) -> Shape:
    raise TypeError("sources are made by placeholder, parameter, constant and batch_size")


PLACEHOLDER = Op("placeholder", "source", _source_shape)
PARAMETER = Op("parameter", "source", _source_shape)
CONSTANT = Op("constant", "source", _source_shape)
BATCH_SIZE = Op("batch_size", "source", _source_shape)


def placeholder(name: str, shape: Iterable[int | None], dtype: str = "float64") -> Node:
    """Return a value that is given for every run, such as a batch of rows. shape: None is the batch axis.

    Raises ShapeError or GraphError for what is no shape or dtype.
    """
    return Node(PLACEHOLDER, (), _checked_shape(name, shape), _checked_dtype(name, dtype), name=name)


def parameter(name: str, shape: Iterable[int], dtype: str = "float64") -> Node:
    """Return an array that lives from run to run and may be updated by one.

    Raises ShapeError or GraphError for what is no shape or dtype.
    """
    return Node(PARAMETER, (), _checked_shape(name, shape), _checked_dtype(name, dtype), name=name)


def constant(value: Any, dtype: str = "float64") -> Node:
    """Return a fixed number or array. A scalar takes the dtype of what it is combined with."""
    array = np.array(value, dtype=dtype)
    array.setflags(write=False)
    return Node(CONSTANT, (), array.shape, dtype, value=array)


def batch_size(dtype: str = "float64") -> Node:
    """Return the number of rows of the batch, a scalar: known when the plan is made."""
    return Node(BATCH_SIZE, (), (), dtype)


def as_nodes(inputs: Iterable[Operand]) -> tuple[Node, ...]:
    """Return the inputs as nodes: numbers become constants, in the float dtype of the nodes beside them."""
    given = tuple(inputs)
    floats = [i for i in given if isinstance(i, Node) and i.dtype in FLOATS]
    dtype = next((i.dtype for i in sorted(floats, key=_weak)), "")  # of constants where there is nothing else
    nodes = []
    for value in given:
        if not isinstance(value, Node):
            nodes.append(constant(value, dtype or "float64"))
        elif dtype and _weak(value) and value.dtype != dtype:
            nodes.append(constant(value.value, dtype))
        else:
            nodes.append(value)
    return tuple(nodes)


def _weak(node: Node) -> bool:
    """Return whether it is a constant scalar, which takes the dtype of the operand beside it."""
    return node.op is CONSTANT and node.shape == ()


def common_dtype(op: Op, nodes: tuple[Node, ...]) -> str:
    """Return the float dtype that all float inputs share. Raises GraphError where two differ."""
    floats = [node for node in nodes if node.dtype in FLOATS]
    for node in floats:
        if node.dtype != floats[0].dtype:
            raise GraphError(
                Fault(
                    f"op {op.name}",
                    f"{describe(floats[0])} and {describe(node)} have different dtypes.",
                    "Build the whole graph in one precision.",
                )
            )
    return floats[0].dtype if floats else "float64"


def topological(roots: Iterable[Node]) -> list[Node]:
    """Return every node the roots depend on, each once, inputs before what uses them."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((i, False) for i in reversed(node.inputs) if i not in seen)
    return order


def rebuild(node: Node, inputs: tuple[Node, ...]) -> Node:
    """Apply a node's op to other inputs; return the node itself where nothing changed."""
    if all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
        return node
    attributes: Mapping[str, Any] = dict(node.attributes)
    return Node(node.op, inputs, node.op.shape(*inputs, **attributes), node.dtype, node.attributes, node.name)


def named(node: Node, name: str) -> Node:
    """Return a copy of the node that carries a name, for messages and printed graphs."""
    return Node(node.op, node.inputs, node.shape, node.dtype, node.attributes, name, node.value)


def shape_text(shape: Shape) -> str:
    """Return a shape as messages write it: (batch, 3) for (None, 3)."""
    sizes = ["batch" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def describe(node: Node) -> str:
    """Return name (or op) and shape of a node, as messages name it."""
    if node.op is CONSTANT and node.shape == ():
        return f"constant {node.value}"
    called = f"{node.op.name} {node.name!r}" if node.name else node.op.name
    return f"{called} {shape_text(node.shape)}"


def shape_error(op_name: str, nodes: Iterable[Node], why: str, remedy: str = "") -> ShapeError:
    """Return a ShapeError that names the op and every operand."""
    operands = " and ".join(describe(node) for node in nodes)
    return ShapeError(Fault(f"op {op_name}", f"{operands} do not fit: {why}", remedy))


def _checked_shape(name: str, shape: Iterable[int | None]) -> Shape:
    sizes = tuple(shape)
    for axis, size in enumerate(sizes):
        if (size is None and axis > 0) or (size is not None and size < 0):
            remedy = "Only the first axis may be None (the batch)."
            raise ShapeError(Fault(f"node {name!r}", f"{sizes} is not a shape.", remedy))
    return sizes


def _checked_dtype(name: str, dtype: str) -> str:
    if dtype not in FLOATS:
        raise GraphError(
            Fault(f"node {name!r}", f"{dtype!r} is not a dtype.", f"Known: {', '.join(FLOATS)}.")
        )
    return dtype
