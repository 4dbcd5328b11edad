"""A fused group of elementwise kernels and reductions as one loop nest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlpcli.execute.native.codegen.instructions import constant_text
from mlpcli.execute.native.codegen.scalar_ops import LlvmScalarOps
from mlpcli.execute.native.codegen.writer import TYPES, Emitter
from mlpcli.ops.scalar_ops import NumpyScalarOps
from mlpcli.plan.fuse import KernelGroup
from mlpcli.plan.kernel import Kernel, Plan


@dataclass(frozen=True, kw_only=True)
class BufferView:
    """The place of a buffer: a pointer, and strides in entries per axis (0: spread); offset in entries.

    kind: the LLVM type of an entry.
    """

    pointer: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str
    offset: int = 0


def emit_loop(
    group: KernelGroup, plan: Plan, places: Mapping[int, BufferView], emitter: Emitter, ops: LlvmScalarOps
) -> None:
    """Write one loop nest over the group's shape. Values made and used in it stay in registers."""
    reductions = [kernel for kernel in group.kernels if kernel.op.kind == "reduce"]
    for kernel in reductions:
        _start(kernel, plan, places[kernel.output], emitter)
    shape, flat = _collapsed(group, plan, places)

    def entry(indices: Sequence[str]) -> None:
        _body(group, plan, places, emitter, ops, None if flat else indices, indices)

    emitter.nest(shape, entry)


def _collapsed(
    group: KernelGroup, plan: Plan, places: Mapping[int, BufferView]
) -> tuple[tuple[int, ...], bool]:
    """Return the shape to loop over, and whether it is flat: one axis, where every operand is whole or a
    single entry.
    """
    shape = group.shape
    if any(k.op.kind == "reduce" and not _reduces_all(k, shape) for k in group.kernels):
        return shape, False
    for kernel in group.kernels:
        for index in kernel.inputs if kernel.op.kind == "reduce" else (*kernel.inputs, kernel.output):
            if index not in places:  # a number, or a value that stays in a register
                continue
            place = places[index]
            whole = place.shape == shape and place.strides == contiguous(shape)
            if not whole and math.prod(place.shape) != 1:
                return shape, False
    return (math.prod(shape),), True


def _body(
    group: KernelGroup,
    plan: Plan,
    places: Mapping[int, BufferView],
    emitter: Emitter,
    ops: LlvmScalarOps,
    indices: Sequence[str] | None,
    flat: Sequence[str],
) -> None:
    values: dict[int, Any] = {}

    def operand(index: int) -> Any:
        if index in values:
            return values[index]
        buffer = plan.buffers[index]
        if buffer.value is not None and buffer.shape == ():
            return float(buffer.value)
        place = places[index]
        loaded = emitter.load(place.pointer, place.kind, _at(place, group.shape, indices, flat, emitter))
        values[index] = ops.value(loaded, is_bool=place.kind == "i1")
        return values[index]

    for kernel in group.kernels:
        place = places.get(kernel.output)
        inputs = [operand(index) for index in kernel.inputs]
        settings = dict(kernel.attributes)
        assert kernel.op.formula is not None
        if kernel.op.kind == "reduce":
            assert place is not None
            at = emitter.offset(_reduced_terms(kernel, group.shape, indices or ()), place.offset)
            address = emitter.address(place.pointer, place.kind, at)
            so_far = ops.value(emitter.let(f"load {place.kind}, ptr {address}"))
            # The order of a sum is left to LLVM, which then adds in vectors; it is the same on every run.
            joined = kernel.op.formula(ops.reassociating(), so_far, inputs[0])
            emitter.put(f"store {place.kind} {ops.text(joined)}, ptr {address}")
            continue
        result = kernel.op.formula(ops, *inputs, **settings)
        values[kernel.output] = result
        if place is not None:
            at = _at(place, group.shape, indices, flat, emitter)
            emitter.store(ops.text(result), place.pointer, place.kind, at)


def _at(
    place: BufferView,
    shape: tuple[int, ...],
    indices: Sequence[str] | None,
    flat: Sequence[str],
    emitter: Emitter,
) -> str:
    if indices is None:
        return emitter.offset([(flat[0], 0 if math.prod(place.shape) == 1 else 1)], place.offset)
    missing = len(shape) - len(place.shape)
    terms = [
        (index, 0 if place.shape[axis - missing] == 1 else place.strides[axis - missing])
        for axis, index in enumerate(indices)
        if axis >= missing
    ]
    return emitter.offset(terms, place.offset)


def _reduces_all(kernel: Kernel, shape: tuple[int, ...]) -> bool:
    return bool(dict(kernel.attributes)["axes"] == tuple(range(len(shape))))


def _reduced_terms(kernel: Kernel, shape: tuple[int, ...], indices: Sequence[str]) -> list[tuple[str, int]]:
    axes = dict(kernel.attributes)["axes"]
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    strides = contiguous(tuple(shape[axis] for axis in kept))
    return [(indices[axis], stride) for axis, stride in zip(kept, strides, strict=True)] if indices else []


def _start(kernel: Kernel, plan: Plan, place: BufferView, emitter: Emitter) -> None:
    start = constant_text(_neutral(kernel), place.kind)

    def put(index: str) -> None:
        emitter.store(start, place.pointer, place.kind, emitter.offset([(index, 1)], place.offset))

    emitter.loop(math.prod(place.shape), put)


def _neutral(kernel: Kernel) -> float:
    """Return the number that joining with leaves every other as it is: 0 for a sum, -inf for a maximum."""
    assert kernel.op.formula is not None
    for candidate in (0.0, -math.inf, math.inf, 1.0):
        if all(float(kernel.op.formula(NumpyScalarOps(), candidate, x)) == x for x in (-2.0, 3.5)):
            return candidate
    raise ValueError(f"{kernel.op.name} joins by an op without a neutral number")


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of C order, in entries."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def kind_of(dtype: str) -> str:
    """Return the LLVM type of an entry."""
    return TYPES[dtype]
