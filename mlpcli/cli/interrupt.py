"""Ctrl-C, SIGTERM and a terminal that closes (SIGHUP): what the three do, the same for all of them.

Everywhere they interrupt at once: files being written are taken away, the exit code is 130. Around a
training the first one only asks, as soon as batches are run: the batch at hand is finished and all is saved;
the second quits.

What the process was told to ignore stays ignored: SIGHUP under nohup, SIGINT where a shell script put the
command into the background. Python leaves such signals alone when it starts, and no handler is set for them.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Not all of them exist everywhere."""
CLEANING_UP = 1.0
"""Seconds after an interrupt in which further signals are passed over."""


def interrupt_on_signals() -> None:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt from now on, as Ctrl-C does; for the main thread."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        _raise_once()

    for number in _heeded():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def ignore_further_signals() -> None:
    """Ignore the signals that interrupt from now on, as the process is about to leave with 130 anyway.

    When Python takes itself apart it gives signals their default back, and a terminal that closes may send
    SIGHUP twice: the second one would end the process by signal.
    """
    for number in _heeded():
        signal.signal(number, signal.SIG_IGN)


def mark_interrupt_handled() -> None:
    """Tell CPython that the interrupt at hand was handled, so that the exit code is that of the command.

    An interrupt that arrives in the exec() of a text, as every @dataclass does while it is imported, is noted
    by CPython 3.10 to 3.13 as unhandled, whoever catches it; `python -m mlpcli` would then end by SIGINT
    instead of with 130. The note is withdrawn whenever another text begins.
    """
    exec("")


@contextmanager
def first_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first signal inside make the given function say yes, and the next one interrupt.

    Until the function is asked for the first time there is nothing to be saved: reading and compiling are
    interrupted at once.
    """
    import threading

    asked = awaited = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        again, asked = asked, True
        if again and signal.Signals(number).name == "SIGHUP":  # a closing terminal sends several
            return
        if again or not awaited:
            _raise_once()

    def interrupted() -> bool:
        nonlocal awaited
        awaited = True
        return asked

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread may have signal handlers
        return
    before: dict[int, Any] = {number: signal.signal(number, note) for number in _heeded()}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heeded() -> list[int]:
    """Return the signals among SIGNALS that the process was not told to ignore."""
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) not in (signal.SIG_IGN, None)]


def _raiser() -> Callable[[], None]:
    """Return a function that raises KeyboardInterrupt, but not again while the first is cleaned up after.

    A closing terminal and a supervisor may both send a signal, and the handler of the second would run in
    the midst of the clean-up that the first one began.
    """
    last = -math.inf

    def raise_once() -> None:
        nonlocal last
        if time.monotonic() - last >= CLEANING_UP:
            last = time.monotonic()
            raise KeyboardInterrupt

    return raise_once


_raise_once = _raiser()
"""The one of this process: handlers change while an interrupt travels up."""
