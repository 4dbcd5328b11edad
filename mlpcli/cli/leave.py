"""The end of the process while native code works on: an interrupted compilation is not waited for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps

COMPILING = "mlpcli.execute.native.hearing"
"""The module that knows of calls that are left alone; imported by those who compile only."""


def leave_at_once(command: Callable[[], None]) -> Callable[[], None]:
    """Make a command end its process with its exit code, even where a compilation was left alone.

    LLVM cannot be stopped, and crashes while Python takes the process apart. So the process then ends without
    that: all of the command's own cleaning up is done, what it printed is written out first.
    """

    @wraps(command)
    def run() -> None:
        try:
            command()
        except SystemExit as end:
            compiling = sys.modules.get(COMPILING)
            if compiling is None or not compiling.is_left_alone():
                raise
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError):  # closed, or full: the exit code says what happened
                    stream.flush()
            os._exit(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)

    return run
