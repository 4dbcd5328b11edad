"""A native call in a thread of its own, so that this one can look whether to stop, and hears signals.

Python runs the handlers of signals in the main thread, and only between two of its own instructions: a call
of native code that takes seconds holds them back, Ctrl-C and SIGTERM included. So no such call is made in the
main thread. A training, which works on the caller's memory, is asked to stop and waited for (in_thread); a
compilation, which works on its own, is left alone (while_hearing).
"""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

LOOKED_AT_EVERY = 0.05
"""Seconds between two looks."""

Result = TypeVar("Result")
_left_alone: list[_Call] = []


class _Call(threading.Thread):
    """A thread that says when it is over. An exception of a signal's handler that leaves Thread.join() makes
    Python 3.11 believe that the thread has ended."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._over = threading.Event()

    def run(self) -> None:
        try:
            self._call()
        finally:
            self._over.set()

    @property
    def goes_on(self) -> bool:
        """Whether the call is not over."""
        return not self._over.is_set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the call is over, so many seconds at most."""
        self._over.wait(seconds)


def in_thread(
    call: Callable[[], object],
    look: Callable[[], object] = lambda: None,
    end: Callable[[], object] = lambda: None,
) -> None:
    """call(), waited for, with a look() now and then.

    An interrupt that is raised meanwhile asks for the end() and is raised anew when the call is over: the
    memory that it works on must outlive it.
    """
    thread = _Call(call)
    held = _start(thread)
    interrupt: KeyboardInterrupt | None = None
    while thread.goes_on:
        try:
            if held:
                held = False
                signal.raise_signal(signal.SIGINT)
            thread.wait(LOOKED_AT_EVERY)
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


def while_hearing(call: Callable[[Callable[[], bool]], Result]) -> Result:
    """Return call(left), made in a thread where this is the main one; what it raises is raised here.

    The handlers of signals run meanwhile, and what one of them raises, KeyboardInterrupt say, leaves at
    once: nobody waits for the call any more, and left() tells it so. It must own all that it works on, and
    should end at its next good moment. A handler that only notes the signal changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return call(lambda: False)
    left = threading.Event()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call(left.is_set))
        except BaseException as error:  # whatever it is, it belongs to the caller
            errors.append(error)

    thread = _Call(run)
    try:
        thread.start()
        while thread.goes_on:
            thread.wait(LOOKED_AT_EVERY)
    except RuntimeError:  # no thread could be begun
        raise
    except BaseException:
        left.set()
        _left_alone.append(thread)
        raise
    if errors:
        raise errors[0]
    return results[0]


def is_left_alone() -> bool:
    """Whether a call goes on that nobody waits for."""
    return any(thread.goes_on for thread in _left_alone)


@atexit.register
def _wait_for_what_is_left_alone() -> None:
    # LLVM crashes where it works on while the process takes its memory apart. Who cannot wait has to end the
    # process without that, as the command line does: see cli/leave.py.
    for thread in _left_alone:
        thread.wait()
