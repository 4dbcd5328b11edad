"""Fusion: neighbouring kernels that walk over the same entries become one group, one loop for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mlpcli.plan.kernel import Kernel, Plan


@dataclass
class KernelGroup:
    """Kernels of one loop nest, in order. shape: what the loops run over; a product or a scatter is alone."""

    kind: str
    shape: tuple[int, ...]
    kernels: list[Kernel] = field(default_factory=list)


def fuse(plan: Plan) -> list[KernelGroup]:
    """Return the kernels of a plan in groups, in an order that keeps every value right.

    An elementwise kernel joins the first group of its shape that comes late enough: after what it reads, in
    the same loop as operands of its full shape, and not before a reader of what it overwrites. A reduction
    joins the loop that makes its operand; its result is there when that loop has ended.
    """
    groups: list[KernelGroup] = []
    made_in: dict[int, int] = {}
    by_loop: dict[int, bool] = {}
    owner = view_owners(plan)
    last_reader: dict[int, int] = {}

    for kernel in plan.kernels:
        if kernel.op.is_view:
            continue
        output = plan.buffers[kernel.output]
        loop = kernel.op.kind in ("elementwise", "reduce")
        shape = plan.buffers[kernel.inputs[0]].shape if kernel.op.kind == "reduce" else output.shape
        # A view of a value, or one of another shape, is complete only when the loop that makes it has ended.
        earliest = 0
        for index in kernel.inputs:
            source = owner[index]
            if source not in made_in:
                continue
            same_loop = loop and by_loop[source] and index == source and plan.buffers[source].shape == shape
            earliest = max(earliest, made_in[source] + (0 if same_loop else 1))
        # A state that is written in place must not change before the last reader of its old value.
        if output.role == "state":
            earliest = max(earliest, last_reader.get(kernel.output, 0))
        place = None
        if loop:
            place = next(
                (
                    at
                    for at in range(earliest, len(groups))
                    if groups[at].kind == "loop" and groups[at].shape == shape
                ),
                None,
            )
        if place is None:
            place = len(groups)
            groups.append(KernelGroup("loop" if loop else kernel.op.kind, shape))
        groups[place].kernels.append(kernel)
        made_in[kernel.output] = place
        by_loop[kernel.output] = kernel.op.kind == "elementwise"
        for index in kernel.inputs:
            last_reader[owner[index]] = max(last_reader.get(owner[index], 0), place)
    return groups


def independent(groups: Iterable[KernelGroup], plan: Plan) -> list[KernelGroup]:
    """Cut each loop into loops that have no array in common: in one loop they would gain nothing.

    One with a reduction stays whole: the order of a sum may depend on what else is in its loop.
    """
    owner = view_owners(plan)
    result: list[KernelGroup] = []
    for group in groups:
        if any(kernel.op.kind == "reduce" for kernel in group.kernels):
            result.append(group)
            continue
        made = {owner[kernel.output] for kernel in group.kernels}
        cut: list[tuple[set[int], list[int]]] = []
        for at, kernel in enumerate(group.kernels):
            arrays, members = _arrays(kernel, plan, owner, made), [at]
            for other in [each for each in cut if each[0] & arrays]:
                cut.remove(other)
                arrays, members = arrays | other[0], [*other[1], *members]
            cut.append((arrays, sorted(members)))
        for _, members in sorted(cut, key=lambda each: each[1]):
            result.append(KernelGroup(group.kind, group.shape, [group.kernels[at] for at in members]))
    return result


def linked(groups: Iterable[KernelGroup], plan: Plan) -> list[list[KernelGroup]]:
    """Cut the groups, in order, into parts: a product, and the loops after it that use its arrays."""
    owner = view_owners(plan)
    parts: list[list[KernelGroup]] = []
    known: set[int] = set()
    for group in groups:
        arrays = set().union(*(_arrays(kernel, plan, owner, ()) for kernel in group.kernels))
        if group.kind == "matmul" or not arrays & known:
            parts.append([])
            known = set()
        parts[-1].append(group)
        known |= arrays
    return parts


def _arrays(kernel: Kernel, plan: Plan, owner: Mapping[int, int], made: Collection[int]) -> set[int]:
    """Return the buffers a kernel works on. A number that is only read, the learning rate say, does not
    count.
    """
    used = {owner[index] for index in kernel.inputs if plan.buffers[index].shape or owner[index] in made}
    return used | {owner[kernel.output]}


def view_owners(plan: Plan) -> dict[int, int]:
    """Return for every buffer the one whose memory it is."""
    owner = {index: index for index in range(len(plan.buffers))}
    for kernel in plan.kernels:
        if kernel.op.is_view:
            owner[kernel.output] = owner[kernel.inputs[0]]
    return owner


def used_outside(groups: list[KernelGroup], plan: Plan, owner: Mapping[int, int]) -> set[int]:
    """Return the buffers that need memory: read by another group, by a view, or after the run."""
    place = {kernel.output: at for at, group in enumerate(groups) for kernel in group.kernels}
    needed = {owner[index] for index in (*plan.outputs.values(), *(value for _, value in plan.updates))}
    for at, group in enumerate(groups):
        for kernel in group.kernels:
            for index in kernel.inputs:
                if owner[index] != index or place.get(index, at) != at:
                    needed.add(owner[index])
            if group.kind != "loop" or kernel.op.kind == "reduce":
                needed.add(kernel.output)
    return needed
