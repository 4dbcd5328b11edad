"""Object code in a folder of the tests' own, and signals that child processes can rely on."""

import os
import signal
import sys
import tempfile

from hypothesis import settings

# No test asserts a time: a busy machine is no fault of the code.
settings.register_profile("mlp", deadline=None)
settings.load_profile("mlp")

BASE = {"win32": "LOCALAPPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_CACHE_HOME")
PREFIX = "mlp-tests-"
IGNORED = "MLP_TESTS_IGNORED_SIGNALS"
"""Environment variable that tells the workers of a test run which signals it was started to ignore."""


def pytest_configure(config):
    ignore_signals_for_this_process_alone()
    # Users' processes keep their bytecode. Without, each command would compile the whole package again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    before = os.environ.get(BASE)
    if before is not None and PREFIX in before:
        return  # a worker: it shares the folder of the process that started it, as do all it starts
    folder = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
    os.environ[BASE] = folder.name

    def undo():
        folder.cleanup()
        if before is None:
            del os.environ[BASE]
        else:
            os.environ[BASE] = before

    config.add_cleanup(undo)


def ignore_signals_for_this_process_alone():
    """Let child processes begin with the default signals even where this process ignores some.

    What is ignored is inherited (SIGINT by what a script starts in the background, SIGHUP under nohup), a
    handler is not: one that does nothing ignores for this process alone.
    """
    ignored = set(os.environ.get(IGNORED, "").split())
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and (name in ignored or signal.getsignal(number) == signal.SIG_IGN):
            signal.signal(number, lambda *_: None)
            ignored.add(name)
    os.environ[IGNORED] = " ".join(sorted(ignored))
