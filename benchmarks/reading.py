"""Reading text tables beside pandas: python benchmarks/reading.py [SHAPE ...]

Each file is read once by `read_table` and once by `pandas.read_csv`, each in a process of its own, from the
page cache. Seconds of the processor are user and system, without importing; ratio is ours by pandas'. Peak is
what the process held at most, with its imports, as Linux tells it. pandas takes other things for numbers than
we do (it reads 00123 as 123), so this compares times only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROWS = 20_000  # written at a time
RNG = np.random.default_rng(0)
WORDS = np.array(["red", "green", "blue", "black"])

OURS = """\
from mlpcli.data.read import read_table
def read(path):
    return read_table(path)[0]
"""
PANDAS = """\
import pandas
def read(path):
    return pandas.read_csv(path)
"""
MEASURED = """
import re, sys, time
before = time.process_time()
table = read(sys.argv[1])
seconds = time.process_time() - before
status = open("/proc/self/status").read()
print(seconds, int(re.search("VmHWM:[^0-9]*([0-9]+)", status)[1]) / 1024)
"""


def mixed(rows: int) -> Iterator[str]:
    """16 numbers, 3 columns of 4 words, 0 or 1."""
    yield ",".join([*(f"n{at}" for at in range(1, 17)), "c1", "c2", "c3", "y"])
    for first in range(0, rows, ROWS):
        count = min(ROWS, rows - first)
        numbers, words = RNG.normal(size=(count, 16)) * 10, WORDS[RNG.integers(0, 4, (count, 3))]
        for row, cells in zip(numbers.tolist(), words.tolist()):
            yield ",".join([*(f"{value:.4f}" for value in row), *cells, str(int(row[0] > 0))])


def digits(rows: int) -> Iterator[str]:
    """A label and 784 small whole numbers, of which most are 0, as MNIST is."""
    yield ",".join(["label", *(f"p{at}" for at in range(784))])
    for _ in range(rows):
        pixels = (RNG.random(784) < 0.2) * RNG.integers(0, 256, 784)
        yield ",".join(map(str, [int(RNG.integers(10)), *pixels.tolist()]))


def wide(rows: int, columns: int) -> Iterator[str]:
    yield ",".join(f"x{at}" for at in range(1, columns + 1))
    for _ in range(rows):
        yield ",".join(f"{value:.5f}" for value in RNG.normal(size=columns).tolist())


def users(rows: int) -> Iterator[str]:
    """A column of 25,000 words."""
    yield "user,b,y"
    for user, value in zip(RNG.integers(0, 25_000, rows).tolist(), RNG.normal(size=rows).tolist()):
        yield f"user{user:05},{value:.3f},{int(value > 0)}"


def exact(rows: int) -> Iterator[str]:
    """20 numbers with all their digits, as Python writes them."""
    yield ",".join(f"x{at}" for at in range(1, 21))
    for _ in range(rows):
        yield ",".join(map(repr, RNG.normal(size=20).tolist()))


def quoted(rows: int) -> Iterator[str]:
    """10 numbers and 10 words, all within quotes."""
    yield ",".join(f'"x{at}"' for at in range(1, 21))
    for _ in range(rows):
        values = RNG.normal(size=20).tolist()
        cells = [f"{value:.3f}" if at % 2 else f"level {int(3 * value)}" for at, value in enumerate(values)]
        yield ",".join(f'"{cell}"' for cell in cells)


SHAPES: dict[str, Callable[[], Iterator[str]]] = {
    "1,000,000 x 20": lambda: mixed(1_000_000),
    "70,000 x 785": lambda: digits(70_000),
    "100,000 x 1,000": lambda: wide(100_000, 1_000),
    "200 x 40,000": lambda: wide(200, 40_000),
    "25,000 words": lambda: users(100_000),
    "all digits": lambda: exact(100_000),
    "all quoted": lambda: quoted(100_000),
}


def measured(program: str, path: Path) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", program + MEASURED, path], capture_output=True, text=True, check=True
    )
    seconds, peak = map(float, done.stdout.split())
    return seconds, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"some of: {', '.join(SHAPES)}")
    given = parser.parse_args().shapes or list(SHAPES)
    heads = ("file", "MB", "ours, s", "pandas, s", "ratio", "peak, MB", "pandas, MB")
    print("".join(f"{head:>16}" for head in heads))
    with tempfile.TemporaryDirectory() as folder:
        for shape in given:
            path = Path(folder) / "table.csv"
            with path.open("w") as file:
                file.writelines(f"{line}\n" for line in SHAPES[shape]())
            path.read_bytes()
            (ours, peak), (theirs, their_peak) = measured(OURS, path), measured(PANDAS, path)
            size = path.stat().st_size / 1e6
            shown = (f"{size:.0f}", f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.2f}", f"{peak:.0f}")
            print("".join(f"{cell:>16}" for cell in (shape, *shown, f"{their_peak:.0f}")), flush=True)


if __name__ == "__main__":
    main()
