"""Large matrix products: generated code asks for them by number, and NumPy has its BLAS compute them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.native.emitter import BYTES, Emitter
from mlpcli.execute.native.loops import Place
from mlpcli.execute.native.products import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

CROSSOVER = {"float": 4_000_000, "double": 2_000_000}
"""Multiplications of one product from which on BLAS computes it."""

CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


@dataclass(frozen=True)
class Operand:
    """A matrix in memory. argument: the key of the argument it lies in, "" for the arena.

    offset and strides in bytes.
    """

    argument: str
    offset: int
    shape: tuple[int, int]
    strides: tuple[int, int]
    dtype: str


@dataclass(frozen=True)
class OutsideProduct:
    """result = a·b."""

    a: Operand
    b: Operand
    result: Operand


def ask(number: int, product: Product, emitter: Emitter) -> None:
    """Call for the product; the pointers tell LLVM which memory that reads and writes."""
    pointers = ", ".join(f"ptr {place.pointer}" for place in (product.a, product.b, product.result))
    emitter.put(f"call void %product(i64 {number}, {pointers})")


def outside_product(product: Product, where: Mapping[str, tuple[str, int]]) -> OutsideProduct:
    """where: for each pointer name the argument (or "", the arena), and its offset there in bytes."""

    def operand(place: Place, strides: tuple[int, ...], rows: int, columns: int) -> Operand:
        argument, start = where[place.pointer]
        size = BYTES[place.kind]
        return Operand(
            argument,
            start + place.offset * size,
            (rows, columns),
            (strides[0] * size, strides[1] * size),
            f"f{size}",
        )

    return OutsideProduct(
        operand(product.a, product.a_strides, product.rows, product.inner),
        operand(product.b, product.b_strides, product.inner, product.columns),
        operand(product.result, product.result.strides, product.rows, product.columns),
    )


class Outside:
    """What answers the calls of generated code.

    products: in the order of their numbers. arguments: the array behind each argument, by key.
    """

    def __init__(
        self,
        products: Sequence[OutsideProduct],
        arguments: Mapping[str, NDArray[Any]],
        arena: NDArray[np.uint8],
    ) -> None:
        def matrix(operand: Operand) -> NDArray[Any]:
            base = arguments[operand.argument] if operand.argument else arena
            return np.ndarray(operand.shape, operand.dtype, base, operand.offset, operand.strides)

        self._calls: list[Callable[[], Any]] = [
            partial(np.dot, matrix(p.a), matrix(p.b), matrix(p.result)) for p in products
        ]
        self._callback = CALLBACK(self._answer)
        self._failure: BaseException | None = None

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def address(self) -> int:
        """Where generated code calls; 0 where it never does."""
        return (ctypes.cast(self._callback, ctypes.c_void_p).value or 0) if self._calls else 0

    def _answer(self, number: int, _a: int, _b: int, _result: int) -> None:
        try:
            self._calls[number]()
        except BaseException as failure:  # an exception cannot pass through native code
            self._failure = failure

    def check(self) -> None:
        """After a native call: raises what went wrong in an answer."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
