"""The engine in figures: python benchmarks/engine.py

Gradients asked at once and one by one; µs per training step of the NumPy executor, the large one against
its bare matrix products in the same run; start-up of `mlp --help` against bare Python and NumPy. Medians
of several runs, taken in turn, because machines are noisy.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mlpcli.config.schema import HiddenConfig, NetworkConfig
from mlpcli.execute import EXECUTORS
from mlpcli.execute.executor import arithmetic
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import topological
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.network import Network, build_network, choose_head, initial_values
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from mlpcli.plan.make_plan import make_plan


def network(width: int, hidden: tuple[int, ...], classes: int, activation: str, dtype: str) -> Network:
    layers = tuple(HiddenConfig(units=u, activation=ACTIVATIONS[activation]()) for u in hidden)
    config = NetworkConfig(layers)
    return build_network(config, choose_head(config, None, "classification", classes), width, dtype)


def in_turn(repeats: int, *works: Callable[[], object]) -> list[float]:
    """Median seconds of each work, all of them once per turn."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for taken, work in zip(times, works):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def sharing() -> None:
    def fresh() -> tuple[Network, list]:
        net = network(64, (32, 32, 32), 10, "tanh", "float64")
        return net, [p.node for p in net.parameters]

    def count(one_by_one: bool) -> int:
        net, nodes = fresh()
        asked = [[n] for n in nodes] if one_by_one else [nodes]
        return len(topological([g for group in asked for g in gradients(net.cost, group)]))

    built = [fresh() for _ in range(400)]

    def at_once() -> None:
        net, nodes = built.pop()
        gradients(net.cost, nodes)

    def one_by_one() -> None:
        net, nodes = built.pop()
        for node in nodes:
            gradients(net.cost, [node])

    once, single = in_turn(200, at_once, one_by_one)
    print(f"gradients of a 4-layer classifier: at once {count(False)} nodes, {once * 1e3:.2f} ms;", end=" ")
    print(f"one by one {count(True)} nodes, {single * 1e3:.2f} ms; ratio {single / once:.2f}")


def step(net: Network, batch: int, optimizer: str = "sgd") -> Callable[[], None]:
    training = training_step(net, OPTIMIZERS[optimizer]())
    rng = np.random.default_rng(0)
    state = initial_values(net, rng) | training.optimizer_state()
    function = EXECUTORS["numpy"]().compile(
        make_plan({"cost": training.cost}, training.updates, batch), state
    )
    units = function.inputs["target"].shape[1]
    function.inputs["inputs"][...] = rng.random(function.inputs["inputs"].shape)
    function.inputs["target"][...] = np.eye(max(units, 2))[rng.integers(0, max(units, 2), batch)][:, :units]
    return function.run


def native_step(net: Network, batch: int) -> float:
    """µs of a step inside one native call over 10,000 epochs of one batch."""
    executor = EXECUTORS["native"]()
    assert executor.epoch_runner is not None
    training = training_step(net, OPTIMIZERS["sgd"]())
    rng = np.random.default_rng(0)
    state = initial_values(net, rng) | training.optimizer_state()
    width, units = int(net.inputs.shape[1] or 0), int(net.target.shape[1] or 0)
    target = np.eye(max(units, 2))[rng.integers(0, max(units, 2), batch)][:, :units]
    rows = {"inputs": rng.random((batch, width)), "target": target}
    rows = {name: array.astype(net.inputs.dtype) for name, array in rows.items()}
    runner = executor.epoch_runner(executor, {"cost": net.cost}, training.updates, state, rows, batch)
    (seconds,) = in_turn(9, lambda: runner.run_epochs(10_000, None, -np.inf, lambda: False))
    return seconds / 10_000 * 1e6


def repeated(work: Callable[[], object], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            work()

    return run


def steps() -> None:
    small = [
        ("XOR 2-3-1 sigmoid, batch 1, float64", network(2, (3,), 2, "sigmoid", "float64"), 1),
        ("4-16-10 tanh, batch 16, float32", network(4, (16,), 10, "tanh", "float32"), 16),
        ("64-64-10 tanh, batch 32, float32", network(64, (64,), 10, "tanh", "float32"), 32),
    ]
    with arithmetic():
        for name, net, batch in small:
            (seconds,) = in_turn(15, repeated(step(net, batch), 500))
            native = f", native {native_step(net, batch):.3f} µs" if "native" in list(EXECUTORS) else ""
            print(f"{name}: {seconds / 500 * 1e6:.1f} µs a step{native}")
        x, w = np.random.rand(600, 784).astype("f4"), np.random.rand(784, 500).astype("f4")
        v, h = np.random.rand(500, 10).astype("f4"), np.empty((600, 500), "f4")
        z, dw, dv = np.empty((600, 10), "f4"), np.empty_like(w), np.empty_like(v)

        def bare() -> None:
            np.dot(x, w, h)
            np.dot(h, v, z)
            np.dot(z, v.T, h)
            np.dot(h.T, z, dv)
            np.dot(x.T, h, dw)

        large = step(network(784, (500,), 10, "tanh", "float32"), 600)
        ours, products = in_turn(200, large, bare)
        print(f"784-500-10 tanh, batch 600, float32: {ours * 1e6:.0f} µs a step, its bare products", end=" ")
        print(f"{products * 1e6:.0f} µs; ratio {ours / products:.2f}")


def start_up() -> None:
    def command(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, check=True)

    mlp = str(Path(sys.executable).with_name("mlp"))
    bare, numpy, helped = in_turn(
        25,
        command(sys.executable, "-c", "pass"),
        command(sys.executable, "-c", "import numpy"),
        command(mlp, "--help"),
    )
    near = "nearer to python" if helped - bare < numpy - helped else "nearer to numpy"
    print(f"start-up: python -c pass {bare * 1e3:.1f} ms, mlp --help {helped * 1e3:.1f} ms,", end=" ")
    print(f"python -c 'import numpy' {numpy * 1e3:.1f} ms: {near}")


if __name__ == "__main__":
    sharing()
    steps()
    start_up()
