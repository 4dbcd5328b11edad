"""A plan as the text of one LLVM function."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlpcli.execute.native.arena import LINE, lines
from mlpcli.execute.native.emitter import BYTES, STORED, Emitter
from mlpcli.execute.native.layout import Layout, bytes_of, lay_out, view_place
from mlpcli.execute.native.loops import Place, emit_loop, kind_of
from mlpcli.execute.native.products import (
    SCALAR_PRODUCT,
    Machine,
    Product,
    emit_product,
    make_product,
)
from mlpcli.execute.native.shared import SHARED_PRODUCT, SharedProduct, emit_call, share
from mlpcli.execute.native.words import LlvmWords
from mlpcli.plan.fuse import fuse
from mlpcli.plan.kernel import Kernel, Plan

TINY = 512
"""Bytes of parameters and slots up to which they may stay in registers; loops are then written out."""
UNROLLED_WHEN_TINY = 16
INLINED = "alwaysinline nounwind"


@dataclass(frozen=True)
class StepText:
    """One function: its text, its arguments (buffer indices, then the arena), and the arena's bytes.

    keys: of each argument a name that plans for other batch sizes share.
    """

    name: str
    text: str
    arguments: tuple[int, ...]
    keys: tuple[str, ...]
    arena: int
    words: frozenset[str]
    """Words that need a definition in the module."""
    attributes: str
    """Of a function that calls it: whole vectors pay for tiled products, and cost tiny networks."""
    shared: tuple[SharedProduct, ...]
    """Products that it asks its caller for, by number."""
    local: Mapping[int, int]
    """Arguments, and their bytes, that a loop of steps had better copy to its stack: LLVM then keeps them
    in registers from step to step."""


def step_text(name: str, plan: Plan, machine: Machine, first_shared: int = 0) -> StepText:
    """The whole plan as `void name(ptr noalias …, ptr noalias arena, ptr product)`.

    product: `void product(i64 number, ptr a, ptr b, ptr result, ptr scratch)`, called for large products,
    each a function of its own; the numbers begin with first_shared.
    """
    groups = fuse(plan)
    states = {i: bytes_of(plan, i) for i, buffer in enumerate(plan.buffers) if buffer.role == "state"}
    tiny = sum(states.values()) <= TINY
    emitter = Emitter(UNROLLED_WHEN_TINY) if tiny else Emitter()
    emitter.label("entry")
    words = LlvmWords(float_kind(plan), emitter.lines)
    layout = lay_out(name, plan, groups, emitter)
    places = layout.places
    shared: list[SharedProduct] = []
    scratch = 0
    for group in groups:
        if group.kind == "matmul":
            (kernel,) = group.kernels
            product = _product(kernel, places)
            if product.multiplications >= SHARED_PRODUCT[product.kind]:
                number = first_shared + len(shared)
                shared.append(share(f"{name}.p{number}", product, machine))
                emit_call(number, product, emitter)
                copied = shared[-1].scratch
            else:
                copied = emit_product(product, emitter, machine, "%scratch")
            scratch = max(scratch, copied)
        elif group.kind == "loop":
            emit_loop(group, plan, places, emitter, words)
        else:
            (kernel,) = group.kernels
            _scatter(kernel, plan, places, emitter)
    for state, value in plan.updates:
        _copy(places[value], places[state], emitter)
    emitter.put("ret void")
    body, arena = _with_arena(name, plan, layout, lines(scratch), emitter.lines)
    text = "\n".join([*layout.constants, *(product.text for product in shared), body])
    products = [kernel for kernel in plan.kernels if kernel.op.kind == "matmul"]
    tiled = any(multiplications(plan, kernel) > SCALAR_PRODUCT for kernel in products)
    called = {index: f"output {output}" for output, index in reversed(list(plan.outputs.items()))}
    keys = [called.get(i) or f"{plan.buffers[i].role} {plan.buffers[i].name}" for i in layout.arguments]
    attributes = machine.attributes if tiled else ""
    return StepText(
        name,
        text,
        layout.arguments,
        tuple(keys),
        arena,
        frozenset(words.used),
        attributes,
        tuple(shared),
        states if tiny else {},
    )


def multiplications(plan: Plan, kernel: Kernel) -> int:
    """Of a matmul kernel: rows × inner × columns."""
    rows, columns = plan.buffers[kernel.output].shape
    return rows * columns * (math.prod(plan.buffers[kernel.inputs[0]].shape) // rows)


def float_kind(plan: Plan) -> str:
    """The LLVM type of the plan's numbers."""
    return next((kind_of(b.dtype) for b in plan.buffers if b.dtype != "bool"), "double")


