"""The fuzzers with a small budget; `python tests/fuzz/run.py` has a large one."""

import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.targets import KINDS, case

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as on Linux")
RUN = Path(__file__).parent / "run.py"


def test_no_file_makes_a_command_fail_otherwise_than_with_a_message():
    command = [sys.executable, RUN, *KINDS, "--cases", "20", "--seed", "7", "--processes", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in KINDS:
        assert f"{kind}: 20 cases" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_every_time_and_another_than_the_next(kind):
    cases = [case(kind, 3, number) for number in range(8)]
    assert [each.files for each in cases] == [case(kind, 3, number).files for number in range(8)]
    assert len({tuple(sorted(each.files.items())) for each in cases}) > 4
