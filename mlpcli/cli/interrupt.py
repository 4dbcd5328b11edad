"""Ctrl-C, SIGTERM and a terminal that closes: a training is asked first, other commands end cleanly."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Not all of them exist everywhere."""
CLEANING_UP = 1.0
"""Seconds in which further signals are passed over, so that they do not interrupt the clean-up."""


@contextmanager
def first_interrupt() -> Iterator[Callable[[], bool]]:
    """Inside, the first of these signals only makes the given function say yes; the next one interrupts.

    What the process was told to ignore (nohup) stays ignored.
    """
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and signal.Signals(number).name != "SIGHUP":  # of which a closing terminal sends several
            raise KeyboardInterrupt
        asked = True

    with _handled_by(note):
        yield lambda: asked


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, each of these signals raises KeyboardInterrupt, so that files that are being written vanish.

    By default SIGTERM and SIGHUP would end the process at once. A second signal right after the first (a
    terminal and a supervisor may both send one) changes nothing; a later one interrupts again.
    """
    last = -math.inf

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal last
        if time.monotonic() - last >= CLEANING_UP:
            last = time.monotonic()
            raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Inside, these signals call the handler; what the process was told to ignore (nohup) stays ignored.

    Only the main thread may have signal handlers: elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}
    try:
        for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