def _product(kernel: Kernel, places: Mapping[int, Place]) -> Product:
    settings = dict(kernel.attributes)
    a, b = (places[index] for index in kernel.inputs)
    return make_product(a, b, places[kernel.output], settings["transpose_a"], settings["transpose_b"])


def _scatter(kernel: Kernel, plan: Plan, places: Mapping[int, Place], emitter: Emitter) -> None:
    whole = places[kernel.output]
    emitter.put(
        f"store [{math.prod(whole.shape)} x {STORED[whole.kind]}] zeroinitializer, "
        f"ptr {emitter.address(whole.pointer, whole.kind, str(whole.offset))}"
    )
    _copy(places[kernel.inputs[0]], view_place(kernel, plan, whole), emitter)


def _copy(source: Place, target: Place, emitter: Emitter) -> None:
    def entry(indices: Sequence[str]) -> None:
        terms = list(zip(indices, source.strides, strict=True))
        value = emitter.load(source.pointer, source.kind, emitter.offset(terms, source.offset))
        terms = list(zip(indices, target.strides, strict=True))
        emitter.store(value, target.pointer, target.kind, emitter.offset(terms, target.offset))

    emitter.nest(target.shape, entry)


def _with_arena(name: str, plan: Plan, layout: Layout, scratch: int, body: Sequence[str]) -> tuple[str, int]:
    """The function with that body, and one that cuts an arena into its slots and calls it; the arena's bytes.

    As arguments of a function, LLVM may be told that slots never meet.
    """
    given = [
        f"ptr noalias nocapture align {BYTES[kind_of(plan.buffers[i].dtype)]} %b{i}" for i in layout.arguments
    ]
    slots = {f"%s{number}": size for number, size in enumerate(layout.slots)} | {"%scratch": scratch}
    taken = [f"ptr noalias nocapture align {LINE} {slot}" for slot in slots]
    out = [
        f"define internal void @{name}.body({', '.join([*given, *taken, 'ptr %product'])}) {INLINED} {{",
        *body,
        "}",
    ]
    parameters = ", ".join([*given, f"ptr noalias nocapture align {LINE} %arena", "ptr %product"])
    out.append(f"define internal void @{name}({parameters}) {INLINED} {{")
    start = 0
    for slot, size in slots.items():
        out.append(f"  {slot} = getelementptr inbounds i8, ptr %arena, i64 {start}")
        start += size
    values = [*(f"ptr %b{i}" for i in layout.arguments), *(f"ptr {slot}" for slot in slots), "ptr %product"]
    out += [f"  call void @{name}.body({', '.join(values)})", "  ret void", "}", ""]
    return "\n".join(out), start


def run_text(step: StepText) -> str:
    """`void run_<name>(ptr pointers)`: the step once, its arguments read from an array of pointers."""
    lines, values = [], []
    for number in range(len(step.arguments) + 2):  # the arena, and what computes products
        lines.append(f"  %a{number} = getelementptr inbounds ptr, ptr %pointers, i64 {number}")
        lines.append(f"  %p{number} = load ptr, ptr %a{number}")
        values.append(f"ptr %p{number}")
    call = f"  call void @{step.name}({', '.join(values)})"
    return "\n".join(
        [
            f"define void @run_{step.name}(ptr %pointers) {step.attributes} {{",
            *lines,
            call,
            "  ret void",
            "}",
            "",
        ]
    )
