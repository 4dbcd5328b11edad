"""Where work memory lies: what is never needed at the same time shares its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mlpcli.plan.fuse import Group

LINE = 64
"""Bytes of a cache line, to which everything is aligned."""


def share_arena(
    groups: Sequence[Group], owner: Mapping[int, int], sizes: Mapping[int, int], kept: Collection[int]
) -> tuple[dict[int, int], int]:
    """Offsets of the buffers in `sizes`, and the size of the whole, in bytes; `kept` live to the end."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, group in enumerate(groups):
        for kernel in group.kernels:
            for index in (owner[i] for i in (*kernel.inputs, kernel.output)):
                first.setdefault(index, at)
                last[index] = at
    last.update((owner[index], len(groups)) for index in kept)
    offsets: dict[int, int] = {}
    free: list[tuple[int, int]] = []  # (size, offset)
    total = 0
    for at in range(len(groups)):
        for index in sorted(i for i in sizes if first[i] == at):
            size = lines(sizes[index])
            fitting = [hole for hole in free if hole[0] >= size]
            if fitting:
                hole = min(fitting)
                free.remove(hole)
                offsets[index] = hole[1]
                if hole[0] > size:
                    free.append((hole[0] - size, hole[1] + size))
            else:
                offsets[index] = total
                total += size
        free += [(lines(sizes[i]), offsets[i]) for i in sizes if last[i] == at]
    return offsets, total


def lines(size: int) -> int:
    """Bytes, rounded up to whole cache lines."""
    return -(-size // LINE) * LINE
