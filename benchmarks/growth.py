"""How the time of a training step grows with width and batch, beside NumPy and bare matrix products.

    pip install '.[native,benchmark]'
    python benchmarks/growth.py                            # float32, some two minutes
    python benchmarks/growth.py --precision float64
    python benchmarks/growth.py --plot docs/growth.png     # drawn as well

Networks with one hidden layer of tanh, as many inputs as units, 10 classes, plain gradient descent. Each
line: µs of a step of both executors, that of the step's matrix products alone by NumPy's BLAS, ours as a
multiple of it, and picoseconds per multiplication. A cliff is where the time per multiplication grows more
than 1.5-fold from a cell to its next larger neighbour in width or in batch.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from contestants import bare_products, ours
from contestants.timing import enough_epochs, microseconds
from contestants.work import Training, Work

WIDTHS = tuple(4 << n for n in range(10))
BATCHES = tuple(4**n for n in range(7))
LARGEST = 2_200_000_000
"""Multiplications of a step up to which it is measured: some 0.1 s."""
CLIFF = 1.5
ROUNDS = 3


@dataclass(frozen=True)
class Cell:
    """µs of a step with this width and batch: both executors, and bare products."""

    work: Work
    native: float
    numpy: float
    products: float

    @property
    def each(self) -> float:
        """Picoseconds per multiplication, natively."""
        return self.native * 1e6 / self.work.multiplications


Grid = dict[tuple[int, int], Cell]
"""By width and batch."""


def medians(trainings: list[Training], seconds: float) -> list[float]:
    """Median µs of a step of each, all of them once per round."""
    epochs = [enough_epochs(training, seconds) for training in trainings]
    rounds = [[microseconds(t, e) for t, e in zip(trainings, epochs)] for _ in range(ROUNDS)]
    return [statistics.median(times) for times in zip(*rounds)]


def measure(work: Work) -> Cell:
    """All three, in turn, in runs of 0.05 s: there are many cells."""
    trainings = [ours.prepare(work), ours.prepare(work, "numpy"), bare_products.prepare(work)]
    return Cell(work, *medians(trainings, 0.05))


def cliff(cells: Grid, width: int, batch: int) -> str:
    """The smaller neighbours that pay less per multiplication, in words; "" where there are none."""
    before = {"width": cells.get((width // 2, batch)), "batch": cells.get((width, batch // 4))}
    each = cells[width, batch].each
    jumps = [(axis, each / cell.each) for axis, cell in before.items() if cell and each > CLIFF * cell.each]
    return ", ".join(f"cliff in {axis}: × {jump:.1f}" for axis, jump in jumps)


def table(precision: str) -> Grid:
    """Measure and print, line by line."""
    print(f"{precision}; µs a step\n width  batch      native       numpy    products  ratio  ps each")
    cells: Grid = {}
    for width in WIDTHS:
        for batch in BATCHES:
            work = Work(width, (width,), 10, "tanh", batch, precision)
            if work.multiplications > LARGEST:
                continue
            cell = cells[width, batch] = measure(work)
            print(
                f"{width:6}{batch:7}{cell.native:12,.2f}{cell.numpy:12,.1f}{cell.products:12,.1f}"
                f"{cell.native / cell.products:7.2f}{cell.each:9.1f}  {cliff(cells, width, batch)}".rstrip(),
                flush=True,
            )
    return cells


def plot(cells: Grid, precision: str, file: Path) -> None:
    """Both axes logarithmic: µs of a step over the width, a colour per batch."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    for batch in BATCHES:
        column = [cell for (_, b), cell in cells.items() if b == batch]
        widths = [cell.work.inputs for cell in column]
        (line,) = axes.loglog(widths, [cell.native for cell in column], marker=".", label=f"batch {batch}")
        colour = line.get_color()
        axes.loglog(widths, [cell.numpy for cell in column], linestyle="--", linewidth=0.8, color=colour)
        axes.loglog(widths, [cell.products for cell in column], linestyle=":", linewidth=0.8, color=colour)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("width: inputs and hidden units")
    axes.set_ylabel("µs a training step")
    axes.set_title(f"{precision}: native solid, numpy dashed, bare products dotted")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description="How the time of a training step grows.")
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it as well, such as growth.png")
    options = parser.parse_args()
    if options.plot:
        try:
            import matplotlib
        except ModuleNotFoundError:
            sys.exit("--plot needs matplotlib: pip install '.[benchmark]'")
        matplotlib.use("agg")  # a file is drawn, and no screen needed
    cells = table(options.precision)
    if options.plot:
        plot(cells, options.precision, options.plot)


if __name__ == "__main__":
    main()
