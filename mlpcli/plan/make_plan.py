"""The passes, in order, and the schedule: graph -> Plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlpcli.graph.check import check
from mlpcli.graph.node import CONSTANT, OPS, PARAMETER, PLACEHOLDER, Node, constant, topological
from mlpcli.plan.kernel import Buffer, Kernel, Plan
from mlpcli.plan.memory import share_memory
from mlpcli.plan.simplify import (
    drop_identities,
    fold_constants,
    join_sums,
    set_batch_size,
    share_equal_nodes,
    spread_late,
)

PASSES = (spread_late, drop_identities, fold_constants, drop_identities, join_sums, share_equal_nodes)


def make_plan(
    outputs: Mapping[str, Node], updates: Mapping[Node, Node] | None = None, batch: int = 1
) -> Plan:
    """Return a plan that computes `outputs` for `batch` rows and then gives each state node its new value.

    updates: parameter node -> node of the same shape. All outputs and updates see the old values. Raises
    GraphError, naming the pass, where a pass breaks the graph.
    """
    changes = dict(updates or {})
    roots = set_batch_size([*outputs.values(), *changes.values()], batch)
    check(roots, after="set_batch_size")
    # Each pass is checked at once, so that an error names the pass that made it.
    for transform in PASSES:
        roots = transform(roots)
        check(roots, after=transform.__name__)
    roots = [*(_kept(root) for root in roots[: len(outputs)]), *roots[len(outputs) :]]
    new_values = dict(zip(changes, roots[len(outputs) :], strict=True))
    order = _schedule(roots[: len(outputs)], list(new_values.values()))
    states = list(dict.fromkeys([*changes, *(n for n in order if n.op is PARAMETER)]))

    index: dict[Node, int] = {}
    buffers: list[Buffer] = []
    for node in [*states, *(n for n in order if n not in changes and n.op is not PARAMETER)]:
        index[node] = len(buffers)
        shape = tuple(batch if size is None else size for size in node.shape)
        role = {PLACEHOLDER: "input", PARAMETER: "state", CONSTANT: "constant"}.get(node.op, "work")
        buffers.append(Buffer(role=role, shape=shape, dtype=node.dtype, name=node.name, value=node.value))

    # A new value takes the memory of its state where nobody reads the old one later; else it is copied.
    copies = []
    last_read = _last_reads(order, roots[: len(outputs)])
    for state, value in new_values.items():
        if _may_write_in_place(state, value, last_read, order.index(value), roots):
            index[value] = index[state]
        elif value is not state:
            copies.append((index[state], index[value]))
    kernels = tuple(
        Kernel(node.op, tuple(index[i] for i in node.inputs), index[node], node.attributes)
        for node in order
        if node.op.kind != "source"
    )
    result = {name: index[root] for name, root in zip(outputs, roots, strict=False)}
    kept = [*result.values(), *(value for _, value in copies)]
    planned, storage = share_memory(buffers, kernels, kept)
    return Plan(
        batch=batch,
        buffers=planned,
        kernels=kernels,
        outputs=result,
        updates=tuple(copies),
        storage=storage,
    )


def _kept(output: Node) -> Node:
    """Return the output; for a state, or a view of one, a copy: the state may have
    changed when it is read.
    """
    return OPS["multiply"](output, constant(1.0, output.dtype)) if _owner(output).op is PARAMETER else output


def _schedule(outputs: Sequence[Node], new_values: Sequence[Node]) -> list[Node]:
    """Order the nodes: inputs first; the new values of states as late as they can be, to overwrite the old in
    place.
    """
    late = set(new_values) - set(outputs)
    everything = topological([*outputs, *new_values])
    for node in everything:  # what is computed from a late node is late too
        if any(i in late for i in node.inputs):
            late.add(node)
    return [n for n in everything if n not in late] + [n for n in everything if n in late]


def _last_reads(order: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, int]:
    """Return the position of the last kernel that reads a node, views of it included; outputs are read at the
    end.
    """
    last = {_owner(i): at for at, node in enumerate(order) for i in node.inputs}
    last.update((_owner(node), len(order)) for node in outputs)
    return last


def _may_write_in_place(
    state: Node, value: Node, last_read: Mapping[Node, int], position: int, roots: Sequence[Node]
) -> bool:
    """Return whether the kernel of `value` is elementwise, serves one state, and is the last to read the old
    one.
    """
    return (
        value.op.kind == "elementwise"
        and roots.count(value) == 1
        and last_read.get(state, -1) <= position
        and not any(i is not state and _owner(i) is state for i in value.inputs)
    )


def _owner(node: Node) -> Node:
    while node.op.is_view:
        node = node.inputs[0]
    return node
