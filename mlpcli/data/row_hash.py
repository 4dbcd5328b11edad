"""Numbers that stand for rows, so that rows are compared without comparing each with each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_UPPER = np.uint64(0xFFFFFFFF00000000)


def row_hashes(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a number for each row, uint64 (rows,), of two sums of 32-bit words times random 64-bit factors.

    first, second: uint64 (rows,), with factors of their own. The upper halves of both are kept: those of two
    different rows are the same for 2⁻⁶⁴ of the factors. Source: Dietzfelbinger 1996, Universal hashing and
    k-wise independent random variables.
    """
    hashes: NDArray[np.uint64] = (first & _UPPER) | (second >> np.uint64(32))
    return hashes
