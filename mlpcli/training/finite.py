"""Whether arrays hold finite numbers only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def all_finite(arrays: Iterable[NDArray[Any]]) -> bool:
    """Return whether every entry of every array, of any shape, is a finite number."""
    # A sum of squares is finite, nearly always, and quicker than to look at each: it is one call of BLAS.
    return all(math.isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all()) for array in arrays)
