"""What is looked at before the first epoch, in tables of many shapes: python benchmarks/facts.py [--largest]

Trains one epoch of a small network on each table, the cheapest training there is, and prints seconds of the
processor (a busy machine changes them little). facts: the rules that mlp train asks before the first epoch,
the first time, with what they import, and again. baseline: the best constant, which monitors compare with.
epoch: one pass over the rows, without either. What is asked for is 0.2 s or 5 % of a training at most.
--largest adds 100,000 rows of 10,000 inputs (4 GB of float32), of which the facts alone are computed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli import train
from mlpcli.diagnose.layers import weight_probe as probe
from mlpcli.diagnose.monitoring import Monitoring
from mlpcli.diagnose.trials import baseline
from mlpcli.problem.build import prepare
from mlpcli.training.events import EpochDone, Event, Started

CONFIG = """\
precision: float32
executor: numpy
data: {{train: {name}.{ending}, target: {target}, task: {task}{more}}}
network: {{hidden: [4]{output}}}
training: {{epochs: 1, batch_size: 1000}}
"""
Columns = dict[str, Any]


def config(folder: Path, name: str, target: str, task: str, more: str = "", output: str = "") -> Path:
    """Write the config beside the data of that name."""
    ending = "npz" if (folder / f"{name}.npz").exists() else "csv"
    path = folder / f"{name}.yaml"
    text = CONFIG.format(name=name, ending=ending, target=target, task=task, more=more, output=output)
    path.write_text(text, encoding="utf-8")
    return path


def numbers(rows: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)


def many_rows(folder: Path) -> Path:
    x = numbers(100_000, 20)
    y = (x[:, 0] > 0).astype(int)
    np.savez(folder / "rows.npz", x=x, y=y)
    np.savez(folder / "rows-test.npz", x=x[:20_000], y=y[:20_000])
    return config(folder, "rows", "y", "classification", ", test: rows-test.npz")


def other_units(folder: Path) -> Path:
    x = numbers(100_000, 200)
    np.savez(folder / "units.npz", x=x, y=2 * x[:, 0])
    np.savez(folder / "units-test.npz", x=9 * x[:30_000] + 1, y=x[:30_000, 1])
    return config(folder, "units", "y", "regression", ", test: units-test.npz")


def many_columns(folder: Path) -> Path:
    x = numbers(2_000, 10_000)
    np.savez(folder / "columns.npz", x=x, y=(x[:, 0] > 0).astype(int))
    np.savez(folder / "columns-test.npz", x=x[:500] + 1, y=(x[:500, 0] > 0).astype(int))
    return config(folder, "columns", "y", "classification", ", test: columns-test.npz")


def many_levels(count: int) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        rng = np.random.default_rng(0)
        cells = zip(
            rng.integers(0, count, 10_000), rng.normal(size=10_000), rng.integers(0, 2, 10_000), strict=True
        )
        lines = [f"w{level},{number:.4f},{'no' if label else 'yes'}" for level, number, label in cells]
        (folder / f"levels{count}.csv").write_text("\n".join(["a,b,y", *lines]) + "\n", encoding="utf-8")
        return config(folder, f"levels{count}", "y", "classification")

    return made


def many_classes(folder: Path) -> Path:
    classes = np.random.default_rng(1).integers(0, 1000, 100_000)
    np.savez(folder / "classes.npz", x=numbers(100_000, 20), y=classes)
    return config(folder, "classes", "y", "classification")


def several_targets(folder: Path) -> Path:
    """Under a sigmoid, which does not reach them: the rule about that has the most to compute."""
    x, y = numbers(100_000, 120)[:, :20], numbers(100_000, 120)[:, 20:]
    columns: Columns = {f"x{at}": column for at, column in enumerate(x.T)}
    targets: Columns = {f"y{at}": column for at, column in enumerate(y.T)}
    np.savez(folder / "targets.npz", **columns, **targets)
    return config(folder, "targets", f"[{', '.join(targets)}]", "regression", output=", output: sigmoid")


def mostly_constant(folder: Path) -> Path:
    x = numbers(100_000, 300)
    x[:, 40:] = 0
    np.savez(folder / "constant.npz", x=x, y=(x[:, 0] > 0).astype(int))
    return config(folder, "constant", "y", "classification")


SHAPES: dict[str, Callable[[Path], Path]] = {
    "100,000 x 20, 20,000 of them in the test file": many_rows,
    "100,000 x 200, test file in other units": other_units,
    "2,000 x 10,000 numbers": many_columns,
    "10,000 rows, 1,000 levels": many_levels(1000),
    "10,000 rows, 2,000 levels": many_levels(2000),
    "100,000 x 20, 1,000 classes": many_classes,
    "100,000 x 20, 100 targets": several_targets,
    "100,000 x 300, most of them constant": mostly_constant,
}


def timed(function: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    """The function, which notes the processor's seconds it takes."""

    def measured(*args: Any) -> Any:
        began = time.process_time()
        try:
            return function(*args)
        finally:
            taken.append(time.process_time() - began)

    return measured


def epoch_of(path: Path, folder: str, facts: list[float]) -> float:
    """Train; the seconds from the start of the training to the end of its epoch, without the facts."""
    moments: list[float] = []

    def report(event: Event) -> None:
        if isinstance(event, (Started, EpochDone)):
            moments.append(time.process_time())

    train(path, [], folder, report)
    return moments[1] - moments[0] - facts[-1]


def largest(folder: Path, facts: list[float]) -> None:
    """100,000 rows of 10,000 inputs, and as many again that are validation rows: the same memory."""
    prepared = prepare(many_columns(folder))
    training = prepared.dataset.training
    inputs = np.tile(training.inputs, (50, 1))
    inputs[:, 0] = np.arange(len(inputs))
    part = replace(training, inputs=inputs, targets=np.tile(training.targets, 50))
    dataset = replace(prepared.dataset, training=part, validation=part)
    prepared = replace(prepared, dataset=dataset)
    for _ in range(2):
        Monitoring(prepared, prepared.initial_values()).facts()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--largest", action="store_true", help="100,000 x 10,000, too: needs 6 GB")
    chosen = parser.parse_args()
    facts: list[float] = []
    constants: list[float] = []
    Monitoring.facts = timed(Monitoring.facts, facts)  # type: ignore[method-assign]
    for module in (baseline, probe):
        module.baseline_loss = timed(baseline.baseline_loss, constants)  # type: ignore[attr-defined]
    print(f"{'':46} {'facts, ms: first, again':>24} {'baseline, ms':>13} {'epoch, ms':>10}")
    for name, made in SHAPES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = made(Path(folder))
            epoch_of(path, folder, facts)
            constants.clear()
            first, epoch = facts[-1], epoch_of(path, folder, facts)
            constant = f"{1e3 * max(constants):.0f}" if constants else "–"
            both = f"{1e3 * first:.0f} {1e3 * facts[-1]:.0f}"
            print(f"{name:46} {both:>24} {constant:>13} {1e3 * epoch:>10.0f}", flush=True)
    if chosen.largest:
        with tempfile.TemporaryDirectory() as folder:
            largest(Path(folder), facts)
        print(f"{'100,000 x 10,000 numbers':46} {1e3 * facts[-2]:>20.0f} {1e3 * facts[-1]:.0f}")


if __name__ == "__main__":
    main()
