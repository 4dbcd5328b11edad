"""The verifier: run after every transformation, so that a broken graph names the pass that broke it."""

from __future__ import annotations

from collections.abc import Iterable

from mlpcli.errors import Fault, GraphError
from mlpcli.graph.node import CONSTANT, OPS, Node, common_dtype, describe, topological


def check(roots: Iterable[Node], after: str) -> None:
    """Raise GraphError where a node's shape or dtype is not what its op says of its inputs. after: the last
    pass.

    Nodes never change, so one that was found sound is not looked at again.
    """
    names: dict[tuple[str, str], Node] = {}
    for node in topological(roots):
        if OPS.get(node.op.name) is not node.op:
            raise _broken(node, after, "its op is not the one declared under that name")
        if node.op.kind == "source":
            if node.op is CONSTANT and (node.value is None or node.value.shape != node.shape):
                raise _broken(node, after, "its value has another shape")
            other = names.setdefault((node.op.name, node.name), node) if node.name else node
            if other is not node:
                raise _broken(node, after, "two sources have this name")
            continue
        if "sound" in node.derived:
            continue
        shape = node.op.shape(*node.inputs, **dict(node.attributes))
        if shape != node.shape:
            raise _broken(node, after, f"its op gives the shape {shape}")
        if node.dtype != (node.op.dtype or common_dtype(node.op, node.inputs)):
            raise _broken(node, after, f"its dtype is {node.dtype}")
        node.derived["sound"] = True


def _broken(node: Node, after: str, why: str) -> GraphError:
    return GraphError(Fault(f"graph after {after}", f"{describe(node)}: {why}."))
