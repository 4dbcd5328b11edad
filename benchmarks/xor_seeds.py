"""How many seeds solve XOR: python benchmarks/xor_seeds.py [--seeds 100]

Trains every shipped XOR config once per seed, on all cores, exactly as `mlp train CONFIG --set seed=N`
does, and prints how many seeds classify all rows rightly. cost: as printed in the last epoch; loss: the
cost without its penalty.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from mlpcli import MlpError, train

CONFIGS = Path(__file__).parent.parent / "configs"
CASES = [
    ("xor-sigmoid", ()),
    ("xor-hard-sigmoid", ()),
    ("xor-ultra-fast-sigmoid", ()),
    ("xor-softmax-momentum", ()),
    ("xor-tanh", ()),
    ("xor-tanh", ("network.hidden[0].units=4",)),
]


def one(config: str, overrides: tuple[str, ...], folder: str, seed: int) -> tuple[float, float, float]:
    """Accuracy, cost and loss after the last epoch; NaN where the cost was lost."""
    try:
        run = train(CONFIGS / f"{config}.yaml", [*overrides, f"seed={seed}"], folder)
    except MlpError:
        return math.nan, math.nan, math.nan
    last = run.history[-1]
    cost = float(last["cost"] or 0.0)
    loss = last.get("loss")
    return float(last["training_accuracy"] or 0.0), cost, cost if loss is None else float(loss)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    print(f"{'config':42} {'solved':>9} {'cost median (least, most)':>32} {'loss if solved':>15} {'NaN':>4}")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for config, overrides in CASES:
            with tempfile.TemporaryDirectory() as folder:
                results = list(pool.map(partial(one, config, overrides, folder), range(seeds), chunksize=5))
            finite = [r for r in results if math.isfinite(r[1])]
            costs = [cost for _, cost, _ in finite]
            solved = [loss for accuracy, _, loss in finite if accuracy == 1.0]
            title = " ".join([config, *overrides])
            spread = f"{statistics.median(costs):.4f} ({min(costs):.4f}, {max(costs):.4f})"
            typical = f"{statistics.median(solved):.4f}" if solved else "–"
            lost = seeds - len(finite)
            print(
                f"{title:42} {f'{len(solved)}/{seeds}':>9} {spread:>32} {typical:>15} {lost:>4}", flush=True
            )


if __name__ == "__main__":
    main()
