"""A thread for one call of native code.

Python runs the handlers of signals in the main thread, and only between two of its own instructions: native
code that works there for seconds holds them back, Ctrl-C and SIGTERM included. So it works in another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class NativeCall(threading.Thread):
    """A thread that knows itself whether its call is over.

    An exception that a signal handler raises in Thread.join() makes Python 3.11 believe that the thread
    has ended; here is_alive() stays true.
    """

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._over = threading.Event()

    def run(self) -> None:
        try:
            self._call()
        finally:
            self._over.set()

    def is_alive(self) -> bool:
        return not self._over.is_set()

    def join(self, timeout: float | None = None) -> None:
        self._over.wait(timeout)
