"""The test run's own ground: which signals the processes that tests start begin with."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
import conftest
if sys.argv[2] == "yes":
    conftest.ignore_signals_for_this_process_alone()
for name in ("SIGINT", "SIGHUP", "SIGTERM"):
    os.kill(os.getpid(), getattr(signal, name))   # ignored, or this ends here
child = "import signal as s; print(*(s.getsignal(n) == s.SIG_IGN for n in (s.SIGINT, s.SIGHUP, s.SIGTERM)))"
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(("mended", "inherited"), [("no", "True True True"), ("yes", "False False False")])
def test_children_of_a_test_run_that_ignores_signals_do_not(mended, inherited):
    def ignore():
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), mended]
    environment = {key: value for key, value in os.environ.items() if key != "MLP_TESTS_IGNORED_SIGNALS"}
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=ignore, env=environment)
    assert (done.stdout.split(), done.stderr) == (inherited.split(), "")
