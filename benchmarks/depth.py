"""Compiling deep networks: python benchmarks/depth.py [--against PYTHON] [LAYERS ...]

Hidden layers of 16 tanh units, Adam, batches of 16 rows and a last one of 8: seconds of a processor to make
the machine code, with none from earlier runs, and µs a step. --against names the Python of another build of
mlp: both then do everything in turn, and the ratios are told; steps are measured in turn, several times.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

LAYERS = (1, 4, 8, 16, 34)
ROUNDS = 9
"""Of the steps' times, in turn; the medians are told."""
SECONDS = 0.2
"""Of a round, about."""
UNITS, INPUTS, CLASSES, ROWS, BATCH = 16, 4, 3, 120, 16


def answer() -> None:
    """Make the training of sys.argv[2] layers, print what it took, then seconds a step for each line read."""
    import numpy as np

    from mlpcli.config.schema import HiddenConfig, NetworkConfig
    from mlpcli.execute import EXECUTORS
    from mlpcli.nn.activations import ACTIVATIONS
    from mlpcli.nn.network import build_network, choose_head, initial_values
    from mlpcli.optim.optimizers import OPTIMIZERS
    from mlpcli.optim.step import training_step

    hidden = tuple(HiddenConfig(UNITS, ACTIVATIONS["tanh"]()) for _ in range(int(sys.argv[2])))
    config = NetworkConfig(hidden)
    net = build_network(config, choose_head(config, None, "classification", CLASSES), INPUTS, "float64")
    step = training_step(net, OPTIMIZERS["adam"]())
    rng = np.random.default_rng(0)
    state = initial_values(net, rng) | step.optimizer_state()
    target = np.eye(CLASSES)[rng.integers(0, CLASSES, ROWS)]
    rows = {"inputs": rng.normal(size=(ROWS, INPUTS)), "target": target}
    executor = EXECUTORS["native"]()
    assert executor.epoch_runner is not None
    began = time.process_time()
    runner = executor.epoch_runner(executor, {"cost": net.cost}, step.updates, state, rows, BATCH)
    compiling = time.process_time() - began

    def trained(epochs: int) -> float:
        began = time.process_time()
        runner.run_epochs(epochs, None, -np.inf, lambda: False)
        return (time.process_time() - began) / (epochs * -(-ROWS // BATCH))

    trained(10)
    digest = hashlib.sha256(b"".join(state[name].tobytes() for name in sorted(state))).hexdigest()
    print(json.dumps({"compiling": compiling, "bits": digest}), flush=True)
    for line in sys.stdin:
        print(trained(int(line)), flush=True)


class Build:
    """A process of one build, which has compiled. python: its interpreter."""

    def __init__(self, python: str, layers: int, cache: str) -> None:
        environment = {**os.environ, "XDG_CACHE_HOME": cache, "LOCALAPPDATA": cache, "HOME": cache}
        self._process = subprocess.Popen(
            [python, __file__, "--answer", str(layers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        made = json.loads(self._read())
        self.compiling, self.bits = float(made["compiling"]), str(made["bits"])

    def step(self, epochs: int) -> float:
        """Seconds a step, over so many epochs."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{epochs}\n")
        self._process.stdin.flush()
        return float(self._read())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def compare(pythons: list[str], layers: int) -> None:
    """Print the line of a depth."""
    with tempfile.TemporaryDirectory() as folder:
        builds = [Build(python, layers, os.path.join(folder, str(at))) for at, python in enumerate(pythons)]
        epochs = max(1, int(SECONDS / (builds[0].step(10) * -(-ROWS // BATCH))))
        times: list[list[float]] = [[] for _ in builds]
        for _ in range(ROUNDS):
            for taken, build in zip(times, builds):
                taken.append(build.step(epochs))
        steps = [statistics.median(taken) * 1e6 for taken in times]
        line = f"{layers:>6}{builds[0].compiling:>12.2f}{steps[0]:>9.2f}"
        if len(builds) == 2:
            ratio, quicker = builds[1].compiling / builds[0].compiling, steps[1] / steps[0]
            same = "same" if builds[0].bits == builds[1].bits else "other"
            line += f"{builds[1].compiling:>12.2f}{steps[1]:>9.2f}{ratio:>11.1f}{quicker:>8.2f}  {same}"
        print(line, flush=True)
        for build in builds:
            build.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("layers", nargs="*", type=int, default=LAYERS)
    parser.add_argument("--against", metavar="PYTHON", help="the Python of another build")
    chosen = parser.parse_args()
    head = f"{'layers':>6}{'compile, s':>12}{'µs/step':>9}"
    if chosen.against:
        head += f"{'other: s':>12}{'µs/step':>9}{'compile ×':>11}{'step ×':>8}  bits"
    print(head)
    for layers in chosen.layers:
        compare([sys.executable, *([chosen.against] if chosen.against else [])], layers)


if __name__ == "__main__":
    answer() if sys.argv[1:2] == ["--answer"] else main()
