"""A native call in a thread of its own, so that this one can look whether to stop.

A training works on the caller's memory, so it is asked to stop and waited for; for a compilation, which works
on its own, see hearing.py.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from mlpcli.execute.native.call import NativeCall

LOOKED_AT_EVERY = 0.05
"""Seconds between two looks."""


def in_thread(
    call: Callable[[], object],
    look: Callable[[], object] = lambda: None,
    end: Callable[[], object] = lambda: None,
) -> None:
    """call(), waited for, with a look() now and then.

    An interrupt that is raised meanwhile asks for the end() and is raised anew when the call is over: the
    memory that it works on must outlive it.
    """
    thread = NativeCall(call)
    held = _start(thread)
    interrupt: KeyboardInterrupt | None = None
    while thread.is_alive():
        try:
            if held:
                held = False
                signal.raise_signal(signal.SIGINT)
            thread.join(LOOKED_AT_EVERY)
            look()
        except KeyboardInterrupt as error:
            interrupt = error
            end()
    if held:
        signal.raise_signal(signal.SIGINT)
    if interrupt is not None:
        raise interrupt


def _start(thread: threading.Thread) -> bool:
    """Start it; whether Ctrl-C was pressed meanwhile. Raised in the middle of it, nobody could tell whether
    the thread runs."""
    if threading.current_thread() is not threading.main_thread():
        thread.start()
        return False
    held = False

    def hold(number: int, frame: FrameType | None) -> None:
        nonlocal held
        held = True

    before = signal.getsignal(signal.SIGINT)
    if before is None:  # not set from Python, and so not to be put back
        thread.start()
        return False
    signal.signal(signal.SIGINT, hold)
    try:
        thread.start()
    finally:
        signal.signal(signal.SIGINT, before)
    return held
