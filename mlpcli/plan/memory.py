"""Buffer lifetimes: work buffers that are never needed at the same time share memory."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from mlpcli.plan.kernel import Buffer, Kernel


def share_memory(
    buffers: Sequence[Buffer], kernels: Sequence[Kernel], kept: Iterable[int]
) -> tuple[tuple[Buffer, ...], tuple[int, ...]]:
    """Return the buffers with storage numbers, and the bytes of each storage. kept: buffers that live to the
    end.
    """
    owner = list(range(len(buffers)))
    for kernel in kernels:
        if kernel.op.is_view:  # it owns no memory and keeps its input's alive
            owner[kernel.output] = owner[kernel.inputs[0]]
    last_use: dict[int, int] = {}
    for position, kernel in enumerate(kernels):
        for index in (*kernel.inputs, kernel.output):
            last_use[owner[index]] = position
    for index in kept:
        last_use[owner[index]] = len(kernels)

    planned = list(buffers)
    sizes: list[int] = []
    free: dict[tuple[int, str], list[int]] = defaultdict(list)
    for position, kernel in enumerate(kernels):
        ending = [
            index
            for index in dict.fromkeys(owner[i] for i in kernel.inputs)
            if last_use[index] == position and planned[index].role == "work"
        ]
        output = kernel.output
        buffer = planned[output]
        if buffer.role == "work" and owner[output] == output:
            # An elementwise result may overwrite an operand of its own size that ends here.
            heir = next(
                (
                    index
                    for index in ending
                    if kernel.op.kind == "elementwise"
                    and index in kernel.inputs
                    and _key(planned[index]) == _key(buffer)
                    and not any(i != index and owner[i] == index for i in kernel.inputs)
                ),
                None,
            )
            if heir is not None:
                ending.remove(heir)
                storage = planned[heir].storage
            elif free[_key(buffer)]:
                storage = free[_key(buffer)].pop()
            else:
                storage = len(sizes)
                sizes.append(_bytes(buffer))
            planned[output] = replace(buffer, storage=storage)
        for index in ending:
            free[_key(planned[index])].append(planned[index].storage)
    return tuple(planned), tuple(sizes)


def _bytes(buffer: Buffer) -> int:
    return max(1, math.prod(buffer.shape)) * np.dtype(buffer.dtype).itemsize


def _key(buffer: Buffer) -> tuple[int, str]:
    return _bytes(buffer), buffer.dtype
