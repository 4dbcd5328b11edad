"""What an executor must do: turn a plan into something that runs."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.plan.kernel import Kernel, Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

State = Mapping[str, "NDArray[Any]"]
"""Parameters and optimiser slots by name: C-contiguous arrays that a run updates in place."""


BUFFER_ELEMENTS = 256
"""NumPy allocates an iterator buffer of this size wherever operands broadcast, though nothing needs
buffering here; with its default of 8192 a step would allocate as much as a layer's values."""


@contextmanager
def arithmetic() -> Iterator[None]:
    """Let functions run inside: infinities and NaN are values, not warnings, and nothing is allocated."""
    with np.errstate(all="ignore"):  # on leaving, it puts the buffer size back as well
        np.setbufsize(BUFFER_ELEMENTS)
        yield


def address(array: NDArray[Any]) -> int:
    """Return the address of the first entry."""
    # array.ctypes would import ctypes, which takes some 40 ms.
    pointer: int = array.__array_interface__["data"][0]
    return pointer


def threads() -> int:
    """Return how many threads this process may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def aligned(size: int) -> NDArray[np.uint8]:
    """Return zeroed bytes that begin on a cache line."""
    raw = np.zeros(size + 64, np.uint8)
    offset = -address(raw) % 64
    return raw[offset : offset + size]


def view_of(kernel: Kernel, base: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the view of `base` that a kernel of the kind view stands for. shape: of its result, with all
    rows.
    """
    settings = dict(kernel.attributes)
    if "shape" in settings:
        settings["shape"] = shape
    assert kernel.op.view is not None
    return kernel.op.view(base, **settings)


class Function(ABC):
    """A compiled plan: fill `inputs`, call run(), read `outputs`. The arrays stay the same ones."""

    inputs: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[Any]]

    @abstractmethod
    def run(self) -> None:
        """Run the plan once, inside arithmetic(): compute the outputs, then update the state."""


class Executor(ABC):
    """A way to run plans. It knows kinds of ops and scalar ops, never the name of an op."""

    name: str
    epoch_runner: Callable[..., Any] | None = None
    """Its own way to run many epochs (arguments and result as EpochRunner); None: batch by batch."""

    @property
    def identity(self) -> dict[str, str]:
        """What the bits of its results depend on besides the plan: versions of libraries, the processor."""
        return {"numpy": np.__version__}

    @abstractmethod
    def compile(self, plan: Plan, state: State) -> Function:
        """Return a function on buffers of its own. state: holds every state buffer of the plan, by name."""
