"""A group of kernels as instructions: a loop, a product in registers, a scatter or a copy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mlpcli.execute.native.codegen.layout import view_place
from mlpcli.execute.native.codegen.loops import BufferView, emit_loop
from mlpcli.execute.native.codegen.scalar_ops import LlvmScalarOps
from mlpcli.execute.native.codegen.writer import STORED, Emitter
from mlpcli.execute.native.products.tiles import emit_product
from mlpcli.execute.native.products.tiling import Machine, Product, make_product
from mlpcli.plan.fuse import KernelGroup
from mlpcli.plan.kernel import Kernel, Plan

SCRATCH = "%scratch"
"""The pointer to memory for copies of a product's operands."""


def emit_group(
    group: KernelGroup,
    plan: Plan,
    places: Mapping[int, BufferView],
    emitter: Emitter,
    ops: LlvmScalarOps,
    machine: Machine,
) -> int:
    """Write the group's instructions; return how many bytes at SCRATCH they use.

    ops: append to the emitter's lines.
    """
    if group.kind == "loop":
        emit_loop(group, plan, places, emitter, ops)
        return 0
    (kernel,) = group.kernels
    if group.kind == "matmul":
        return emit_product(product_of(kernel, places), emitter, machine, SCRATCH)
    _emit_scatter(kernel, plan, places, emitter)
    return 0


def product_of(kernel: Kernel, places: Mapping[int, BufferView]) -> Product:
    """Return the product that a matmul kernel means."""
    settings = dict(kernel.attributes)
    a, b = (places[index] for index in kernel.inputs)
    return make_product(a, b, places[kernel.output], settings["transpose_a"], settings["transpose_b"])


def emit_copy_of(source: BufferView, target: BufferView, emitter: Emitter) -> None:
    """Write the instructions that copy an array of the target's shape, entry by entry."""

    def entry(indices: Sequence[str]) -> None:
        terms = list(zip(indices, source.strides, strict=True))
        value = emitter.load(source.pointer, source.kind, emitter.offset(terms, source.offset))
        terms = list(zip(indices, target.strides, strict=True))
        emitter.store(value, target.pointer, target.kind, emitter.offset(terms, target.offset))

    emitter.nest(target.shape, entry)


def _emit_scatter(kernel: Kernel, plan: Plan, places: Mapping[int, BufferView], emitter: Emitter) -> None:
    whole = places[kernel.output]
    emitter.put(
        f"store [{math.prod(whole.shape)} x {STORED[whole.kind]}] zeroinitializer, "
        f"ptr {emitter.address(whole.pointer, whole.kind, str(whole.offset))}"
    )
    emit_copy_of(places[kernel.inputs[0]], view_place(kernel, plan, whole), emitter)
