"""Large products are functions of their own, in parts that any number of threads can take, in any order.

First the operands are copied into the order in which the tiles read them, then come the tiles. What a part
computes does not depend on who computes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mlpcli.execute.native.codegen.loops import Place
from mlpcli.execute.native.codegen.writer import BYTES, Emitter
from mlpcli.execute.native.products.tiles import (
    Group,
    Machine,
    Product,
    emit_copy,
    emit_copy_row,
    emit_tile,
    make_tiling,
    rows_outside,
    tile_height,
)

SHARED_PRODUCT = {"float": 8_000_000, "double": 4_000_000}
"""Multiplications from which on a product is worth several threads."""
COPIED, COPY_ROWS = 1 << 20, 128
"""Bytes of b, and rows of the result, from which on b is copied: rows of it that lie far apart share few
places in the caches, and many rows of the result read each often. Measured on 1024 × 1024 and 784 × 500."""


@dataclass(frozen=True)
class SharedProduct:
    """Functions `(ptr a, ptr b, ptr result, ptr scratch, i64 from, i64 to)`, each doing parts of a stage.

    stages: (function, number of parts), one after the other. scratch: bytes.
    """

    text: str
    stages: tuple[tuple[str, int], ...]
    scratch: int


def without_pointers(product: Product) -> Product:
    """The product as its functions know it: of pointers that they are given, the same for equal products."""
    a, b, result = (
        replace(place, pointer=pointer)
        for place, pointer in ((product.a, "%a"), (product.b, "%b"), (product.result, "%result"))
    )
    return replace(product, a=a, b=b, result=result)


def share(name: str, product: Product, machine: Machine) -> SharedProduct:
    """The functions of a product without pointers, called `name` with a suffix."""
    b_bytes = product.inner * product.columns * BYTES[product.kind]
    large = b_bytes >= COPIED and product.rows >= COPY_ROWS
    tiling = make_tiling(product, machine, large, "%scratch")
    height = tile_height(product.rows, tiling.groups[0], machine)
    whole, rest = divmod(product.rows, height)
    tiles, size = whole + bool(rest), tiling.size
    texts: list[str] = []
    stages: list[tuple[str, int]] = []

    def stage(suffix: str, parts: int, body: Callable[[Emitter], None]) -> None:
        texts.append(_function(f"{name}.{suffix}", product.kind, machine, body))
        stages.append((f"{name}.{suffix}", parts))

    if tiling.copies:
        first, final = tiling.copies[0], tiling.copies[-1]
        ragged = final.used < first.width
        alike = len(tiling.copies) - ragged

        def row(emitter: Emitter, k: str) -> None:
            emitter.loop(alike, lambda at: emit_copy_row(product, emitter, first, at, k))
            if ragged:
                emit_copy_row(product, emitter, final, "0", k)

        # Along the rows of b where its entries are neighbours there, else along its columns.
        if product.b_strides[1] == 1:
            stage("columns", product.inner, lambda e: _parts(e, product.inner, partial(row, e), None))
        else:
            last = partial(emit_copy, product, vector=final) if ragged else None
            stage(
                "columns",
                len(tiling.copies),
                lambda e: _parts(
                    e,
                    alike,
                    lambda at: emit_copy(product, e, first, at),
                    (lambda _: last(e)) if last else None,
                ),
            )
    a_step = height * product.a_strides[0]
    if product.a_strides[1] != 1:
        original, a_step = product, product.inner * height
        copy = Place("%scratch", (tiles, product.inner, height), (a_step, height, 1), product.kind, size)
        stage(
            "rows",
            tiles,
            lambda emitter: _parts(
                emitter,
                whole,
                lambda tile: _copy_rows(original, copy, emitter, tile, height, height),
                (lambda tile: _copy_rows(original, copy, emitter, tile, height, rest)) if rest else None,
            ),
        )
        product = replace(product, a=copy, a_strides=(1, height))
        size += tiles * a_step

    def all_tiles(emitter: Emitter) -> None:
        def tile(number: str, rows: int, group: Group, at: str) -> None:
            emit_tile(product, emitter, group, at, number, height, rows, a_step)

        def columns(number: str, rows: int) -> None:
            for group in tiling.groups:
                emitter.loop(group.count, partial(tile, number, rows, group))

        def rows(group: Group, at: str) -> None:
            whole_tile = partial(tile, rows=height, group=group, at=at)
            _parts(emitter, whole, whole_tile, partial(tile, rows=rest, group=group, at=at) if rest else None)

        if rows_outside(product):
            last = partial(columns, rows=rest) if rest else None
            _parts(emitter, whole, partial(columns, rows=height), last)
        else:
            for group in tiling.groups:
                emitter.loop(group.count, partial(rows, group))

    stage("tiles", tiles, all_tiles)
    return SharedProduct("".join(texts), tuple(stages), size * BYTES[product.kind])


def emit_call(number: int, product: Product, emitter: Emitter) -> None:
    """Ask the caller of the code for a product, by its number."""
    # The pointers say which memory the call reads and writes; LLVM could not know otherwise.
    pointers = ", ".join(f"ptr {place.pointer}" for place in (product.a, product.b, product.result))
    emitter.put(f"call void %product(i64 {number}, {pointers}, ptr %scratch)")


def _copy_rows(product: Product, copy: Place, emitter: Emitter, tile: str, step: int, rows: int) -> None:
    """Lay the rows of a tile side by side."""
    across, down = product.a_strides

    def column(k: str) -> None:
        if across == 1:
            source = emitter.offset([(tile, step), (k, down)], product.a.offset)
            target = emitter.offset(list(zip((tile, k), copy.strides[:2], strict=True)), copy.offset)
            origin = emitter.address(product.a.pointer, product.kind, source)
            address = emitter.address(copy.pointer, product.kind, target)
            emitter.copy(origin, address, product.kind, rows)
            return

        def entry(i: str) -> None:
            at = emitter.offset([(tile, step * across), (k, down), (i, across)], product.a.offset)
            value = emitter.load(product.a.pointer, product.kind, at)
            to = emitter.offset(list(zip((tile, k, i), copy.strides, strict=True)), copy.offset)
            emitter.store(value, copy.pointer, product.kind, to)

        emitter.loop(rows, entry)

    emitter.loop(product.inner, column)


def _parts(
    emitter: Emitter, alike: int, part: Callable[[str], None], last: Callable[[str], None] | None
) -> None:
    """The parts %from … %to - 1: `alike` of a kind, then perhaps another one."""

    def once(at: str, _: list[str]) -> tuple[str, ...]:
        part(at)
        return ()

    stop = emitter.let(f"call i64 @llvm.umin.i64(i64 %to, i64 {alike})")
    emitter.when(f"icmp ult i64 %from, {stop}", lambda: emitter.carried_loop(stop, (), once, "%from"))
    if last is not None:
        emitter.when(f"icmp ugt i64 %to, {alike}", partial(last, str(alike)))


def _function(name: str, kind: str, machine: Machine, body: Callable[[Emitter], None]) -> str:
    emitter = Emitter()
    emitter.label("entry")
    body(emitter)
    emitter.put("ret void")
    align = f"align {BYTES[kind]}"
    pointers = ", ".join(f"ptr noalias nocapture {align} %{word}" for word in ("a", "b", "result", "scratch"))
    head = f"define void @{name}({pointers}, i64 %from, i64 %to) nounwind {machine.attributes}"
    return "\n".join([f"{head} {{", *emitter.lines, "}", ""])
