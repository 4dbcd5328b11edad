"""A small matrix product in registers: a tile of the result is kept in vectors while the inner axis runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from mlpcli.execute.native.emitter import BYTES, Emitter
from mlpcli.execute.native.loops import Place

SCALAR_PRODUCT = 64
"""Products of so few multiplications are written out entry by entry."""


@dataclass(frozen=True)
class Machine:
    """What the processor offers: bytes of a vector register, and how many there are."""

    vector_bytes: int
    registers: int

    @property
    def attributes(self) -> str:
        """Of every function: by itself LLVM keeps to half of a 64-byte vector, which measured 7 % slower."""
        return f'"prefer-vector-width"="{8 * self.vector_bytes}"'


@dataclass(frozen=True)
class Product:
    """result[i, j] = Σ_k a[i, k]·b[k, j], each with its strides in entries. rows × inner × columns."""

    a: Place
    a_strides: tuple[int, int]
    b: Place
    b_strides: tuple[int, int]
    result: Place
    rows: int
    inner: int
    columns: int


def make_product(a: Place, b: Place, result: Place, transpose_a: bool, transpose_b: bool) -> Product:
    """From the places of a matmul kernel."""
    rows, columns = result.shape
    inner = a.shape[0] if transpose_a else a.shape[1]
    a_strides = a.strides[::-1] if transpose_a else a.strides
    b_strides = b.strides[::-1] if transpose_b else b.strides
    return Product(
        a, (a_strides[0], a_strides[1]), b, (b_strides[0], b_strides[1]), result, rows, inner, columns
    )


def emit_product(product: Product, emitter: Emitter, machine: Machine, scratch: str) -> None:
    """scratch: a pointer to inner × columns entries, where a transposed b is laid out by rows."""
    if product.rows * product.inner * product.columns <= SCALAR_PRODUCT:
        _by_entries(product, emitter)
        return
    if product.b_strides[1] != 1:
        product = _packed(product, emitter, scratch)
    kind = product.result.kind
    lanes = machine.vector_bytes // BYTES[kind]
    vectors = _column_vectors(product.columns, lanes)
    most = machine.registers - machine.registers // 4
    start = 0
    while start < len(vectors):
        wide = min(4, len(vectors) - start)
        tile = vectors[start : start + wide]
        height = _tile_height(product.rows, max(1, min(12, most // wide)))
        whole = product.rows // height
        # Whole tiles in a loop, what is left once more.
        emitter.loop(whole, partial(_tile, product, emitter, tile, height, height))
        rest = product.rows - whole * height
        if rest:
            _tile(product, emitter, tile, height, rest, str(whole))
        start += wide


def _by_entries(product: Product, emitter: Emitter) -> None:
    kind = product.result.kind
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


def _packed(product: Product, emitter: Emitter, scratch: str) -> Product:
    """b copied by rows: a vector of its columns is then one load."""
    kind = product.result.kind

    def row(k: str) -> None:
        def entry(j: str) -> None:
            at = emitter.offset([(k, product.b_strides[0]), (j, product.b_strides[1])], product.b.offset)
            value = emitter.load(product.b.pointer, kind, at)
            emitter.store(value, scratch, kind, emitter.offset([(k, product.columns), (j, 1)]))

        emitter.loop(product.columns, entry)

    emitter.loop(product.inner, row)
    shape = (product.inner, product.columns)
    place = Place(scratch, shape, (product.columns, 1), kind)
    return Product(
        product.a,
        product.a_strides,
        place,
        (product.columns, 1),
        product.result,
        product.rows,
        product.inner,
        product.columns,
    )


def _column_vectors(columns: int, lanes: int) -> list[tuple[int, int]]:
    """(start, width) of vectors that cover the columns: whole ones, then halves, quarters …"""
    vectors, start = [], 0
    while start < columns:
        while lanes > columns - start:
            lanes //= 2
        vectors.append((start, lanes))
        start += lanes
    return vectors


def _tile_height(rows: int, most: int) -> int:
    """Rows of a tile: as many as the registers hold, evenly spread."""
    return -(-rows // -(-rows // most))


def _tile(
    product: Product, emitter: Emitter, vectors: Sequence[tuple[int, int]], step: int, height: int, tile: str
) -> None:
    """height × vectors of the result from row tile·step on."""
    kind = product.result.kind
    types = [f"<{width} x {kind}>" for _ in range(height) for _, width in vectors]

    def advance(k: str, sums: list[str]) -> list[str]:
        columns = []
        for start, width in vectors:
            at = emitter.offset([(k, product.b_strides[0])], product.b.offset + start)
            address = emitter.address(product.b.pointer, kind, at)
            columns.append(emitter.let(f"load <{width} x {kind}>, ptr {address}, align {BYTES[kind]}"))
        new = []
        for i in range(height):
            at = emitter.offset(
                [(tile, step * product.a_strides[0]), (k, product.a_strides[1])],
                product.a.offset + i * product.a_strides[0],
            )
            factor = emitter.load(product.a.pointer, kind, at)
            for v, (_, width) in enumerate(vectors):
                vector = f"<{width} x {kind}>"
                one = emitter.let(f"insertelement {vector} poison, {kind} {factor}, i64 0")
                spread = emitter.let(
                    f"shufflevector {vector} {one}, {vector} poison, <{width} x i32> zeroinitializer"
                )
                term = emitter.let(f"fmul contract {vector} {spread}, {columns[v]}")
                so_far = sums[i * len(vectors) + v]
                new.append(emitter.let(f"fadd contract {vector} {so_far}, {term}"))
        return new

    sums = emitter.carried_loop(
        str(product.inner), [(vector, "zeroinitializer") for vector in types], advance
    )
    for i in range(height):
        for v, (start, width) in enumerate(vectors):
            at = emitter.offset(
                [(tile, step * product.result.strides[0])],
                product.result.offset + i * product.result.strides[0] + start,
            )
            address = emitter.address(product.result.pointer, kind, at)
            value = sums[i * len(vectors) + v]
            emitter.put(f"store <{width} x {kind}> {value}, ptr {address}, align {BYTES[kind]}")
