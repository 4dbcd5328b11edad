"""Parts of a long step as functions of their own, so that equal layers are compiled once.

LLVM works on a function at a time, and some of its passes look at the whole function for every loop in it:
one function for a deep network takes time that grows with the square of the depth. A part knows its arrays
only as pointers that it is given, so that parts which do the same to other arrays have the same text, and
are one function. Each is a module of its own: what LLVM makes of it depends on nothing around it, and the
cache of object code has it for other networks with such layers, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlpcli.execute.native.codegen.functions import declarations, definitions
from mlpcli.execute.native.codegen.kernels import SCRATCH, emit_copy_of, emit_group
from mlpcli.execute.native.codegen.loops import BufferView
from mlpcli.execute.native.codegen.scalar_ops import LlvmScalarOps
from mlpcli.execute.native.codegen.writer import BYTES, Emitter
from mlpcli.execute.native.products.tiling import Machine
from mlpcli.plan.fuse import KernelGroup
from mlpcli.plan.kernel import Plan

LARGEST = max(BYTES.values())

_Body = Callable[[Mapping[int, BufferView], Emitter, LlvmScalarOps], object]


@dataclass(frozen=True)
class Piece:
    """A function of pointers. declaration: for the modules that call it; module: its own."""

    declaration: str
    module: str


class Pieces:
    """A writer of functions, and of calls of them. made: each function by its name.

    emitter: of the function that calls; float_kind: the LLVM type of numbers; unrolled: see Emitter.
    """

    def __init__(self, emitter: Emitter, float_kind: str, unrolled: int, attributes: str) -> None:
        self.made: dict[str, Piece] = {}
        self._emitter = emitter
        self._kind = float_kind
        self._unrolled = unrolled
        self._attributes = attributes

    def emit_part(
        self, groups: Sequence[KernelGroup], plan: Plan, places: Mapping[int, BufferView], machine: Machine
    ) -> int:
        """Write a function that does these groups, and its call; return how many bytes at SCRATCH it uses."""
        buffers = (i for group in groups for kernel in group.kernels for i in (*kernel.inputs, kernel.output))
        used = {index: places[index] for index in buffers if index in places}
        scratch = [0]

        def body(places: Mapping[int, BufferView], emitter: Emitter, ops: LlvmScalarOps) -> None:
            scratch.extend(emit_group(group, plan, places, emitter, ops, machine) for group in groups)

        self._emit(used, body, [SCRATCH] if any(group.kind == "matmul" for group in groups) else [])
        return max(scratch)

    def emit_copy(self, source: BufferView, target: BufferView) -> None:
        """Write a function that copies an array, and its call."""
        self._emit(
            {0: source, 1: target}, lambda places, emitter, _: emit_copy_of(places[0], places[1], emitter)
        )

    def _emit(self, places: Mapping[int, BufferView], body: _Body, others: Iterable[str] = ()) -> None:
        """Write a function with that body, given the pointers of its places and others by their own name."""
        kinds: dict[str, int] = {}
        for place in places.values():
            kinds[place.pointer] = min(BYTES[place.kind], kinds.get(place.pointer, LARGEST))
        names = {pointer: f"%p{number}" for number, pointer in enumerate(kinds)}
        emitter = Emitter(self._unrolled)
        emitter.label("entry")
        ops = LlvmScalarOps(self._kind, emitter.lines)
        body({i: replace(p, pointer=names[p.pointer]) for i, p in places.items()}, emitter, ops)
        given = [f"ptr noalias nocapture align {size} {names[p]}" for p, size in kinds.items()]
        given += [f"ptr noalias nocapture align {LARGEST} {name}" for name in others]
        rest = f"({', '.join(given)}) nounwind {self._attributes} {{"
        lines = [rest, *emitter.lines, "  ret void", "}", ""]
        text = "\n".join(lines)
        known = declarations(self._kind) + definitions(self._kind, ops.used)
        name = f"piece_{hashlib.sha256((known + text).encode()).hexdigest()[:24]}"
        declaration = f"declare void @{name}({', '.join(['ptr'] * len(given))})"
        self.made[name] = Piece(declaration, f"{known}\ndefine void @{name}{text}")
        self._emitter.put(f"call void @{name}({', '.join(f'ptr {p}' for p in (*kinds, *others))})")
