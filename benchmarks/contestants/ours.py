"""mlp's own executors, called as `mlp train` calls them. All that is known of the package is here."""

from __future__ import annotations

import math

from contestants.work import Training, Work
from mlpcli.config.schema import HiddenConfig, NetworkConfig
from mlpcli.execute import EXECUTORS
from mlpcli.execute.rows import EpochRunner
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.network import Network, build_network, choose_head
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step


def network(work: Work) -> Network:
    """The graph of the work's network, its loss included."""
    hidden = ACTIVATIONS[work.activation]()
    config = NetworkConfig(tuple(HiddenConfig(units=units, activation=hidden) for units in work.hidden))
    if work.loss == "squared_error":
        head = choose_head(config, None, "regression", work.outputs)
    else:
        head = choose_head(config, None, "classification", max(2, work.outputs))
    return build_network(config, head, work.inputs, work.dtype)


class Ours(Training):
    """Many epochs in one call where the executor can, batch by batch where not."""

    def __init__(self, work: Work, name: str) -> None:
        net = network(work)
        step = training_step(net, OPTIMIZERS[work.optimizer](learning_rate=work.rate))
        weights = dict(zip((p.node.name for p in net.parameters), work.first_weights()))
        self._first = weights | step.optimizer_state()
        self._state = {key: array.copy() for key, array in self._first.items()}
        executor = EXECUTORS[name]()
        runner = executor.epoch_runner or EpochRunner
        rows = dict(zip(("inputs", "target"), work.rows()))
        self._runner = runner(executor, {"cost": step.cost}, step.updates, self._state, rows, work.batch)

    def run(self, epochs: int) -> float:
        for key, array in self._state.items():
            array[...] = self._first[key]
        stretch = self._runner.run_epochs(epochs, None, -math.inf, lambda: False)
        assert stretch.epochs == epochs, "the cost was lost"
        return float(stretch.last["cost"])


def prepare(work: Work, executor: str = "native") -> Training:
    """executor: native or numpy."""
    if executor not in list(EXECUTORS):
        raise ModuleNotFoundError(name="llvmlite")
    return Ours(work, executor)
