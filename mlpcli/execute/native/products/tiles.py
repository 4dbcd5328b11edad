"""Matrix products in registers: a tile of the result is kept in vectors while the inner axis runs.

The scheme is that of Goto, van de Geijn 2008, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34:
where it pays, the operands are first copied into the order in which the tiles read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from mlpcli.execute.native.codegen.loops import Place
from mlpcli.execute.native.codegen.writer import BYTES, Emitter

SCALAR_PRODUCT = 64
"""Products of so few multiplications are written out entry by entry."""
GROUP = 4
"""Vectors of columns that are computed together; of few rows more, up to WIDEST, so that b is read in long
pieces.
"""
WIDEST = 16
B_IN_CACHE = 1 << 19
"""Bytes."""
FEW_ROWS = 16
"""Up to so many, copying a transposed b would take as long as the product."""
TALLEST = 12
"""Rows of a tile at most: more would only lengthen the code."""


@dataclass(frozen=True)
class Machine:
    """What the processor offers: bytes of a vector register, and how many there are."""

    vector_bytes: int
    registers: int

    @property
    def sums(self) -> int:
        """Vectors of sums at once; the other registers hold what is added."""
        return self.registers - self.registers // 4

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

    @property
    def multiplications(self) -> int:
        return self.rows * self.inner * self.columns

    @property
    def kind(self) -> str:
        """The LLVM type of an entry."""
        return self.result.kind


def make_product(a: Place, b: Place, result: Place, transpose_a: bool, transpose_b: bool) -> Product:
    """From the places of a matmul kernel."""
    rows, columns = result.shape
    inner = a.shape[0] if transpose_a else a.shape[1]
    a_strides = a.strides[::-1] if transpose_a else a.strides
    b_strides = b.strides[::-1] if transpose_b else b.strides
    if rows <= FEW_ROWS < columns and b_strides[1] != 1:
        # The transposed result, so that the large operand is read as it lies and never copied.
        a, b, rows, columns = b, a, columns, rows
        a_strides, b_strides = b_strides[::-1], a_strides[::-1]
        result = replace(result, shape=result.shape[::-1], strides=result.strides[::-1])
    return Product(
        a, (a_strides[0], a_strides[1]), b, (b_strides[0], b_strides[1]), result, rows, inner, columns
    )


@dataclass(frozen=True)
class Vector:
    """Neighbouring columns of b: `width` in a register, `used` of them columns of the result from `start` on.

    pointer, offset and stride (of a row) in entries: where b, or its copy, has them.
    """

    start: int
    width: int
    used: int
    pointer: str
    offset: int
    stride: int


@dataclass(frozen=True)
class Group:
    """Vectors that are computed together, `count` times: each time `step` entries of b or its copy further
    on, and as many columns of the result as there are in the vectors.
    """

    vectors: tuple[Vector, ...]
    count: int = 1
    step: int = 0

    @property
    def columns(self) -> int:
        return sum(vector.used for vector in self.vectors)


@dataclass(frozen=True)
class Tiling:
    """How a product is cut. copies: the vectors that are copied from b first; size: their entries."""

    groups: tuple[Group, ...]
    copies: tuple[Vector, ...]
    size: int


def make_tiling(product: Product, machine: Machine, copy_all: bool, scratch: str) -> Tiling:
    """Whole vectors in groups, and a last group for what is left.

    A vector of columns is copied to scratch where b has them apart, where they do not fill a vector of a
    power of two, and where copy_all says so.
    """
    lanes = machine.vector_bytes // BYTES[product.kind]
    in_place = product.b_strides[1] == 1 and not copy_all
    vectors, copies, size = [], [], 0
    for start in range(0, product.columns, lanes):
        used = min(lanes, product.columns - start)
        width = 1 << (used - 1).bit_length()
        if in_place and used == width:
            vector = Vector(
                start, width, used, product.b.pointer, product.b.offset + start, product.b_strides[0]
            )
        else:
            vector = Vector(start, width, used, scratch, size, width)
            copies.append(vector)
            size += product.inner * width
        vectors.append(vector)
    groups = []
    wide = max(GROUP, min(WIDEST, machine.sums // product.rows))
    count = product.columns // lanes // wide
    if count:
        step = wide * lanes * (1 if in_place else product.inner)
        groups.append(Group(tuple(vectors[:wide]), count, step))
    if vectors[count * wide :]:
        groups.append(Group(tuple(vectors[count * wide :])))
    return Tiling(tuple(groups), tuple(copies), size)


def emit_product(product: Product, emitter: Emitter, machine: Machine, scratch: str) -> int:
    """scratch: a pointer to memory for copies of columns of b; gives back how many bytes of it are used."""
    if product.multiplications <= SCALAR_PRODUCT:
        _by_entries(product, emitter)
        return 0
    tiling = make_tiling(product, machine, False, scratch)
    for vector in tiling.copies:
        emit_copy(product, emitter, vector)
    height = tile_height(product.rows, tiling.groups[0], machine)
    whole, rest = divmod(product.rows, height)

    def tiles(group: Group, at: str) -> None:
        # Whole tiles in a loop, what is left once more.
        emitter.loop(whole, lambda tile: emit_tile(product, emitter, group, at, tile, height, height))
        if rest:
            emit_tile(product, emitter, group, at, str(whole), height, rest)

    def columns(tile: str, rows: int) -> None:
        for group in tiling.groups:
            emitter.loop(group.count, partial(one, group, tile, rows))

    def one(group: Group, tile: str, rows: int, at: str) -> None:
        emit_tile(product, emitter, group, at, tile, height, rows)

    if rows_outside(product):
        emitter.loop(whole, lambda tile: columns(tile, height))
        if rest:
            columns(str(whole), rest)
    else:
        for group in tiling.groups:
            emitter.loop(group.count, partial(tiles, group))
    return tiling.size * BYTES[product.kind]


def rows_outside(product: Product) -> bool:
    """Whether to finish a tile's rows before the next: where b stays in the cache, the result is then written
    along its rows. Else columns are finished one after the other, and those of b stay in the cache.
    """
    return product.inner * product.columns * BYTES[product.kind] <= B_IN_CACHE


def tile_height(rows: int, group: Group, machine: Machine) -> int:
    """Rows of a tile: as many as the registers hold, rather a few less where then none are left over."""
    most = max(1, min(TALLEST, machine.sums // len(group.vectors)))
    for height in range(most, most - most // 3 - 1, -1):
        if rows % height == 0:
            return height
    return -(-rows // -(-rows // most))


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
    """Lay columns of b side by side: those of the at-th vector from this one."""
    emitter.loop(product.inner, lambda k: emit_copy_row(product, emitter, vector, at, k))


def emit_copy_row(product: Product, emitter: Emitter, vector: Vector, at: str, k: str) -> None:
    """Row k of these columns; zeros in the places that are not used."""
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
    product: Product,
    emitter: Emitter,
    group: Group,
    at: str,
    tile: str,
    step: int,
    height: int,
    a_step: int | None = None,
) -> None:
    """height rows of the result from row tile·step on, in the columns of the group's `at`-th time.

    a_step: entries of a between two tiles, where that is not step rows.
    """
    a_step = step * product.a_strides[0] if a_step is None else a_step
    kind, vectors = product.kind, group.vectors
    types = [f"<{vector.width} x {kind}>" for _ in range(height) for vector in vectors]

    def advance(k: str, sums: list[str]) -> list[str]:
        loaded = []
        for vector in vectors:
            offset = emitter.offset([(at, group.step), (k, vector.stride)], vector.offset)
            address = emitter.address(vector.pointer, kind, offset)
            loaded.append(emitter.let(f"load <{vector.width} x {kind}>, ptr {address}, align {BYTES[kind]}"))
        new = []
        for i in range(height):
            offset = emitter.offset(
                [(tile, a_step), (k, product.a_strides[1])],
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
                [(tile, step * down), (at, group.columns * across)],
                product.result.offset + i * down + vector.start * across,
            )
            address = emitter.address(product.result.pointer, kind, offset)
            _store(sums[i * len(vectors) + v], vector, kind, address, across, emitter)


def _store(value: str, vector: Vector, kind: str, address: str, across: int, emitter: Emitter) -> None:
    """The used part of a vector, in pieces of a power of two; entry by entry where they lie apart."""
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
