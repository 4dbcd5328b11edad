"""A plan as the text of one LLVM function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlpcli.execute.native.codegen.arena import LINE, lines
from mlpcli.execute.native.codegen.kernels import SCRATCH, emit_copy_of, emit_group, product_of
from mlpcli.execute.native.codegen.layout import Layout, bytes_of, lay_out
from mlpcli.execute.native.codegen.loops import Place, kind_of
from mlpcli.execute.native.codegen.pieces import Piece, Pieces
from mlpcli.execute.native.codegen.scalar_ops import LlvmWords
from mlpcli.execute.native.codegen.writer import BYTES, UNROLLED, Emitter
from mlpcli.execute.native.products.shared import (
    SHARED_PRODUCT,
    SharedProduct,
    emit_call,
    share,
    without_pointers,
)
from mlpcli.execute.native.products.tiles import SCALAR_PRODUCT, Machine, Product
from mlpcli.plan.fuse import Group, fuse, independent, linked
from mlpcli.plan.kernel import Plan

ONE_FUNCTION = 12
"""Matrix products up to which a step is one function, in training three hidden layers; beyond, it calls
pieces. Measured: a call takes 1 to 2 ns; in pieces, a step of four layers and more takes 5 to 15 % less."""
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
    pieces: Mapping[str, Piece]
    """Functions that it calls, by name."""
    local: Mapping[int, int]
    """Arguments, and their bytes, that a loop of steps had better copy to its stack: LLVM then keeps them
    in registers from step to step."""


def step_text(
    name: str, plan: Plan, machine: Machine, first_shared: int = 0, attributes: str | None = None
) -> StepText:
    """The whole plan as `void name(ptr noalias …, ptr noalias arena, ptr product)`.

    product: `void product(i64 number, ptr a, ptr b, ptr result, ptr scratch)`, called for large products,
    each a function of its own; the numbers begin with first_shared. attributes: those of the function that
    will call it; None: those it asks for.
    """
    groups = fuse(plan)
    in_pieces = sum(group.kind == "matmul" for group in groups) > ONE_FUNCTION
    if in_pieces:
        groups = independent(groups, plan)
    states = {i: bytes_of(plan, i) for i, buffer in enumerate(plan.buffers) if buffer.role == "state"}
    tiny = sum(states.values()) <= TINY
    unrolled = UNROLLED_WHEN_TINY if tiny else UNROLLED
    emitter = Emitter(unrolled)
    emitter.label("entry")
    words = LlvmWords(float_kind(plan), emitter.lines)
    layout = lay_out(name, plan, groups, emitter)
    places = layout.places
    if attributes is None:
        attributes = machine.attributes if _tiled(plan, places) else ""
    pieces = Pieces(emitter, words.type, unrolled, attributes)
    shared: dict[Product, SharedProduct] = {}
    scratch = 0
    for part in linked(groups, plan) if in_pieces else [[group] for group in groups]:
        product = _large_product(part[0], places)
        if product is not None:
            known = without_pointers(product)
            if known not in shared:
                shared[known] = share(f"{name}.p{first_shared + len(shared)}", known, machine)
            emit_call(first_shared + list(shared).index(known), product, emitter)
            scratch = max(scratch, shared[known].scratch)
            part = part[1:]
        if part and in_pieces:
            scratch = max(scratch, pieces.emit_part(part, plan, places, machine))
        for group in [] if in_pieces else part:
            scratch = max(scratch, emit_group(group, plan, places, emitter, words, machine))
    for state, value in plan.updates:
        if in_pieces:
            pieces.emit_copy(places[value], places[state])
        else:
            emit_copy_of(places[value], places[state], emitter)
    emitter.put("ret void")
    function = _of_calls if in_pieces else _with_arena
    body, arena = function(name, plan, layout, lines(scratch), emitter.lines)
    text = "\n".join([*layout.constants, *(product.text for product in shared.values()), body])
    called = {index: f"output {output}" for output, index in reversed(list(plan.outputs.items()))}
    keys = [called.get(i) or f"{plan.buffers[i].role} {plan.buffers[i].name}" for i in layout.arguments]
    return StepText(
        name,
        text,
        layout.arguments,
        tuple(keys),
        arena,
        frozenset(words.used),
        attributes,
        tuple(shared.values()),
        pieces.made,
        states if tiny else {},
    )


def float_kind(plan: Plan) -> str:
    """The LLVM type of the plan's numbers."""
    return next((kind_of(b.dtype) for b in plan.buffers if b.dtype != "bool"), "double")


def _large_product(group: Group, places: Mapping[int, Place]) -> Product | None:
    """The product of a group, if it is worth several threads."""
    if group.kind != "matmul":
        return None
    product = product_of(group.kernels[0], places)
    return product if product.multiplications >= SHARED_PRODUCT[product.kind] else None


def _tiled(plan: Plan, places: Mapping[int, Place]) -> bool:
    """Whether a product of the plan is computed in tiles."""
    kernels = (kernel for kernel in plan.kernels if kernel.op.kind == "matmul")
    return any(product_of(kernel, places).multiplications > SCALAR_PRODUCT for kernel in kernels)


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


def _of_calls(name: str, plan: Plan, layout: Layout, scratch: int, body: Sequence[str]) -> tuple[str, int]:
    """The function with that body, which does nothing but call: there is nothing that LLVM need be told."""
    slots = {f"%s{number}": size for number, size in enumerate(layout.slots)} | {SCRATCH: scratch}
    given = [*(f"ptr %b{i}" for i in layout.arguments), "ptr %arena", "ptr %product"]
    out = [f"define internal void @{name}({', '.join(given)}) {INLINED} {{", body[0]]
    start = 0
    for slot, size in slots.items():
        out.append(f"  {slot} = getelementptr inbounds i8, ptr %arena, i64 {start}")
        start += size
    return "\n".join([*out, *body[1:], "}", ""]), start


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
