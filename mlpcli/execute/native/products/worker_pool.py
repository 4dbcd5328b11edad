"""Threads that share the work of large matrix products.

Generated code calls back with the number of a product. Its parts are cut into blocks, and every thread, the
caller's too, takes the next block until none is left: one that the system lets wait holds up one block only.
Between two products of a step the workers look out for the next one; after a while without any they sleep.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Sequence
from functools import cache
from queue import SimpleQueue
from typing import Any

import numpy as np

from mlpcli.execute.executor import address, aligned, threads
from mlpcli.execute.native.codegen.program import StepText
from mlpcli.execute.native.module import CompiledModule, pause
from mlpcli.execute.native.threads.interruptible import call_in_thread

BLOCKS = 16
"""Blocks of a stage at most: a thread that comes late still finds some to take."""
PATIENCE = 5_000
"""Looks of a worker before it sleeps: some tenths of a millisecond, as long as steps go without products."""

STATE, DONE, FIELDS = 0, 64, 128
"""Bytes from the start of what the threads share, each on a cache line of its own. STATE has the number of
the stage in its upper half, the next block in its lower one; DONE is how many are done; FIELDS, the stage."""
NAMES = ("function", "a", "b", "result", "scratch", "parts", "size", "count")
"""The fields, i64 each: the function and its pointers, parts in all, parts of a block, blocks."""


def _field(number: int, name: str) -> str:
    return f"""  %p{name} = getelementptr i8, ptr %shared, i64 {FIELDS + 8 * number}
  %{name} = load atomic i64, ptr %p{name} monotonic, align 8
"""


# Who takes a block reads the fields first, then moves STATE on by one; that fails if STATE has changed since
# it was read, so the fields belong to the block. STATE is closed (no next block) while they are written.
TEXT = f"""
declare i64 @llvm.umin.i64(i64, i64)
{pause()}
define void @help(ptr %shared, i64 %patience) nounwind {{
entry:
  %pdone = getelementptr i8, ptr %shared, i64 {DONE}
  br label %look
look:
  %waited = phi i64 [ 0, %entry ], [ 0, %take ], [ 0, %work ], [ %longer, %wait ]
  %state = load atomic i64, ptr %shared acquire, align 8
  %next = and i64 %state, 4294967295
{_field(7, "count")}  %open = icmp ult i64 %next, %count
  br i1 %open, label %take, label %wait
take:
{"".join(_field(number, name) for number, name in enumerate(NAMES[:7]))}  %following = add i64 %state, 1
  %swapped = cmpxchg ptr %shared, i64 %state, i64 %following acq_rel monotonic, align 8
  %taken = extractvalue {{ i64, i1 }} %swapped, 1
  br i1 %taken, label %work, label %look
work:
  %from = mul i64 %next, %size
  %end = add i64 %from, %size
  %to = call i64 @llvm.umin.i64(i64 %end, i64 %parts)
  %call = inttoptr i64 %function to ptr
  call void %call(i64 %a, i64 %b, i64 %result, i64 %scratch, i64 %from, i64 %to)
  %before = atomicrmw add ptr %pdone, i64 1 acq_rel, align 8
  br label %look
wait:
  call void @pause()
  %longer = add i64 %waited, 1
  %enough = icmp ugt i64 %longer, %patience
  br i1 %enough, label %leave, label %look
leave:
  ret void
}}

define void @open(ptr %shared, ptr %fields) nounwind {{
  %pdone = getelementptr i8, ptr %shared, i64 {DONE}
  %pfields = getelementptr i8, ptr %shared, i64 {FIELDS}
  %state = load atomic i64, ptr %shared monotonic, align 8
  %closed = or i64 %state, 4294967295
  store atomic i64 %closed, ptr %shared seq_cst, align 8
  fence seq_cst
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %pfields, ptr align 8 %fields, i64 {8 * len(NAMES)}, i1 false)
  store atomic i64 0, ptr %pdone release, align 8
  %following = add i64 %closed, 1
  store atomic i64 %following, ptr %shared seq_cst, align 8
  ret void
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


class _Workers:
    """Threads that wait for stages, and what they share with who opens one."""

    def __init__(self, count: int) -> None:
        self.free = threading.Lock()
        self._count = count
        self._code = CompiledModule([TEXT])
        self._help = self._code.function("help", ctypes.c_void_p, ctypes.c_int64)
        self._open = self._code.function("open", ctypes.c_void_p, ctypes.c_void_p)
        self._memory = aligned(FIELDS + 8 * len(NAMES))
        self._shared = address(self._memory)
        self._done = self._memory[DONE : DONE + 8].view(np.int64)
        self._fields = np.zeros(len(NAMES), np.int64)
        self._calls: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._wait, name="mlp products", daemon=True).start()

    def _wait(self) -> None:
        while True:
            self._calls.get()
            self._help(self._shared, PATIENCE)

    def compute(self, function: int, pointers: tuple[int, ...], parts: int) -> None:
        """Compute one stage by all threads. Called by one thread at a time, which holds `free`."""
        size = -(-parts // BLOCKS)
        count = -(-parts // size)
        self._fields[:] = (function, *pointers, parts, size, count)
        self._open(self._shared, address(self._fields))
        if self._calls.qsize() < self._count:  # else calls enough are waiting to be heard
            self._calls.put(None)
        self._help(self._shared, 0)
        while self._done[0] < count:
            self._help(self._shared, PATIENCE // 100)
            if self._done[0] < count:
                time.sleep(0)  # the system may have let a worker wait for this very processor


@cache
def _workers() -> _Workers | None:
    """Return the workers of this process; None where it may run one thread only."""
    count = threads() - 1
    return _Workers(count) if count else None


if hasattr(os, "register_at_fork"):  # threads do not come along
    os.register_at_fork(after_in_child=_workers.cache_clear)

POINTERS = (ctypes.c_void_p,) * 4
CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int64, *POINTERS)


class WorkerPool:
    """The answers to the calls of a module's generated code for large products. steps: of that module."""

    def __init__(self, steps: Sequence[StepText], code: CompiledModule) -> None:
        self._products = [
            [
                (code.function(name, *POINTERS, ctypes.c_int64, ctypes.c_int64), code.address(name), parts)
                for name, parts in product.stages
            ]
            for step in steps
            for product in step.shared
        ]
        self._callback = CALLBACK(self._compute)

    def __bool__(self) -> bool:
        return bool(self._products)

    @property
    def address(self) -> int:
        """The address that generated code calls; 0 where it never does."""
        return (ctypes.cast(self._callback, ctypes.c_void_p).value or 0) if self._products else 0

    def run(self, function: Any, argument: int) -> None:
        """Call function(argument), a native one that may call back.

        It is not called in this thread then: Ctrl-C would raise inside the answer, where nothing can catch
        it.
        """
        if not self._products:
            function(argument)
            return
        call_in_thread(lambda: function(argument))

    def _compute(self, number: int, *pointers: int) -> None:
        workers = _workers()
        # Busy with another training of this process: then this thread does its product alone.
        if workers is None or not workers.free.acquire(blocking=False):
            for function, _, parts in self._products[number]:
                function(*pointers, 0, parts)
            return
        try:
            for _, function, parts in self._products[number]:
                workers.compute(function, pointers, parts)
        finally:
            workers.free.release()
