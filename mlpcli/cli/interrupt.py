"""Ctrl-C, SIGTERM and a terminal that closes: the first asks, the second quits."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Not all of them exist everywhere."""


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

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread may have signal handlers
        return
    before: dict[int, Any] = {}
    for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, note)
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
