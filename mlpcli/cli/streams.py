"""Whether what a command prints can arrive anywhere."""

from __future__ import annotations

import errno
import sys


def need_standard_output() -> None:
    """Raise OSError where the standard output is closed (`>&-`): for commands whose only result is printed.

    A training does not ask: its result is in the run folder. main() turns the error into a message.
    """
    if sys.__stdout__ is None:  # sys.stdout itself is the null device then, see mend_streams()
        raise OSError(errno.EBADF, "It is closed, so the result would be lost")
