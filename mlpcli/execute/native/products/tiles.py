"""Matrix products in registers: a tile of the result is kept in vectors while the inner axis runs.

The scheme is that of Goto, van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34:
where it pays, the operands are first copied into the order in which the tiles read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mlpcli.execute.native.codegen.writer import BYTES, Emitter
from mlpcli.execute.native.products.tiling import (
    Machine,
    Product,
    Tile,
    Vector,
    VectorGroup,
    make_tiling,
    rows_outside,
    tile_height,
)

SCALAR_PRODUCT = 64
"""Products of so few multiplications are written out entry by entry."""


def emit_product(product: Product, emitter: Emitter, machine: Machine, scratch: str) -> int:
    """Write a product; return how many bytes of scratch memory it uses.

    scratch: a pointer to memory for copies of columns of b.
    """
    if product.multiplications <= SCALAR_PRODUCT:
        _by_entries(product, emitter)
        return 0
    tiling = make_tiling(product, machine, False, scratch)
    for vector in tiling.copies:
        emit_copy(product, emitter, vector)
    height = tile_height(product.rows, tiling.groups[0], machine)
    whole, rest = divmod(product.rows, height)

    def down(group: VectorGroup, at: str) -> None:
        # Whole tiles in a loop, what is left once more.
        emitter.loop(whole, lambda n: emit_tile(product, emitter, group, at, Tile(n, height, height)))
        if rest:
            emit_tile(product, emitter, group, at, Tile(str(whole), height, rest))

    def across(tile: Tile) -> None:
        for group in tiling.groups:
            emitter.loop(group.count, partial(one, group, tile))

    def one(group: VectorGroup, tile: Tile, at: str) -> None:
        emit_tile(product, emitter, group, at, tile)

    if rows_outside(product):
        emitter.loop(whole, lambda n: across(Tile(n, height, height)))
        if rest:
            across(Tile(str(whole), height, rest))
    else:
        for group in tiling.groups:
            emitter.loop(group.count, partial(down, group))
    return tiling.size * BYTES[product.kind]


def _by_entries(product: Product, emitter: Emitter) -> None:
    kind = product.kind
    for i in range(product.rows):
        for j in range(product.columns):
            total = ""
            for k in range(product.inner):
                a = emitter.load(
                    product.a.pointer, kind, str(product.a.offset + _at(product.a_strides, i, k))
                )
                b = emitter.load(
                    product.b.pointer, kind, str(product.b.offset + _at(product.b_strides, k, j))
                )
                term = emitter.let(f"fmul contract {kind} {a}, {b}")
                total = emitter.let(f"fadd contract {kind} {total}, {term}") if total else term
            at = str(product.result.offset + _at(product.result.strides, i, j))
            emitter.store(total, product.result.pointer, kind, at)


def _at(strides: Sequence[int], i: int, j: int) -> int:
    return i * strides[0] + j * strides[1]


def emit_copy(product: Product, emitter: Emitter, vector: Vector, at: str = "0") -> None:
    """Write the copying of columns of b, side by side: those of the at-th vector from this one."""
    emitter.loop(product.inner, lambda k: emit_copy_row(product, emitter, vector, at, k))


def emit_copy_row(product: Product, emitter: Emitter, vector: Vector, at: str, k: str) -> None:
    """Write the copying of row k of these columns; the places that are not used become 0."""
    kind, size = product.kind, product.inner * vector.width
    down, across = product.b_strides
    start = product.b.offset + vector.start * across
    source = [(at, vector.width * across), (k, down)]
    target = [(at, size), (k, vector.stride)]
    if vector.used < vector.width:
        address = emitter.address(vector.pointer, kind, emitter.offset(target, vector.offset))
        emitter.put(f"store <{vector.width} x {kind}> zeroinitializer, ptr {address}, align {BYTES[kind]}")
    if across == 1:
        origin = emitter.address(product.b.pointer, kind, emitter.offset(source, start))
        address = emitter.address(vector.pointer, kind, emitter.offset(target, vector.offset))
        emitter.copy(origin, address, kind, vector.used)
        return

    def entry(j: str) -> None:
        value = emitter.load(product.b.pointer, kind, emitter.offset([*source, (j, across)], start))
        emitter.store(value, vector.pointer, kind, emitter.offset([*target, (j, 1)], vector.offset))

    emitter.loop(vector.used, entry)


def emit_tile(
    product: Product, emitter: Emitter, group: VectorGroup, at: str, tile: Tile, a_step: int | None = None
) -> None:
    """Write the rows of a tile, in the columns of the group's `at`-th time.

    a_step: entries of a between two tiles; None where that is tile.step rows.
    """
    a_step = tile.step * product.a_strides[0] if a_step is None else a_step
    kind, vectors, height = product.kind, group.vectors, tile.height
    types = [f"<{vector.width} x {kind}>" for _ in range(height) for vector in vectors]

    # All sums stay in registers while k runs; a step of k loads a row of b once for all rows of the tile.
    def advance(k: str, sums: list[str]) -> list[str]:
        loaded = []
        for vector in vectors:
            offset = emitter.offset([(at, group.step), (k, vector.stride)], vector.offset)
            address = emitter.address(vector.pointer, kind, offset)
            loaded.append(emitter.let(f"load <{vector.width} x {kind}>, ptr {address}, align {BYTES[kind]}"))
        new = []
        for i in range(height):
            offset = emitter.offset(
                [(tile.number, a_step), (k, product.a_strides[1])],
                product.a.offset + i * product.a_strides[0],
            )
            factor = emitter.load(product.a.pointer, kind, offset)
            for v, vector in enumerate(vectors):
                type = f"<{vector.width} x {kind}>"
                one = emitter.let(f"insertelement {type} poison, {kind} {factor}, i64 0")
                spread = emitter.let(
                    f"shufflevector {type} {one}, {type} poison, <{vector.width} x i32> zeroinitializer"
                )
                term = emitter.let(f"fmul contract {type} {spread}, {loaded[v]}")
                new.append(emitter.let(f"fadd contract {type} {sums[i * len(vectors) + v]}, {term}"))
        return new

    sums = emitter.carried_loop(str(product.inner), [(type, "zeroinitializer") for type in types], advance)
    for i in range(height):
        for v, vector in enumerate(vectors):
            down, across = product.result.strides
            offset = emitter.offset(
                [(tile.number, tile.step * down), (at, group.columns * across)],
                product.result.offset + i * down + vector.start * across,
            )
            address = emitter.address(product.result.pointer, kind, offset)
            _store(sums[i * len(vectors) + v], vector, kind, address, across, emitter)


def _store(value: str, vector: Vector, kind: str, address: str, across: int, emitter: Emitter) -> None:
    """Store the used part of a vector: in pieces of a power of two, or entry by entry
    where they lie apart.
    """
    done = 0
    while done < vector.used:
        piece = 1 << ((vector.used - done).bit_length() - 1) if across == 1 else 1
        part = value
        if piece < vector.width:
            lanes = ", ".join(f"i32 {lane}" for lane in range(done, done + piece))
            type = f"<{vector.width} x {kind}>"
            part = emitter.let(f"shufflevector {type} {value}, {type} poison, <{piece} x i32> <{lanes}>")
        to = emitter.address(address, kind, str(done * across))
        emitter.put(f"store <{piece} x {kind}> {part}, ptr {to}, align {BYTES[kind]}")
        done += piece
