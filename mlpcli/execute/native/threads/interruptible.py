"""Native calls that can be asked to stop: each in a thread of its own, so that this one can look whether to.

A training works on the caller's memory, so it is asked to stop and waited for; for a compilation, which works
on its own, see abandonable.py.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from mlpcli.execute.native.threads.call import NativeCall

POLL_SECONDS = 0.05
"""Seconds between two looks at what else there is to do."""
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals whose handlers may raise KeyboardInterrupt."""


def call_in_thread(
    call: Callable[[], object],
    poll: Callable[[], object] = lambda: None,
    request_stop: Callable[[], object] = lambda: None,
) -> None:
    """Make a call in a thread and wait for it, calling poll() now and then.

    An interrupt that is raised meanwhile calls request_stop(), which asks the call to end, and is raised anew
    when it is over: the memory that the call works on must outlive it.
    """
    thread = NativeCall(call)
    held = _start(thread)
    interrupt: KeyboardInterrupt | None = None
    while thread.is_alive():
        try:
            # What came while the thread was being started is raised here, where it can be caught.
            while held:
                signal.raise_signal(held.pop())
            thread.join(POLL_SECONDS)
            poll()
        except KeyboardInterrupt as error:
            interrupt = error
            request_stop()
    while held:
        signal.raise_signal(held.pop())
    if interrupt is not None:
        raise interrupt


def _start(thread: threading.Thread) -> list[int]:
    """Start a thread, and return the signals that came meanwhile.

    Raised in the middle of it, nobody could tell whether the thread runs.
    """
    held: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        thread.start()
        return held

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)

    # Those of other kinds are ignored, end the process, or were not set from Python and cannot be put back.
    own = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in own.items() if callable(handler)}
    for number in before:
        signal.signal(number, hold)
    try:
        thread.start()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return held
