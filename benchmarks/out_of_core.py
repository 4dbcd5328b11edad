"""Training of a table that is larger than memory: seconds of an epoch from the disk and from memory, in turn.

A table of 150 columns is written, three times as large as the memory that a training may have (`ulimit -d`;
files that are mapped do not count), and trained within that limit and without. Linux only. The limit leaves
the page cache alone: where a machine has no memory for the whole matrix either, an epoch waits for the disk,
and how long is measured by reading rows of a matrix that is in no cache.

    python benchmarks/out_of_core.py FOLDER [--rows 1000000]
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

COLUMNS = 150
EPOCHS = 4
CONFIG = f"""
data: {{train: table.npy, target: x{COLUMNS + 1}, cache: false}}
network: {{hidden: [{{units: 16, activation: relu}}]}}
training: {{epochs: {EPOCHS}, print_every: 1}}
"""
COLD_ROWS = 3000


def main() -> None:
    """Write the table, train in turn, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the table, the runs and the cache go")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    table = write_table(folder, given.rows)
    size = os.stat(table).st_size
    limit = max(size // 3, 200 << 20)
    print(f"table {size >> 20} MiB, allowed {limit >> 20} MiB")
    for name, most in (("in memory", None), ("limited", limit)) * 2:
        seconds, cpu = train(folder, most)
        shown = " ".join(f"{each:.2f}" for each in seconds)
        print(f"{name:10} seconds of each epoch: {shown}; CPU of the whole process {cpu:.1f} s", flush=True)
    warm, cold, along = row_rates(table)
    print(f"rows a second, in random order: {warm:,.0f} from the page cache, {cold:,.0f} from the disk")
    print(f"from the disk in their order: {along:,.0f}")


def write_table(folder: Path, rows: int) -> Path:
    """Write numbers and a target of two classes; return the file."""
    path = folder / "table.npy"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    values = np.lib.format.open_memmap(path, "w+", np.float64, (rows, COLUMNS + 1))
    for start in range(0, rows, 50_000):
        piece = rng.standard_normal((min(50_000, rows - start), COLUMNS + 1))
        piece[:, -1] = piece[:, 0] + piece[:, 1] * piece[:, 2] > 0
        values[start : start + len(piece)] = piece
    values.flush()
    return path


def train(folder: Path, limit: int | None) -> tuple[list[float], float]:
    """Train within a limit of memory; return the seconds of each epoch, and the CPU seconds of all."""
    (folder / "table.yaml").write_text(CONFIG)

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "mlpcli", "train", "table.yaml"]
    done = subprocess.run(
        command, cwd=folder, env=environment, preexec_fn=limited, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    newest = max((folder / "runs").iterdir(), key=lambda run: run.stat().st_mtime)
    with open(newest / "history.csv", newline="") as file:
        ends = [0.0, *(float(row["seconds"]) for row in csv.DictReader(file))]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [end - start for start, end in pairwise(ends)], cpu


def row_rates(table: Path) -> tuple[float, float, float]:
    """Return rows a second of a mapped file: in random order, in the page cache and not; in their order."""
    values = np.load(table, mmap_mode="r")
    rng = np.random.default_rng(1)

    def random(rows: int) -> float:
        chosen = rng.integers(0, len(values), rows)
        begun = time.perf_counter()
        values[chosen].sum()
        return rows / (time.perf_counter() - begun)

    evict(table)
    cold = random(COLD_ROWS)
    evict(table)
    first = values[: 400_000_000 // (8 * (COLUMNS + 1))]
    begun = time.perf_counter()
    first.sum()
    along = len(first) / (time.perf_counter() - begun)
    values.sum()
    return random(100_000), cold, along


def evict(path: Path) -> None:
    """Drop a file from the page cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
