"""Standard input, output and error of a command: what a closed, full or narrow one does to it."""

from __future__ import annotations

import errno
import os
import sys


def mend_streams() -> None:
    """Replace closed streams (`>&-`) by the null device; print ? for what an encoding lacks."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif name == "stdout":
            stream.reconfigure(errors="replace")


def need_standard_output() -> None:
    """Raise OSError where the standard output is closed (`>&-`): for commands whose only result is printed.

    A training does not ask: its result is in the run folder. main() turns the error into a message.
    """
    if sys.__stdout__ is None:  # sys.stdout itself is the null device then, see mend_streams()
        raise OSError(errno.EBADF, "It is closed, so the result would be lost")


def drop_output() -> None:
    """Throw away what a full or closed output did not take.

    Python would try to write it again when the process ends, print "Exception ignored in" and exit with 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # The descriptor, not the Python object: what is in the buffer goes there as well.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
