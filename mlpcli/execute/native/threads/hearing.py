"""Compiling while signals are heard: a call in a thread, which an interrupt leaves alone at once."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TypeVar

from mlpcli.execute.native.threads.call import NativeCall
from mlpcli.execute.native.threads.interruptible import LOOKED_AT_EVERY

_Result = TypeVar("_Result")
_left_alone: list[NativeCall] = []


def while_hearing(call: Callable[[Callable[[], bool]], _Result]) -> _Result:
    """Return call(left), made in a thread where this is the main one; what it raises is raised here.

    The handlers of signals run meanwhile, and what one of them raises, KeyboardInterrupt say, leaves at
    once: nobody waits for the call any more, and left() tells it so. It must own all that it works on, and
    should end at its next good moment. A handler that only notes the signal changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return call(lambda: False)
    left = threading.Event()
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call(left.is_set))
        except BaseException as error:  # whatever it is, it belongs to the caller
            errors.append(error)

    thread = NativeCall(run)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(LOOKED_AT_EVERY)
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
    """Return whether a call goes on that nobody waits for."""
    return any(thread.is_alive() for thread in _left_alone)


@atexit.register
def _wait_for_what_is_left_alone() -> None:
    # LLVM crashes where it works on while the process takes its memory apart. Who cannot wait has to end the
    # process without that, as the command line does: see cli/leave.py.
    for thread in _left_alone:
        thread.join()
