"""The end of the process while native code works on: an interrupted compilation is not waited for."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

COMPILING = "mlpcli.execute.native.threads.abandonable"
"""The module that knows of compilations that are left alone; imported by those who compile only."""


def leave_at_once(end: SystemExit) -> None:
    """End the process now, with that exit code, if a compilation is left alone; else return.

    LLVM cannot be stopped, and crashes while Python takes the process apart, so this is left out. All of the
    command's own cleaning up is done by now, and what it printed is written out here.
    """
    compiling = sys.modules.get(COMPILING)
    if compiling is None or not compiling.is_any_abandoned():
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # closed, or full: the exit code says what happened
            stream.flush()
    os._exit(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
