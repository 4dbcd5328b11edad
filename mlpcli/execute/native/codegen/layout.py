"""The place of every buffer of a plan in generated code: arguments, constants, stack, slots of the arena."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mlpcli.execute.executor import view_of
from mlpcli.execute.native.codegen.arena import LINE, share_slots
from mlpcli.execute.native.codegen.instructions import constant_text
from mlpcli.execute.native.codegen.loops import BufferView, contiguous, kind_of
from mlpcli.execute.native.codegen.writer import BYTES, Emitter
from mlpcli.plan.fuse import KernelGroup, used_outside, view_owners
from mlpcli.plan.kernel import Kernel, Plan

ON_STACK = 32 * 1024
"""Work memory of a step up to this lies on the stack, where LLVM turns what it can into registers."""


@dataclass(frozen=True)
class MemoryLayout:
    """The places of all buffers. arguments: buffer indices, called %b<index>. slots: bytes of each, called
    %s<number>.

    places: of every buffer that has memory. constants: definitions of the module.
    """

    arguments: tuple[int, ...]
    slots: tuple[int, ...]
    places: dict[int, BufferView]
    constants: tuple[str, ...]


def lay_out(name: str, plan: Plan, groups: Sequence[KernelGroup], emitter: Emitter) -> MemoryLayout:
    """Choose a place for every buffer of the function `name`; the emitter allocates those on the stack."""
    owner = view_owners(plan)
    outputs = {owner[index] for index in plan.outputs.values()}
    needed = used_outside(list(groups), plan, owner)
    owned = [(index, buffer) for index, buffer in enumerate(plan.buffers) if owner[index] == index]
    arguments = [i for i, buffer in owned if buffer.role in ("input", "state") or i in outputs]
    work = [i for i, buffer in owned if buffer.role == "work" and i in needed and i not in outputs]
    viewed = {kernel.inputs[0] for kernel in plan.kernels if kernel.op.is_view}
    given = [i for i, buffer in owned if buffer.role == "constant" and i not in outputs]
    constants = [i for i in given if plan.buffers[i].shape or i in viewed]
    places = {index: place_of(plan, index, f"%b{index}") for index in arguments}
    places |= {index: place_of(plan, index, f"@{name}.c{index}") for index in constants}
    sizes = {index: bytes_of(plan, index) for index in work}
    slots: list[int] = []
    # A small step has all on the stack: there LLVM sees every load and store, and keeps what it can.
    if sum(sizes.values()) <= ON_STACK:
        pointers = {index: emitter.let(f"alloca [{sizes[index]} x i8], align {LINE}") for index in work}
    else:
        slot_of, slots = share_slots(groups, owner, sizes, {value for _, value in plan.updates})
        pointers = {index: f"%s{slot_of[index]}" for index in work}
    places |= {index: place_of(plan, index, pointer) for index, pointer in pointers.items()}
    for kernel in plan.kernels:
        if kernel.op.is_view:
            places[kernel.output] = view_place(kernel, plan, places[kernel.inputs[0]])
    texts = tuple(_constant_text(f"@{name}.c{index}", plan, index) for index in constants)
    return MemoryLayout(tuple(arguments), tuple(slots), places, texts)


def place_of(plan: Plan, index: int, pointer: str) -> BufferView:
    """Return a buffer in C order at a pointer."""
    buffer = plan.buffers[index]
    return BufferView(
        pointer=pointer,
        shape=buffer.shape,
        strides=contiguous(buffer.shape),
        kind=kind_of(buffer.dtype),
    )


def view_place(kernel: Kernel, plan: Plan, base: BufferView) -> BufferView:
    """Return the place of the view a kernel stands for.

    Its strides are found by taking the view of an array that stands for the memory.
    """
    entries = np.lib.stride_tricks.as_strided(np.zeros(1, np.int8), base.shape, base.strides, writeable=False)
    view = view_of(kernel, entries, plan.buffers[kernel.output].shape)
    begin = view.__array_interface__["data"][0] - entries.__array_interface__["data"][0]
    return replace(base, shape=view.shape, strides=view.strides, offset=base.offset + begin)


def bytes_of(plan: Plan, index: int) -> int:
    """Return the size in bytes of a buffer in C order."""
    buffer = plan.buffers[index]
    return max(1, math.prod(buffer.shape)) * BYTES[kind_of(buffer.dtype)]


def _constant_text(name: str, plan: Plan, index: int) -> str:
    buffer = plan.buffers[index]
    kind = kind_of(buffer.dtype)
    assert buffer.value is not None
    entries = ", ".join(f"{kind} {constant_text(float(v), kind)}" for v in buffer.value.ravel())
    return f"{name} = private unnamed_addr constant [{buffer.value.size} x {kind}] [{entries}]"
