"""`graph` and `show`: what a config or a run is made of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpcli.config.load import ConfigSource
from mlpcli.experiments.cross_validate import folds_of
from mlpcli.experiments.repeat import seeds_done
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node
from mlpcli.problem.build import Prepared, prepare
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, MODEL, RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import FoldsDone, SeedsDone


@dataclass(frozen=True)
class Shown:
    """A run (or a model file alone: no history).

    model: None where the training broke off before there was one. stopped: why the training is over; ""
    where it is not, or nothing is known of it. epochs: done so far. seeds, folds: where there were any.
    """

    path: Path
    model: ModelFile | None
    history: list[dict[str, str]]
    stopped: str = ""
    epochs: int = 0
    seeds: SeedsDone | None = None
    folds: FoldsDone | None = None


def check(config: ConfigSource, overrides: str | Sequence[str] = ()) -> Prepared:
    """Do everything but the training: read config and data, and build the network.

    config, overrides: see train. Raises ConfigError, DataError.
    """
    return prepare(config, overrides)


def graph_outputs(prepared: Prepared, with_gradients: bool) -> dict[str, Node]:
    """The prediction and the cost; the gradient of every trained parameter if wanted, and what a step moves
    without one."""
    network = prepared.network
    outputs = {"prediction": network.prediction, "cost": network.cost}
    outputs |= {f"next {node.name}": value for node, value in network.moves.items()}
    if with_gradients:
        nodes = [p.node for p in network.trained]
        named = zip(nodes, gradients(network.cost, nodes), strict=True)
        outputs |= {f"gradient of {node.name}": gradient for node, gradient in named}
    return outputs


def show_run(path: str | Path) -> Shown:
    """Raises ModelFileError where there is no run and no model."""
    place = Path(path)
    if os.path.isdir(place):
        folder = RunFolder.find(place)
        beside = (seeds_done(folder), folds_of(folder))
        if not folder.has(CHECKPOINT):
            # Of a run that was killed at its very beginning, or among its seeds, or only copied in part.
            model = ModelFile.read(folder.model()) if not any(beside) or folder.has(MODEL) else None
            return Shown(place, model, folder.read_history(), "", 0, *beside)
        values = Checkpoint.read(place / CHECKPOINT).values
        model = ModelFile.read(folder.model()) if folder.has(MODEL) else None
        return Shown(place, model, folder.read_history(), values["stopped"], values["epoch"], *beside)
    return Shown(place, ModelFile.read(place), [])
