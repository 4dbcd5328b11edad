"""The tests keep object code in a folder of their own, which goes with them; never in the user's."""

import os
import sys
import tempfile

BASE = {"win32": "LOCALAPPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_CACHE_HOME")
PREFIX = "mlp-tests-"


def pytest_configure(config):
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
