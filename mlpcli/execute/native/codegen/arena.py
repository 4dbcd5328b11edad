"""The arena: work memory of a step, in which buffers that are never needed together share a slot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mlpcli.plan.fuse import KernelGroup

LINE = 64
"""Bytes of a cache line, to which everything is aligned."""


def share_slots(
    groups: Sequence[KernelGroup], owner: Mapping[int, int], sizes: Mapping[int, int], kept: Collection[int]
) -> tuple[dict[int, int], list[int]]:
    """Return the slot of each buffer in `sizes` (bytes), and the bytes of each slot. kept: buffers that live
    to the end.

    Slots do not overlap, so LLVM may be told that pointers to two of them never meet.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, group in enumerate(groups):
        for kernel in group.kernels:
            for index in (owner[i] for i in (*kernel.inputs, kernel.output)):
                first.setdefault(index, at)
                last[index] = at
    # Slots are given back when a group has ended, so what one group reads and writes never shares one.
    last.update((owner[index], len(groups)) for index in kept)
    slot: dict[int, int] = {}
    bytes_: list[int] = []
    free: set[int] = set()
    for at in range(len(groups)):
        for index in sorted(i for i in sizes if first[i] == at):
            # The smallest free slot that is large enough, so that large ones stay for large buffers.
            fitting = [number for number in free if bytes_[number] >= sizes[index]]
            if fitting:
                slot[index] = min(fitting, key=bytes_.__getitem__)
                free.remove(slot[index])
            else:
                slot[index] = len(bytes_)
                bytes_.append(lines(sizes[index]))
        free |= {slot[i] for i in sizes if last[i] == at}
    return slot, bytes_


def lines(size: int) -> int:
    """Return the bytes rounded up to whole cache lines."""
    return -(-size // LINE) * LINE
