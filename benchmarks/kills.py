"""Kills trainings at random moments, goes on with each, and compares the bits with a training left alone.

    .venv/bin/python benchmarks/kills.py --kills 200

Each training is a process of its own and gets SIGKILL after a time drawn uniformly from a little more than
the time that a whole one takes; then `mlp train --resume` until it is complete, which may be killed again.
Compared are the arrays of model.npz and of checkpoint.npz, random streams, counters, and history.csv but for
its seconds.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mlpcli.errors import MlpError
from mlpcli.runs.array_file import fingerprint
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, HISTORY, MODEL
from mlpcli.runs.model_file import ModelFile

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
# Checkpoints come twenty times a second, not every two seconds, so that kills meet many of them.
MLP = [
    sys.executable,
    "-c",
    "from mlpcli import api\n"
    "for each in api.train, api.resume: each.__defaults__ = (*each.__defaults__[:-1], 0.05)\n"
    "from mlpcli.cli.main import main; main()",
]
KILLED = -9


@dataclass
class Case:
    """A config, what --set changes of it, and what became of its kills."""

    name: str
    config: str
    changes: tuple[str, ...]
    seconds: float = 0.0
    expected: dict[str, object] = field(default_factory=dict)
    kills: int = 0
    early: int = 0
    """Kills before there was a run folder, which are not counted."""
    again: int = 0
    """Killed once more while going on."""
    equal: int = 0
    wrong: list[str] = field(default_factory=list)


CASES = (
    Case("xor", "xor-sigmoid.yaml", ("training.epochs=60000", "training.print_every=3000")),
    Case("iris", "iris.yaml", ("training.epochs=3000", "training.print_every=50")),
    Case("digits", "digits.yaml", ("training.epochs=60", "training.print_every=3")),
    Case(
        "validation, patience",
        "iris.yaml",
        ("data.validation=0.3", "training.epochs=3000", "training.stop.patience=2500"),
    ),
    Case(
        "momentum",
        "xor-softmax-momentum.yaml",
        ("training.epochs=40000", "training.batch_size=3", "training.print_every=1000"),
    ),
    Case("float32, numpy", "iris.yaml", ("precision=float32", "executor=numpy", "training.epochs=300")),
)


def content(run: Path) -> dict[str, object]:
    """Everything of a run that has to be the same."""
    checkpoint = Checkpoint.read(run / CHECKPOINT)
    with open(run / HISTORY, newline="", encoding="utf-8") as file:
        history = [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]
    return {
        "model": fingerprint(ModelFile.read(run / MODEL).parameters),
        "state": fingerprint(checkpoint.groups["state"]),
        "random": checkpoint.values["random"],
        "counters": checkpoint.values["counters"],
        "kept": {key: value for key, value in checkpoint.values["kept"].items() if key != "seconds"},
        "history": history,
    }


def started(*args: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*MLP, *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def killed_after(process: subprocess.Popen[bytes], seconds: float) -> int:
    """The exit code; KILLED where it did not end by itself."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode


def prepare(case: Case, folder: Path) -> None:
    """Train once to fill the cache of machine code, and once for the clock and the bits."""
    for name in ("warm", "whole"):
        began = time.perf_counter()
        args = ["train", CONFIGS / case.config, *sets(case), "--runs", folder / name, "--quiet"]
        process = started(*args)
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
        case.seconds = time.perf_counter() - began
    [run] = (folder / "whole").iterdir()
    case.expected = content(run)


def sets(case: Case) -> list[str]:
    return [word for change in case.changes for word in ("--set", change)]


def kill(case: Case, folder: Path, rng: np.random.Generator) -> None:
    """One run, killed once at least; not before it has a folder: there would be nothing to go on with."""
    for attempt in range(1000):
        runs = folder / f"kill-{case.kills}-{attempt}"
        args = ["train", CONFIGS / case.config, *sets(case), "--runs", runs, "--quiet"]
        code = killed_after(started(*args), rng.uniform(0, 1.05 * case.seconds))
        made = list(runs.glob("*/config.yaml"))
        if code == KILLED and made:
            break
        case.early += code == KILLED
    case.kills += 1
    run = made[0].parent
    process = started("train", "--resume", run, "--quiet")
    if rng.uniform() < 0.3 and killed_after(process, rng.uniform(0, case.seconds)) == KILLED:
        case.again += 1
        process = started("train", "--resume", run, "--quiet")
    errors = process.communicate()[1].decode() if process.poll() is None else ""
    try:
        found = content(run)
    except MlpError as error:
        case.wrong.append(f"{error} {errors[-300:]}")
        return
    different = [name for name, value in case.expected.items() if found[name] != value]
    if process.returncode or different:
        case.wrong.append(f"{run}: {different} {errors[-300:]}")
    else:
        case.equal += 1


def report(cases: tuple[Case, ...]) -> str:
    """The table."""
    lines = [
        f"{'config':22}{'seconds':>9}{'kills':>7}{'killed again':>14}{'same bits':>11}{'(too early)':>13}"
    ]
    for case in cases:
        numbers = f"{case.kills:7}{case.again:14}{case.equal:11}{case.early:13}"
        lines.append(f"{case.name:22}{case.seconds:9.2f}{numbers}")
        lines += [f"  wrong: {text}" for text in case.wrong]
    kills, equal = (sum(getattr(case, key) for case in cases) for key in ("kills", "equal"))
    return "\n".join([*lines, f"{equal} of {kills} killed trainings ended with the same bits"])


def run_kills(kills: int, seed: int, cases: tuple[Case, ...] = CASES) -> bool:
    """Print the table; whether all are the same."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(prefix="mlp-kills-") as name:
        folders = {case.name: Path(name) / str(at) for at, case in enumerate(cases)}
        for case in cases:
            prepare(case, folders[case.name])
        for at in range(kills):
            case = cases[at % len(cases)]
            kill(case, folders[case.name], rng)
            print(f"{case.name}: {case.equal} of {case.kills}", flush=True)
    print(report(cases))
    return all(case.kills == case.equal for case in cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.exit(0 if run_kills(options.kills, options.seed) else 1)


if __name__ == "__main__":
    main()
