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


@dataclass(frozen=True)
class Columns:
    """A vector of `width` neighbouring columns of b, of which `used` are columns of the result from `start` on.

    pointer, offset and stride (of a row) in entries: where b, or its copy, has them.
    """

    start: int
    width: int
    used: int
    pointer: str
    offset: int
    stride: int


def is_scalar(product: Product) -> bool:
    """Whether it is so small that it is written out entry by entry."""
    return product.rows * product.inner * product.columns <= SCALAR_PRODUCT


def emit_product(product: Product, emitter: Emitter, machine: Machine, scratch: str) -> int:
    """scratch: a pointer to memory for copies of columns of b; gives back how many bytes of it are used."""
    if is_scalar(product):
        _by_entries(product, emitter)
        return 0
    columns = _columns(product, emitter, _lanes(product, machine), scratch)
    most = machine.registers - machine.registers // 4
    for start in range(0, len(columns), 4):
        tile = columns[start : start + 4]
        height = _tile_height(product.rows, max(1, min(12, most // len(tile))))
        whole = product.rows // height
        # Whole tiles in a loop, what is left once more.
        emitter.loop(whole, partial(_tile, product, emitter, tile, height, height))
        rest = product.rows - whole * height
        if rest:
            _tile(product, emitter, tile, height, rest, str(whole))
    copied = sum(vector.width for vector in columns if vector.pointer == scratch)
    return copied * product.inner * BYTES[product.result.kind]


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


def _lanes(product: Product, machine: Machine) -> int:
    return machine.vector_bytes // BYTES[product.result.kind]


def _power_of_two(number: int) -> int:
    """The lowest that is not below."""
    return 1 << (number - 1).bit_length()


def _columns(product: Product, emitter: Emitter, lanes: int, scratch: str) -> list[Columns]:
    """Vectors that cover the columns. Where b has them apart, or they do not fill one, they are copied."""
    vectors: list[Columns] = []
    taken = 0
    for start in range(0, product.columns, lanes):
        used = min(lanes, product.columns - start)
        width = _power_of_two(used)
        if product.b_strides[1] == 1 and used == width:
            offset, stride = product.b.offset + start, product.b_strides[0]
            vectors.append(Columns(start, width, used, product.b.pointer, offset, stride))
        else:
            vectors.append(Columns(start, width, used, scratch, taken, width))
            _copy(product, emitter, vectors[-1])
            taken += product.inner * width
    return vectors


def _copy(product: Product, emitter: Emitter, columns: Columns) -> None:
    """Lay columns of b side by side, zeros in the places that are not used."""
    kind = product.result.kind

    def row(k: str) -> None:
        target = emitter.offset([(k, columns.stride)], columns.offset)
        if columns.used < columns.width:
            address = emitter.address(columns.pointer, kind, target)
            emitter.put(f"store <{columns.width} x {kind}> zeroinitializer, ptr {address}, align {BYTES[kind]}")

        def entry(j: str) -> None:
            start = product.b.offset + columns.start * product.b_strides[1]
            at = emitter.offset([(k, product.b_strides[0]), (j, product.b_strides[1])], start)
            value = emitter.load(product.b.pointer, kind, at)
            to = emitter.offset([(k, columns.stride), (j, 1)], columns.offset)
            emitter.store(value, columns.pointer, kind, to)

        emitter.loop(columns.used, entry)

    emitter.loop(product.inner, row)


def _tile_height(rows: int, most: int) -> int:
    """Rows of a tile: as many as the registers hold, evenly spread."""
    return -(-rows // -(-rows // most))


def _tile(
    product: Product, emitter: Emitter, columns: Sequence[Columns], step: int, height: int, tile: str
) -> None:
    """height × columns of the result from row tile·step on."""
    kind = product.result.kind
    types = [f"<{vector.width} x {kind}>" for _ in range(height) for vector in columns]

    def advance(k: str, sums: list[str]) -> list[str]:
        loaded = []
        for vector in columns:
            at = emitter.offset([(k, vector.stride)], vector.offset)
            address = emitter.address(vector.pointer, kind, at)
            loaded.append(emitter.let(f"load <{vector.width} x {kind}>, ptr {address}, align {BYTES[kind]}"))
        new = []
        for i in range(height):
            at = emitter.offset(
                [(tile, step * product.a_strides[0]), (k, product.a_strides[1])],
                product.a.offset + i * product.a_strides[0],
            )
            factor = emitter.load(product.a.pointer, kind, at)
            for v, vector in enumerate(columns):
                type = f"<{vector.width} x {kind}>"
                one = emitter.let(f"insertelement {type} poison, {kind} {factor}, i64 0")
                spread = emitter.let(
                    f"shufflevector {type} {one}, {type} poison, <{vector.width} x i32> zeroinitializer"
                )
                term = emitter.let(f"fmul contract {type} {spread}, {loaded[v]}")
                so_far = sums[i * len(columns) + v]
                new.append(emitter.let(f"fadd contract {type} {so_far}, {term}"))
        return new

    sums = emitter.carried_loop(str(product.inner), [(type, "zeroinitializer") for type in types], advance)
    for i in range(height):
        for v, vector in enumerate(columns):
            at = emitter.offset(
                [(tile, step * product.result.strides[0])],
                product.result.offset + i * product.result.strides[0] + vector.start,
            )
            address = emitter.address(product.result.pointer, kind, at)
            _store(sums[i * len(columns) + v], vector, kind, address, emitter)


def _store(value: str, vector: Columns, kind: str, address: str, emitter: Emitter) -> None:
    """The used part of a vector, in pieces of a power of two."""
    done = 0
    while done < vector.used:
        piece = 1 << ((vector.used - done).bit_length() - 1)
        part = value
        if piece < vector.width:
            lanes = ", ".join(f"i32 {lane}" for lane in range(done, done + piece))
            type = f"<{vector.width} x {kind}>"
            part = emitter.let(f"shufflevector {type} {value}, {type} poison, <{piece} x i32> <{lanes}>")
        to = emitter.address(address, kind, str(done))
        emitter.put(f"store <{piece} x {kind}> {part}, ptr {to}, align {BYTES[kind]}")
        done += piece
