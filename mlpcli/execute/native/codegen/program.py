"""A plan as the text of one LLVM function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlpcli.execute.native.codegen.arena import LINE, lines
from mlpcli.execute.native.codegen.kernels import SCRATCH, emit_copy_of, emit_group, product_of
from mlpcli.execute.native.codegen.layout import MemoryLayout, bytes_of, lay_out
from mlpcli.execute.native.codegen.loops import BufferView, kind_of
from mlpcli.execute.native.codegen.pieces import Piece, Pieces
from mlpcli.execute.native.codegen.scalar_ops import LlvmScalarOps
from mlpcli.execute.native.codegen.writer import BYTES, UNROLLED, Emitter
from mlpcli.execute.native.products.shared import (
    SHARED_PRODUCT,
    SharedProduct,
    emit_call,
    share,
    without_pointers,
)
from mlpcli.execute.native.products.tiles import SCALAR_PRODUCT
from mlpcli.execute.native.products.tiling import Machine, Product
from mlpcli.plan.fuse import KernelGroup, fuse, independent, linked
from mlpcli.plan.kernel import Plan

ONE_FUNCTION = 12
"""Matrix products up to which a step is one function, in training three hidden layers; beyond, it calls
pieces. Measured: a call takes 1 to 2 ns; in pieces, a step of four layers and more takes 5 to 15 % less."""
TINY = 512
"""Bytes of parameters and slots up to which they may stay in registers; loops are then written out."""
UNROLLED_WHEN_TINY = 16
INLINED = "alwaysinline nounwind"


@dataclass(frozen=True, kw_only=True)
class StepText:
    """One function, a whole step: its text, its arguments, and the bytes of the arena it needs."""

    name: str
    text: str
    arguments: tuple[int, ...]
    keys: tuple[str, ...]
    arena: int
    functions: frozenset[str]
    """Names of the functions that need a definition in the module."""
    attributes: str
    """LLVM attributes of its caller: whole vectors pay for tiled products, and cost tiny networks."""
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
    """Return the whole plan as `void name(ptr noalias …, ptr noalias arena, ptr product)`.

    product: `void product(i64 number, ptr a, ptr b, ptr result, ptr scratch)`, called for large products,
    each a function of its own; the numbers begin with first_shared. attributes: those of the function that
    will call it; None: those it asks for.
    """
    groups = fuse(plan)
    # A deep network is compiled in pieces: LLVM takes time that grows with the square of a function's length.
    in_pieces = sum(group.kind == "matmul" for group in groups) > ONE_FUNCTION
    if in_pieces:
        groups = independent(groups, plan)
    states = {i: bytes_of(plan, i) for i, buffer in enumerate(plan.buffers) if buffer.role == "state"}
    tiny = sum(states.values()) <= TINY
    unrolled = UNROLLED_WHEN_TINY if tiny else UNROLLED
    emitter = Emitter(unrolled)
    emitter.label("entry")
    ops = LlvmScalarOps(float_kind(plan), emitter.lines)
    layout = lay_out(name, plan, groups, emitter)
    places = layout.places
    if attributes is None:
        attributes = machine.attributes if _tiled(plan, places) else ""
    pieces = Pieces(emitter, ops.type, unrolled, attributes)
    shared = _SharedProducts(f"{name}.p", first_shared, machine, emitter)
    scratch = 0
    for part in linked(groups, plan) if in_pieces else [[group] for group in groups]:
        product = _large_product(part[0], places)
        if product is not None:
            scratch = max(scratch, shared.emit(product))
            part = part[1:]
        if part and in_pieces:
            scratch = max(scratch, pieces.emit_part(part, plan, places, machine))
        for group in [] if in_pieces else part:
            scratch = max(scratch, emit_group(group, plan, places, emitter, ops, machine))
    # All outputs and updates see the old values, so states are overwritten last.
    for state, value in plan.updates:
        if in_pieces:
            pieces.emit_copy(places[value], places[state])
        else:
            emit_copy_of(places[value], places[state], emitter)
    emitter.put("ret void")
    function = _of_calls if in_pieces else _with_arena
    body, arena = function(name, plan, layout, lines(scratch), emitter.lines)
    text = "\n".join([*layout.constants, *(product.text for product in shared.made), body])
    return StepText(
        name=name,
        text=text,
        arguments=layout.arguments,
        keys=_keys(plan, layout.arguments),
        arena=arena,
        functions=frozenset(ops.used),
        attributes=attributes,
        shared=shared.made,
        pieces=pieces.made,
        local=states if tiny else {},
    )


class _SharedProducts:
    """The large products of a step, each written once however often it occurs.

    prefix: what the names of their functions begin with. first: the number of the first one.
    """

    def __init__(self, prefix: str, first: int, machine: Machine, emitter: Emitter) -> None:
        self._prefix, self._first, self._machine, self._emitter = prefix, first, machine, emitter
        self._known: dict[Product, SharedProduct] = {}

    @property
    def made(self) -> tuple[SharedProduct, ...]:
        """The products written so far, by number."""
        return tuple(self._known.values())

    def emit(self, product: Product) -> int:
        """Write the call of a product; return how many bytes of scratch memory it uses."""
        known = without_pointers(product)
        if known not in self._known:
            name = f"{self._prefix}{self._first + len(self._known)}"
            self._known[known] = share(name, known, self._machine)
        emit_call(self._first + list(self._known).index(known), product, self._emitter)
        return self._known[known].scratch


def _keys(plan: Plan, arguments: Sequence[int]) -> tuple[str, ...]:
    """Return a name for each argument that plans for other batch sizes share."""
    called = {index: f"output {output}" for output, index in reversed(list(plan.outputs.items()))}
    return tuple(called.get(i) or f"{plan.buffers[i].role} {plan.buffers[i].name}" for i in arguments)


def float_kind(plan: Plan) -> str:
    """Return the LLVM type of the plan's numbers."""
    return next((kind_of(b.dtype) for b in plan.buffers if b.dtype != "bool"), "double")


