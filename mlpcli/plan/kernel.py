"""Plan, Kernel, Buffer: plain data that an executor runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlpcli.graph.node import Attributes, Op

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Buffer:
    """One array of the plan. role: input (given per run), state (lives on, updated), constant, work."""

    role: str
    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    value: NDArray[Any] | None = None
    storage: int = -1
    """Work buffers with the same storage number share memory, never at the same time."""


@dataclass(frozen=True)
class Kernel:
    """One op on buffers (indices into Plan.buffers)."""

    op: Op
    inputs: tuple[int, ...]
    output: int
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one run does, in order. All sizes are known; the batch axis has `batch` rows.

    updates: (state buffer, buffer with its new value) pairs to copy when all kernels are done;
    an update whose kernel could write in place is not listed.
    """

    batch: int
    buffers: tuple[Buffer, ...]
    kernels: tuple[Kernel, ...]
    outputs: Mapping[str, int]
    updates: tuple[tuple[int, int], ...]
    storage: tuple[int, ...]
    """Bytes of each shared piece of memory."""
