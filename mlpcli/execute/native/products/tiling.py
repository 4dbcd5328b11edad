"""The way a matrix product is cut into tiles that fit the processor's registers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlpcli.execute.native.codegen.loops import BufferView
from mlpcli.execute.native.codegen.writer import BYTES

GROUP = 4
"""Vectors of columns that are computed together; of few rows more, up to WIDEST, so that b is read in long
pieces.
"""
WIDEST = 16
B_IN_CACHE = 1 << 19
"""Bytes of b up to which it stays in the cache."""
FEW_ROWS = 16
"""Rows up to which copying a transposed b would take as long as the product."""
TALLEST = 12
"""Rows of a tile at most: more would only lengthen the code."""


@dataclass(frozen=True)
class Machine:
    """A processor: bytes of a vector register, and how many there are."""

    vector_bytes: int
    registers: int

    @property
    def sums(self) -> int:
        """Vectors of sums at once; the other registers hold what is added."""
        return self.registers - self.registers // 4

    @property
    def attributes(self) -> str:
        """The LLVM attributes of every function.

        By itself LLVM keeps to half of a 64-byte vector, which measured 7 % slower.
        """
        return f'"prefer-vector-width"="{8 * self.vector_bytes}"'


@dataclass(frozen=True, kw_only=True)
class Product:
    """result[i, j] = Σ_k a[i, k]·b[k, j], each with its strides in entries. rows × inner × columns."""

    a: BufferView
    a_strides: tuple[int, int]
    b: BufferView
    b_strides: tuple[int, int]
    result: BufferView
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


def make_product(
    a: BufferView, b: BufferView, result: BufferView, transpose_a: bool, transpose_b: bool
) -> Product:
    """Return the product of two places, as a matmul kernel means it."""
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
        a=a,
        a_strides=(a_strides[0], a_strides[1]),
        b=b,
        b_strides=(b_strides[0], b_strides[1]),
        result=result,
        rows=rows,
        inner=inner,
        columns=columns,
    )


@dataclass(frozen=True, kw_only=True)
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
class VectorGroup:
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
    """The way a product is cut. copies: the vectors that are copied from b first; size: their entries."""

    groups: tuple[VectorGroup, ...]
    copies: tuple[Vector, ...]
    size: int


@dataclass(frozen=True)
class Tile:
    """Some rows of the result: `height` of them from row number·step on. number: a number or an i64 name."""

    number: str
    step: int
    height: int


def make_tiling(product: Product, machine: Machine, copy_all: bool, scratch: str) -> Tiling:
    """Cut a product into groups of whole vectors, and a last group for what is left.

    A vector of columns is copied to scratch where b has them apart, where they do not fill a vector of a
    power of two, and where copy_all says so.
    """
    lanes = machine.vector_bytes // BYTES[product.kind]
    in_place = product.b_strides[1] == 1 and not copy_all
    vectors, copies, size = [], [], 0
    for start in range(0, product.columns, lanes):
        used = min(lanes, product.columns - start)
        width = 1 << (used - 1).bit_length()
        pointer, offset, stride = product.b.pointer, product.b.offset + start, product.b_strides[0]
        # A vector that is not full is copied, so that loading it does not read beyond the end of b.
        copied = not in_place or used < width
        if copied:
            pointer, offset, stride = scratch, size, width
            size += product.inner * width
        vector = Vector(start=start, width=width, used=used, pointer=pointer, offset=offset, stride=stride)
        copies += [vector] * copied
        vectors.append(vector)
    groups = []
    wide = max(GROUP, min(WIDEST, machine.sums // product.rows))
    count = product.columns // lanes // wide
    if count:
        step = wide * lanes * (1 if in_place else product.inner)
        groups.append(VectorGroup(tuple(vectors[:wide]), count, step))
    if vectors[count * wide :]:
        groups.append(VectorGroup(tuple(vectors[count * wide :])))
    return Tiling(tuple(groups), tuple(copies), size)


def rows_outside(product: Product) -> bool:
    """Return whether to finish a tile's rows before the next tile's.

    Where b stays in the cache, the result is then written along its rows. Else columns are finished one after
    the other, and those of b stay in the cache.
    """
    return product.inner * product.columns * BYTES[product.kind] <= B_IN_CACHE


def tile_height(rows: int, group: VectorGroup, machine: Machine) -> int:
    """Return the rows of a tile: as many as the registers hold, rather a few less where then none are left
    over.
    """
    most = max(1, min(TALLEST, machine.sums // len(group.vectors)))
    for height in range(most, most - most // 3 - 1, -1):
        if rows % height == 0:
            return height
    return -(-rows // -(-rows // most))