def _large_product(group: KernelGroup, places: Mapping[int, BufferView]) -> Product | None:
    """Return the product of a group if it is worth several threads, else None."""
    if group.kind != "matmul":
        return None
    product = product_of(group.kernels[0], places)
    return product if product.multiplications >= SHARED_PRODUCT[product.kind] else None


def _tiled(plan: Plan, places: Mapping[int, BufferView]) -> bool:
    """Return whether a product of the plan is computed in tiles."""
    kernels = (kernel for kernel in plan.kernels if kernel.op.kind == "matmul")
    return any(product_of(kernel, places).multiplications > SCALAR_PRODUCT for kernel in kernels)


def _with_arena(
    name: str, plan: Plan, layout: MemoryLayout, scratch: int, body: Sequence[str]
) -> tuple[str, int]:
    """Return the function with that body, one that cuts an arena into its slots and calls it, and the arena's
    bytes.

    Only of arguments of a function may LLVM be told that they never meet.
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
    # The slots lie in the arena one after the other, whole cache lines each.
    start = 0
    for slot, size in slots.items():
        out.append(f"  {slot} = getelementptr inbounds i8, ptr %arena, i64 {start}")
        start += size
    values = [*(f"ptr %b{i}" for i in layout.arguments), *(f"ptr {slot}" for slot in slots), "ptr %product"]
    out += [f"  call void @{name}.body({', '.join(values)})", "  ret void", "}", ""]
    return "\n".join(out), start


def _of_calls(
    name: str, plan: Plan, layout: MemoryLayout, scratch: int, body: Sequence[str]
) -> tuple[str, int]:
    """Return the function with that body, and the arena's bytes.

    It does nothing but call, so that LLVM need be told nothing about its slots.
    """
    slots = {f"%s{number}": size for number, size in enumerate(layout.slots)} | {SCRATCH: scratch}
    given = [*(f"ptr %b{i}" for i in layout.arguments), "ptr %arena", "ptr %product"]
    out = [f"define internal void @{name}({', '.join(given)}) {INLINED} {{", body[0]]
    start = 0
    for slot, size in slots.items():
        out.append(f"  {slot} = getelementptr inbounds i8, ptr %arena, i64 {start}")
        start += size
    return "\n".join([*out, *body[1:], "}", ""]), start


def run_text(step: StepText) -> str:
    """Return `void run_<name>(ptr pointers)`: the step once, its arguments read from an array of pointers."""
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
