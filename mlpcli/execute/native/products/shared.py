"""Large products are functions of their own, in parts that any number of threads can take, in any order.

First the operands are copied into the order in which the tiles read them, then come the tiles. What a part
computes does not depend on who computes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mlpcli.execute.native.codegen.loops import BufferView
from mlpcli.execute.native.codegen.writer import BYTES, Emitter
from mlpcli.execute.native.products.tiles import emit_copy, emit_copy_row, emit_tile
from mlpcli.execute.native.products.tiling import (
    Machine,
    Product,
    Tile,
    Tiling,
    VectorGroup,
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
    """Return the product as its functions know it, by pointers that they are given: equal products are equal
    then.
    """
    a, b, result = (
        replace(place, pointer=pointer)
        for place, pointer in ((product.a, "%a"), (product.b, "%b"), (product.result, "%result"))
    )
    return replace(product, a=a, b=b, result=result)


@dataclass(frozen=True)
class _Stage:
    """A part of the work that has to be done before the next one begins; body: writes its function."""

    suffix: str
    parts: int
    body: Callable[[Emitter], None]


@dataclass(frozen=True)
class _Bands:
    """The rows of the result: `whole` bands of `height` rows, and one of `rest` rows where that is not 0."""

    height: int
    whole: int
    rest: int

    @property
    def count(self) -> int:
        """The number of bands."""
        return self.whole + bool(self.rest)

    def emit(self, emitter: Emitter, band: Callable[[str, int], None]) -> None:
        """Write the bands %from … %to - 1. band: writes one, given its number and its rows."""
        last = (lambda number: band(number, self.rest)) if self.rest else None
        _emit_parts(emitter, self.whole, lambda number: band(number, self.height), last)


def share(name: str, product: Product, machine: Machine) -> SharedProduct:
    """Return the functions of a product without pointers, called `name` with a suffix."""
    b_bytes = product.inner * product.columns * BYTES[product.kind]
    copied = b_bytes >= COPIED and product.rows >= COPY_ROWS
    tiling = make_tiling(product, machine, copied, "%scratch")
    height = tile_height(product.rows, tiling.groups[0], machine)
    bands = _Bands(height, *divmod(product.rows, height))
    stages: list[_Stage] = []
    size, a_step = tiling.size, height * product.a_strides[0]
    if tiling.copies:
        stages.append(_copy_columns(product, tiling))
    if product.a_strides[1] != 1:
        # Neighbours along the inner axis lie apart: each band is copied, so that a tile reads it as it lies.
        a_step = product.inner * height
        strides = (a_step, height, 1)
        shape = (bands.count, product.inner, height)
        copy = BufferView(pointer="%scratch", shape=shape, strides=strides, kind=product.kind, offset=size)
        stages.append(_copy_bands(product, copy, bands))
        product = replace(product, a=copy, a_strides=(1, height))
        size += bands.count * a_step
    stages.append(_compute_tiles(product, tiling, bands, a_step))
    return SharedProduct(
        "".join(_function(f"{name}.{each.suffix}", product.kind, machine, each.body) for each in stages),
        tuple((f"{name}.{each.suffix}", each.parts) for each in stages),
        size * BYTES[product.kind],
    )


def _copy_columns(product: Product, tiling: Tiling) -> _Stage:
    """Return the stage that copies b, vector of columns beside vector of columns."""
    first, final = tiling.copies[0], tiling.copies[-1]
    ragged = final.used < first.width  # the last vector is not full, and its places without a column are 0
    alike = len(tiling.copies) - ragged

    def row(emitter: Emitter, k: str) -> None:
        emitter.loop(alike, lambda at: emit_copy_row(product, emitter, first, at, k))
        if ragged:
            emit_copy_row(product, emitter, final, "0", k)

    def rows(emitter: Emitter) -> None:
        _emit_parts(emitter, product.inner, partial(row, emitter), None)

    def columns(emitter: Emitter) -> None:
        last = (lambda _: emit_copy(product, emitter, final)) if ragged else None
        _emit_parts(emitter, alike, lambda at: emit_copy(product, emitter, first, at), last)

    # Along the rows of b where its entries are neighbours there, else along its columns.
    if product.b_strides[1] == 1:
        return _Stage("columns", product.inner, rows)
    return _Stage("columns", len(tiling.copies), columns)


def _copy_bands(product: Product, copy: BufferView, bands: _Bands) -> _Stage:
    """Return the stage that lays the rows of every band of a side by side. copy: (bands, inner, height)."""

    def body(emitter: Emitter) -> None:
        def band(number: str, rows: int) -> None:
            _copy_rows(product, copy, emitter, Tile(number, bands.height, rows))

        bands.emit(emitter, band)

    return _Stage("rows", bands.count, body)


def _compute_tiles(product: Product, tiling: Tiling, bands: _Bands, a_step: int) -> _Stage:
    """Return the stage that computes the result. a_step: entries of a between two bands."""

    def body(emitter: Emitter) -> None:
        def tile(group: VectorGroup, number: str, rows: int, at: str) -> None:
            emit_tile(product, emitter, group, at, Tile(number, bands.height, rows), a_step)

        def across(number: str, rows: int) -> None:
            for group in tiling.groups:
                emitter.loop(group.count, partial(tile, group, number, rows))

        def down(group: VectorGroup, at: str) -> None:
            bands.emit(emitter, partial(tile, group, at=at))

        if rows_outside(product):
            bands.emit(emitter, across)
            return
        for group in tiling.groups:
            emitter.loop(group.count, partial(down, group))

    return _Stage("tiles", bands.count, body)


def emit_call(number: int, product: Product, emitter: Emitter) -> None:
    """Write the call that asks the caller of the code for a product, by its number."""
    # The pointers say which memory the call reads and writes; LLVM could not know otherwise.
    pointers = ", ".join(f"ptr {place.pointer}" for place in (product.a, product.b, product.result))
    emitter.put(f"call void %product(i64 {number}, {pointers}, ptr %scratch)")


def _copy_rows(product: Product, copy: BufferView, emitter: Emitter, tile: Tile) -> None:
    """Write the copying of a tile's rows of a, side by side."""
    across, down = product.a_strides
    number, step = tile.number, tile.step

    def column(k: str) -> None:
        if across == 1:
            source = emitter.offset([(number, step), (k, down)], product.a.offset)
            target = emitter.offset(list(zip((number, k), copy.strides[:2], strict=True)), copy.offset)
            origin = emitter.address(product.a.pointer, product.kind, source)
            address = emitter.address(copy.pointer, product.kind, target)
            emitter.copy(origin, address, product.kind, tile.height)
            return

        def entry(i: str) -> None:
            at = emitter.offset([(number, step * across), (k, down), (i, across)], product.a.offset)
            value = emitter.load(product.a.pointer, product.kind, at)
            to = emitter.offset(list(zip((number, k, i), copy.strides, strict=True)), copy.offset)
            emitter.store(value, copy.pointer, product.kind, to)

        emitter.loop(tile.height, entry)

    emitter.loop(product.inner, column)


def _emit_parts(
    emitter: Emitter, alike: int, part: Callable[[str], None], last: Callable[[str], None] | None
) -> None:
    """Write the parts %from … %to - 1: `alike` of a kind, then perhaps another one, the last."""

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
