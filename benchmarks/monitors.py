"""What monitors cost: python benchmarks/monitors.py [--rounds 15]

Trains with training.monitors true and false in turn and prints medians. process: a whole `mlp train`, from
start to exit. train(): in a process that has trained before, so without imports; reading the data, compiling
and saving are in it. looks: of train(), what the monitors take at report epochs; facts: what they take before
the first. Of the process the rest of the difference is imports.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli import train
from mlpcli.diagnose.monitoring import Monitoring

CONFIGS = Path(__file__).parent.parent / "configs"
MADE = """\
precision: float32
data: {train: made.npz, target: y, task: classification, scaling: none}
network: {hidden: [{units: 100, activation: relu}]}
optimiser: {name: adam, learning_rate: 0.001}
training: {epochs: 10, batch_size: 100, print_every: 1}
"""
ROWS = 10_000


def made(folder: Path) -> Path:
    """784 inputs, 10 classes: which of ten random directions a row lies along most."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(ROWS, 784)).astype(np.float32)
    classes = (inputs @ rng.normal(size=(784, 10))).argmax(axis=1)
    np.savez(folder / "made.npz", x=inputs, y=classes)
    (folder / "made.yaml").write_text(MADE, encoding="utf-8")
    return folder / "made.yaml"


def timed(name: str, method: Callable[..., Any], taken: dict[str, float]) -> Callable[..., Any]:
    """The method, adding the seconds it takes."""

    def measured(*args: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*args)
        finally:
            taken[name] += time.perf_counter() - began

    return measured


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    taken: dict[str, float] = defaultdict(float)
    for name in ("__init__", "facts", "after"):
        setattr(Monitoring, name, timed(name, getattr(Monitoring, name), taken))
    columns = ("process, ms: without, with", "train(), ms: without, with", "looks", "facts")
    print(f"{'':12} {columns[0]:>28} {columns[1]:>28} {columns[2]:>12} {columns[3]:>6}")
    with tempfile.TemporaryDirectory() as folder:
        configs = [CONFIGS / "xor-sigmoid.yaml", CONFIGS / "iris.yaml", CONFIGS / "digits.yaml"]
        for config in (*configs, made(Path(folder))):
            seconds: dict[tuple[str, bool], list[float]] = defaultdict(list)
            looks, facts = [], []
            train(config, [], folder)  # imports, machine code
            for _ in range(rounds):
                for on in (False, True):
                    option = f"training.monitors={str(on).lower()}"
                    command = [sys.executable, "-m", "mlpcli", "train", str(config), "--set", option]
                    began = time.perf_counter()
                    subprocess.run([*command, "--runs", folder], check=True, stdout=subprocess.DEVNULL)
                    seconds["process", on].append(time.perf_counter() - began)
                    taken.clear()
                    began = time.perf_counter()
                    train(config, [option], folder)
                    seconds["train", on].append(time.perf_counter() - began)
                looks.append(taken["__init__"] + taken["after"])
                facts.append(taken["facts"])
            of = {key: 1e3 * statistics.median(values) for key, values in seconds.items()}
            look, fact = (1e3 * statistics.median(values) for values in (looks, facts))
            process, trained = (
                f"{of[what, False]:.1f} {of[what, True]:.1f} {of[what, True] / of[what, False] - 1:+.1%}"
                for what in ("process", "train")
            )
            share = f"{look:.2f} {look / of['train', False]:.1%}"
            print(f"{config.stem:12} {process:>28} {trained:>28} {share:>12} {fact:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
