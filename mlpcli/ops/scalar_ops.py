"""The scalar ops that a formula may use, and what each means in NumPy.

An executor is complete when it knows these and the four kinds of ops; it never names an op.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np


class ScalarOps(Protocol):
    """The functions that a formula is written in. Operands are values of the executor or plain numbers."""

    def add(self, a: Any, b: Any) -> Any: ...
    def subtract(self, a: Any, b: Any) -> Any: ...
    def multiply(self, a: Any, b: Any) -> Any: ...
    def divide(self, a: Any, b: Any) -> Any: ...
    def negative(self, a: Any) -> Any: ...
    def absolute(self, a: Any) -> Any: ...
    def sign(self, a: Any) -> Any: ...
    def maximum(self, a: Any, b: Any) -> Any: ...
    def minimum(self, a: Any, b: Any) -> Any: ...
    def sqrt(self, a: Any) -> Any: ...
    def power(self, a: Any, b: Any) -> Any: ...
    def exp(self, a: Any) -> Any: ...
    def expm1(self, a: Any) -> Any: ...
    def log(self, a: Any) -> Any: ...
    def log1p(self, a: Any) -> Any: ...
    def tanh(self, a: Any) -> Any: ...
    def greater(self, a: Any, b: Any) -> Any: ...
    def greater_equal(self, a: Any, b: Any) -> Any: ...
    def both(self, a: Any, b: Any) -> Any: ...
    def where(self, condition: Any, a: Any, b: Any) -> Any: ...
    def uniform(self, *of: Any) -> Any: ...


SPLITMIX_STEP = 0x9E3779B97F4A7C15
SPLITMIX_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))
"""SplitMix64: what is added before, then (shift, factor) of z ← (z ^ (z >> shift)) · factor modulo 2^64.
Source: Steele, Lea, Flood 2014, Fast Splittable Pseudorandom Number Generators; Stafford's mix 13."""
UNIFORM_BITS = {"float64": 53, "float32": 24}
"""Highest bits that make the number: every multiple of 2^-53 (2^-24) below 1 is equally likely."""


def hashed_uniform(*of: Any) -> Any:
    """Return a number in [0, 1) that follows from the bits of the operands, in their order: the scalar op
    `uniform`.

    One round of SplitMix64 for each operand, which is xored to what the ones before it gave. Operands that
    differ in one bit give unrelated numbers; equal ones give equal numbers, on every executor.
    """
    arrays = [np.asarray(each) for each in of]
    dtype = next((a.dtype for a in arrays if a.dtype == np.float32), np.dtype(np.float64))
    mixed: Any = np.zeros((), np.uint64)
    with np.errstate(over="ignore"):
        for array in arrays:
            bits = np.asarray(array, dtype).view(f"uint{8 * dtype.itemsize}").astype(np.uint64)
            mixed = (mixed ^ bits) + np.uint64(SPLITMIX_STEP)
            for shift, factor in SPLITMIX_ROUNDS:
                mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    count = UNIFORM_BITS[str(dtype)]
    return (mixed >> np.uint64(64 - count)).astype(dtype) * dtype.type(2.0**-count)


NUMPY_OPS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negative": np.negative,
    "absolute": np.absolute,
    "sign": np.sign,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "sqrt": np.sqrt,
    "power": np.power,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "both": np.logical_and,
    "where": np.where,
    "uniform": hashed_uniform,
}
BOOL_OPS = ("greater", "greater_equal", "both")


class NumpyScalarOps:
    """Scalar ops that compute at once, on NumPy arrays: for folding constants and for tests."""

    def __getattr__(self, word: str) -> Callable[..., Any]:
        return NUMPY_OPS[word]
