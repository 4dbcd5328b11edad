"""Fuzzes the commands: python tests/fuzz/run.py [KIND …] [--cases 20000] [--seed 0] [--from 0]

Each case is a folder of mutated files that real commands read, in this process's children: many cases in
one, with memory limited to 1 GiB above what it begins with, and 10 seconds for each command. Prints how the
commands ended, and every case that did not end as a user's mistake or a success should. With --keep N the
files of case N are written to ./fuzz-KIND-N.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

TESTS = str(Path(__file__).parents[1])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)

from cli.loaded import load_package  # noqa: E402
from fuzz.targets import KINDS, Case, case, cases  # noqa: E402

LONGEST = 10
"""Seconds for one command."""
MOST_MEMORY = 1 << 30
"""Bytes above what the process has when it begins."""
AT_ONCE = 200
"""Cases for one process."""
FINE = (0, 1, 2)


class Hang(BaseException):
    """No `except Exception` catches it."""


def _ring(number: int, frame: FrameType | None) -> None:
    raise Hang


def run_case(case: Case) -> tuple[list[int], str]:
    """The exit codes of its commands, and what went wrong, "" where nothing did."""
    from click.testing import CliRunner

    from mlpcli.cli.main import cli

    codes: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        write(case, Path(name))
        os.chdir(name)
        try:
            for command in case.commands:
                signal.alarm(LONGEST)
                try:
                    result = CliRunner().invoke(cli, list(command), prog_name="mlp")
                except Hang:
                    return codes, f"mlp {' '.join(command)}: longer than {LONGEST} s"
                finally:
                    signal.alarm(0)
                said = fault_of(result.exception, result.exit_code, result.output)
                if said:
                    return codes, f"mlp {' '.join(command)}: {said}"
                codes.append(result.exit_code)
                if not case.goes_on(result.output):
                    break
        finally:
            os.chdir("/")
    return codes, ""


def fault_of(exception: BaseException | None, code: int, output: str) -> str:
    """What no command may do, whatever it is given."""
    if exception is not None and not isinstance(exception, SystemExit):
        return "".join(traceback.format_exception(exception))
    if "Traceback (most recent call last)" in output:
        return output
    if "Out of memory" in output:
        return f"more than {MOST_MEMORY >> 20} MiB were asked for: {output}"
    return "" if code in FINE else f"exit code {code}: {output}"


def write(case: Case, folder: Path) -> None:
    """Its files."""
    for name, contents in case.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(contents)


def limit_memory() -> None:
    """From here on, what asks for more than MOST_MEMORY gets a MemoryError."""
    import resource

    import mlpcli.experiments.train  # noqa: F401  what it takes by itself is no allocation of a case

    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, used + MOST_MEMORY))


def run_some(job: tuple[str, int, range]) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Of the cases with these numbers: how often each row of exit codes was, and the faults."""
    kind, seed, numbers = job
    limit_memory()
    signal.signal(signal.SIGALRM, _ring)
    ended: Counter[str] = Counter()
    faults = []
    for number, each in cases(kind, seed, numbers):
        codes, fault = run_case(each)
        if fault:
            faults.append((number, fault))
        else:
            ended[" ".join(map(str, codes))] += 1
    return ended, faults


def fuzz(kind: str, seed: int, numbers: range, processes: int) -> tuple[Counter[str], list[tuple[int, str]]]:
    """All of them, in processes of AT_ONCE cases each."""
    load_package()  # and not by every process again
    case(kind, seed, 0)  # what all cases start from is made once, before the processes part
    jobs = [(kind, seed, numbers[at : at + AT_ONCE]) for at in range(0, len(numbers), AT_ONCE)]
    ended: Counter[str] = Counter()
    faults: list[tuple[int, str]] = []
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for some_ended, some_faults in pool.imap_unordered(run_some, jobs):
            ended += some_ended
            faults += some_faults
    return ended, sorted(faults)


def report(kind: str, ended: Counter[str], faults: Iterable[tuple[int, str]], seconds: float) -> int:
    """Prints a table; how many faults there were."""
    faults = list(faults)
    print(f"{kind}: {ended.total() + len(faults):,} cases in {seconds:.0f} s, {len(faults)} faults")
    for codes, count in sorted(ended.items()):
        print(f"  exit codes {codes:8} {count:8,}")
    for number, fault in faults[:20]:
        print(f"  case {number}: {shortened(fault)}")
    return len(faults)


def shortened(fault: str, most: int = 12) -> str:
    """The first line of a long one, and its last lines."""
    first, *rest = fault.strip().splitlines()
    left_out = ["    …"] if len(rest) > most else []
    return "\n".join([first, *left_out, *rest[-most:]])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=int)
    chosen = parser.parse_args()
    found = 0
    for kind in chosen.kinds or KINDS:
        if chosen.keep is not None:
            folder = Path(f"fuzz-{kind}-{chosen.keep}")
            folder.mkdir()
            write(case(kind, chosen.seed, chosen.keep), folder)
            continue
        began = time.perf_counter()
        numbers = range(chosen.first, chosen.first + chosen.cases)
        ended, faults = fuzz(kind, chosen.seed, numbers, chosen.processes)
        found += report(kind, ended, faults, time.perf_counter() - began)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
