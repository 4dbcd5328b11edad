"""Threads that share the work of large matrix products.

Generated code calls back with the number of a product; its rows are cut into blocks, and every thread,
the caller's too, takes the next block until none is left. What a block computes does not depend on who
computes it, nor on how many there are; and a thread that the system lets wait holds up one block only.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections import deque
from collections.abc import Sequence
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpcli.execute.native.machine import Code
    from mlpcli.execute.native.program import StepText

ARGUMENTS = (ctypes.c_void_p,) * 4
CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int64, *ARGUMENTS)
BLOCK = (*ARGUMENTS, ctypes.c_int64, ctypes.c_int64)
"""Arguments of a product's function: a, b, the result, copies of columns; first tile, one after the last."""
BLOCKS = 16
"""Blocks of a product: a thread that began late, or had to wait, still finds some to take."""


def threads() -> int:
    """How many this process may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Job:
    """One product: blocks to do, and how many are not done yet."""

    def __init__(self, function: Any, pointers: tuple[int, ...], blocks: Sequence[tuple[int, int]]) -> None:
        self._function, self._pointers = function, pointers
        self._left = deque(blocks)
        self._undone = len(blocks)
        self._lock = threading.Lock()
        self._done = threading.Lock()
        self._done.acquire()

    def help(self) -> None:
        """Do blocks until none is left to begin."""
        while True:
            try:
                start, stop = self._left.popleft()
            except IndexError:
                return
            self._function(*self._pointers, start, stop)
            with self._lock:
                self._undone -= 1
                if not self._undone:
                    self._done.release()

    def wait(self) -> None:
        """Until every block is done."""
        self._done.acquire()


@cache
def _helpers() -> tuple[SimpleQueue[_Job], int]:
    """The queue of threads that wait for jobs, and their number; started when first asked for."""
    jobs: SimpleQueue[_Job] = SimpleQueue()

    def work() -> None:
        while True:
            jobs.get().help()

    count = threads() - 1
    for _ in range(count):
        threading.Thread(target=work, name="mlp products", daemon=True).start()
    return jobs, count


if hasattr(os, "register_at_fork"):  # threads do not come along
    os.register_at_fork(after_in_child=_helpers.cache_clear)


class Team:
    """Answers the calls of generated code. products: for each number the block function and the blocks."""

    def __init__(self, products: Sequence[tuple[Any, Sequence[tuple[int, int]]]]) -> None:
        self._products = products
        self._callback = CALLBACK(self._compute)

    @classmethod
    def of(cls, steps: Sequence[StepText], code: Code) -> Team:
        """For the steps of a module."""
        products = {name: tiles for step in steps for name, tiles in step.shared.items()}
        return cls([(code.function(name, *BLOCK), _blocks(tiles)) for name, tiles in products.items()])

    def __bool__(self) -> bool:
        return bool(self._products)

    @property
    def address(self) -> int:
        """Where generated code calls; 0 where it never does."""
        return (ctypes.cast(self._callback, ctypes.c_void_p).value or 0) if self._products else 0

    def run(self, function: Any, argument: int) -> None:
        """function(argument), a native one that may call back.

        Not in this thread then: Ctrl-C would raise inside the answer, where nothing can catch it.
        """
        if not self._products:
            function(argument)
            return
        thread = threading.Thread(target=function, args=(argument,), daemon=True)
        thread.start()
        try:
            thread.join()
        finally:  # the memory it works on must outlive it
            thread.join()

    def _compute(self, number: int, *pointers: int) -> None:
        function, blocks = self._products[number]
        jobs, count = _helpers()
        job = _Job(function, pointers, blocks)
        for _ in range(min(count, len(blocks) - 1)):
            jobs.put(job)
        job.help()
        job.wait()


def _blocks(tiles: int) -> list[tuple[int, int]]:
    """Tiles in up to BLOCKS blocks."""
    size = -(-tiles // BLOCKS)
    return [(start, min(start + size, tiles)) for start in range(0, tiles, size)]
