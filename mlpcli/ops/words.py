"""The scalar words a formula may use, and what each means in NumPy.

An executor is complete when it knows these words and the four kinds of ops; it never names an op.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np


class Words(Protocol):
    """What a formula is written in. Operands are values of the executor or plain numbers."""

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


NUMPY_WORDS: dict[str, Callable[..., Any]] = {
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
}
BOOL_WORDS = ("greater", "greater_equal", "both")


class EagerWords:
    """Words that compute at once, on NumPy arrays: for folding constants and for tests."""

    def __getattr__(self, word: str) -> Callable[..., Any]:
        return NUMPY_WORDS[word]
