"""A small matrix product in registers: a tile of the result is kept in vectors while the inner axis runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mlpcli.execute.native.emitter import BYTES, Emitter
from mlpcli.execute.native.loops import Place

SCALAR_PRODUCT = 64
"""Products of so few multiplications are written out entry by entry."""

SHARED_PRODUCT = 200_000
"""Multiplications per byte of a vector from which on a product is shared among threads: handing it over
takes some 20 µs. Measured at 64 bytes."""


@dataclass(frozen=True)
class Machine:
    """What the processor offers: bytes of a vector register, how many there are, and how many threads."""

    vector_bytes: int
    registers: int
    threads: int = 1

    @property
    def shared_product(self) -> float:
        """Multiplications from which on a product is worth several threads: a tenth of a millisecond."""
        return SHARED_PRODUCT * self.vector_bytes if self.threads > 1 else math.inf

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
    """A vector of `width` neighbouring columns of b; `used` of them are the result's, from `start` on.

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
    for group, height in _groups(product, columns, machine):
        whole, rest = divmod(product.rows, height)
        # Whole tiles in a loop, what is left once more.
        emitter.loop(whole, partial(_tile, product, emitter, group, height, height))
        if rest:
            _tile(product, emitter, group, height, rest, str(whole))
    return _copied(product, columns, scratch)


def emit_call(
    product: Product, number: int, emitter: Emitter, machine: Machine, scratch: str
) -> tuple[int, int]:
    """Ask the caller of the code for a product, by its number. Gives the bytes of scratch, and the tiles."""
    columns = _columns(product, emitter, _lanes(product, machine), scratch)
    # The pointers say which memory the call reads and writes; LLVM could not know otherwise.
    pointers = ", ".join(f"ptr {place.pointer}" for place in (product.a, product.b, product.result))
    emitter.put(f"call void %product(i64 {number}, {pointers}, ptr {scratch})")
    return _copied(product, columns, scratch), -(-product.rows // _block_height(product, columns, machine))


def block_text(name: str, product: Product, machine: Machine) -> str:
    """`void name(ptr a, ptr b, ptr result, ptr scratch, i64 from, i64 to)`: tiles of rows of a product, from
    one on to before another; the columns of b have been copied.
    """
    a, b, result = (
        replace(place, pointer=pointer)
        for place, pointer in ((product.a, "%a"), (product.b, "%b"), (product.result, "%result"))
    )
    product = replace(product, a=a, b=b, result=result)
    columns = _columns(product, Emitter(), _lanes(product, machine), "%scratch")
    height = _block_height(product, columns, machine)
    whole, rest = divmod(product.rows, height)
    emitter = Emitter()
    emitter.label("entry")
    last = emitter.let(f"call i64 @llvm.umin.i64(i64 %to, i64 {whole})")
    some = emitter.let(f"icmp ult i64 %from, {last}")
    end = emitter.let(f"icmp ugt i64 %to, {whole}")
    for number, (group, _) in enumerate(_groups(product, columns, machine)):

        def once(tile: str, _: list[str], group: Sequence[Columns] = group) -> tuple[str, ...]:
            _tile(product, emitter, group, height, height, tile)
            return ()

        emitter.put(f"br i1 {some}, label %some{number}, label %none{number}")
        emitter.label(f"some{number}")
        emitter.carried_loop(last, (), once, "%from")
        emitter.put(f"br label %none{number}")
        emitter.label(f"none{number}")
        if rest:
            emitter.put(f"br i1 {end}, label %rest{number}, label %next{number}")
            emitter.label(f"rest{number}")
            _tile(product, emitter, group, height, rest, str(whole))
            emitter.put(f"br label %next{number}")
            emitter.label(f"next{number}")
    emitter.put("ret void")
    entry = BYTES[product.result.kind]
    pointers = ", ".join(f"ptr noalias nocapture align {entry} %{word}" for word in ("a", "b", "result"))
    head = (
        f"define void @{name}({pointers}, ptr noalias nocapture align {entry} %scratch, i64 %from, i64 %to)"
    )
    return "\n".join([f"{head} nounwind {machine.attributes} {{", *emitter.lines, "}", ""])


def _block_height(product: Product, columns: Sequence[Columns], machine: Machine) -> int:
    """Rows of a tile where all columns go together: those of the first, widest group."""
    return next(_groups(product, columns, machine))[1]


def _groups(
    product: Product, columns: Sequence[Columns], machine: Machine
) -> Iterator[tuple[Sequence[Columns], int]]:
    """Up to four vectors of columns that are computed together, and the rows of their tiles."""
    for start in range(0, len(columns), 4):
        group = columns[start : start + 4]
        yield group, _tile_height(product.rows, max(1, min(12, _most(machine) // len(group))))


def _most(machine: Machine) -> int:
    """Vectors of sums at once; the other registers hold what is added."""
    return machine.registers - machine.registers // 4


def _copied(product: Product, columns: Sequence[Columns], scratch: str) -> int:
    width = sum(vector.width for vector in columns if vector.pointer == scratch)
    return width * product.inner * BYTES[product.result.kind]


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
            emitter.put(
                f"store <{columns.width} x {kind}> zeroinitializer, ptr {address}, align {BYTES[kind]}"
            )

        def entry(j: str) -> None:
            start = product.b.offset + columns.start * product.b_strides[1]
            at = emitter.offset([(k, product.b_strides[0]), (j, product.b_strides[1])], start)
            value = emitter.load(product.b.pointer, kind, at)
            to = emitter.offset([(k, columns.stride), (j, 1)], columns.offset)
            emitter.store(value, columns.pointer, kind, to)

        emitter.loop(columns.used, entry)

    emitter.loop(product.inner, row)


def _tile_height(rows: int, most: int) -> int:
    """Rows of a tile: as many as the registers hold, rather a few less where then none are left over."""
    for height in range(most, most - most // 3 - 1, -1):
        if rows % height == 0:
            return height
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
