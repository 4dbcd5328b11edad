"""Training steps and whole processes beside other libraries.

    pip install '.[native,benchmark]'
    python benchmarks/compare.py                                  # all, some ten minutes
    python benchmarks/compare.py --rounds 3 --only xor 4-16-10    # works whose name contains one of these
    python benchmarks/compare.py --with jax_scan pytorch          # these beside ours

Every contestant sits in a process of its own and is asked in turn, round after round, to time a run of at
least 0.2 s; all start from the same weights and see the same rows in the same order. Told are the median µs
of a step, the least and the most, and the median as a multiple of ours. See docs/speed.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS
from contestants.work import WORKS, Work
from contestants.worker import EPOCH

HERE = Path(__file__).resolve().parent
OURS = "ours"
WHOLE = "whole process"
TOLERANCE = {"float32": 1e-3, "float64": 1e-6}
"""Relative difference of two costs up to which they are the same arithmetic in another order."""
PROGRAMS = ("sklearn.neural_network", "torch", "jax", "numpy")
"""What is imported in a process of its own."""
LIBRARIES = ("numpy", "llvmlite", "jax", "torch", "pytensor", "scikit-learn")


class Asked:
    """A contestant's process. It answers when asked and sleeps in between."""

    def __init__(self, name: str) -> None:
        self._command = [sys.executable, "-m", "contestants.worker", name]
        self._start()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer. Where the process dies of it, that is the answer, and another one takes its place."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._start()
            return {"cannot": f"died with exit status {status}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def dismiss(self) -> None:
        """Its input ends, and so does it."""
        self._process.communicate()

    def _start(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            self._command, cwd=HERE, stdin=pipe, stdout=pipe, text=True, bufsize=1
        )


@dataclass
class Result:
    """What a contestant did with a work: microseconds of a step in every round, or why it did nothing."""

    times: list[float] = field(default_factory=list)
    cost: float | None = None
    why_not: str = ""

    @property
    def median(self) -> float | None:
        """Over the rounds; None where there are none."""
        return statistics.median(self.times) if self.times else None


Results = dict[str, Result]
"""By contestant."""


def measure(number: int, asked: dict[str, Asked], rounds: int, missing: set[str]) -> Results:
    """A work by all in turn. missing: collects the libraries that are not installed."""
    results = {name: Result() for name in asked}

    def answer(name: str, question: dict[str, Any]) -> dict[str, Any]:
        given = asked[name].ask(question)
        if "missing" in given:
            missing.add(given["missing"])
            results[name].why_not = f"{given['missing']} is not installed"
        else:
            results[name].why_not = given.get("cannot", "")
        return given

    for name, result in results.items():
        result.cost = answer(name, {"prepare": number}).get("cost")
    for _ in range(rounds):
        for name, result in results.items():
            if not result.why_not:
                result.times += filter(None, [answer(name, {"time": number}).get("microseconds")])
    return results


def agreement(work: Work, results: Results) -> str:
    """Whether the costs are the same, and whose are not."""
    ours = results[OURS].cost
    if ours is None:
        return "costs: ours is missing"
    costs = {name: result.cost for name, result in results.items() if result.cost is not None}
    differ = [n for n, cost in costs.items() if not abs(cost - ours) <= TOLERANCE[work.dtype] * abs(ours)]
    told = [f"{CONTESTANTS[name]} {costs[name]:.9g}" for name in differ]
    if told:
        return f"COSTS OF EPOCH {EPOCH} DIFFER: ours {ours:.9g}, " + ", ".join(told)
    return f"costs of epoch {EPOCH}, {len(costs)} of them, agree: {ours:.9g}"


def digits(value: float) -> str:
    """Three significant digits, never with an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(work: Work, results: Results) -> None:
    """The table of one work."""
    print(f"\n{work.name}\n  {'contestant':<16}{'µs a step':>10}{'least-most':>18}{'× ours':>9}")
    ours = results[OURS].median
    for name, result in results.items():
        if result.median is None:
            print(f"  {CONTESTANTS[name]:<16}{'–':>10}  {result.why_not}")
            continue
        spread = f"{digits(min(result.times))}-{digits(max(result.times))}"
        ratio = f"{result.median / ours:.2f}" if ours else "–"
        print(f"  {CONTESTANTS[name]:<16}{digits(result.median):>10}{spread:>18}{ratio:>9}")
    print(f"  {agreement(work, results)}", flush=True)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table, its columns aligned; the first row is the head, numbers go to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = []
    for first, *others in (rows[0], rule, *rows[1:]):
        lines.append([first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(others, widths[1:]))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary(table: dict[Work, Results]) -> str:
    """Median µs a step of all, in Markdown."""
    names = list(next(iter(table.values())))
    head = ["µs a step", *(CONTESTANTS[name] for name in names)]
    rows = [
        [work.name, *(digits(m) if (m := results[name].median) is not None else "–" for name in names)]
        for work, results in table.items()
    ]
    return markdown([head, *rows])


def whole_processes(rounds: int) -> str:
    """From the shell and back, in turn: training XOR for 4000 epochs, and merely importing a library."""
    mlp = str(Path(sys.executable).with_name("mlp"))
    train = [mlp, "train", str(HERE.parent / "configs" / "xor-sigmoid.yaml"), "--runs"]
    # Libraries are compiled to bytecode once, as everybody has them.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as runs:
        commands = {"`mlp train configs/xor-sigmoid.yaml`": [*train, runs]}
        for name in PROGRAMS:
            if find_spec(name.partition(".")[0]) is not None:
                commands[f'`python -c "import {name}"`'] = [sys.executable, "-c", f"import {name}"]
        commands["`python -c pass`"] = [sys.executable, "-c", "pass"]
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(rounds + 1):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
                if turn:  # in the first one, files are read from the disk and bytecode is written
                    times[name].append(time.perf_counter() - start)
    rows = [["from the shell", "ms, median", "least", "most"]]
    for name, taken in times.items():
        rows.append([name, *(f"{1e3 * s:.0f}" for s in (statistics.median(taken), min(taken), max(taken)))])
    return markdown(rows)


def machine() -> str:
    """Processor, cores to run on and versions, in a line."""
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        processor = next(models, processor)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"Python {platform.python_version()}"]
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return f"{processor}, {cores} cores; {', '.join(versions)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Training steps and whole processes beside other libraries.")
    parser.add_argument("--rounds", type=int, default=7, help="times that each is asked (default 7)")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[""],
        metavar="WORK",
        help=f"works whose name contains one of these words; also: {WHOLE}",
    )
    parser.add_argument(
        "--with",
        nargs="+",
        dest="names",
        choices=list(CONTESTANTS),
        default=list(CONTESTANTS),
        metavar="CONTESTANT",
        help=f"beside ours: {', '.join(CONTESTANTS)} (default: all)",
    )
    options = parser.parse_args()

    def wanted(name: str) -> bool:
        return any(word.lower() in name.lower() for word in options.only)

    print(machine())
    asked = {name: Asked(name) for name in CONTESTANTS if name in {OURS, *options.names}}
    table: dict[Work, Results] = {}
    missing: set[str] = set()
    try:
        for position, work in enumerate(WORKS):
            if wanted(work.name):
                table[work] = measure(position, asked, options.rounds, missing)
                show(work, table[work])
    finally:
        for contestant in asked.values():
            contestant.dismiss()
    if table:
        print(f"\n{summary(table)}")
    if wanted(WHOLE):
        print(f"\n{whole_processes(options.rounds)}")
    if missing:
        print(f"\nNot installed: {', '.join(sorted(missing))}. pip install '.[native,benchmark]'")


if __name__ == "__main__":
    main()
