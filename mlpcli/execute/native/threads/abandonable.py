"""Native calls that an interrupt abandons at once: each in a thread, so that signals are
handled meanwhile.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TypeVar

from mlpcli.execute.native.threads.call import NativeCall
from mlpcli.execute.native.threads.interruptible import POLL_SECONDS

_Result = TypeVar("_Result")
_abandoned: list[NativeCall] = []


def call_abandonable(call: Callable[[Callable[[], bool]], _Result]) -> _Result:
    """Return call(abandoned), made in a thread where this is the main one; what it raises is raised here.

    The handlers of signals run meanwhile, and what one of them raises, KeyboardInterrupt say, is raised here
    at once: nobody waits for the call any more, and abandoned() tells it so. It must own all that it works
    on, and should end at its next good moment. A handler that only notes the signal changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return call(lambda: False)
    abandoned = threading.Event()
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call(abandoned.is_set))
        except BaseException as error:  # whatever it is, it belongs to the caller
            errors.append(error)

    thread = NativeCall(run)
    try:
        thread.start()
        while thread.is_alive():
            thread.join(POLL_SECONDS)
    except RuntimeError:  # no thread could be begun
        raise
    except BaseException:
        abandoned.set()
        _abandoned.append(thread)
        raise
    if errors:
        raise errors[0]
    return results[0]


def is_any_abandoned() -> bool:
    """Return whether a call goes on that nobody waits for."""
    return any(thread.is_alive() for thread in _abandoned)


@atexit.register
def _wait_for_abandoned_calls() -> None:
    # LLVM crashes where it works on while the process takes its memory apart. Who cannot wait has to end the
    # process without that, as the command line does: see cli/leave.py.
    for thread in _abandoned:
        thread.join()
