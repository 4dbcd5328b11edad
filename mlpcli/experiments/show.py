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
from mlpcli.problem.build import prepare
from mlpcli.problem.problem import Problem
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.runs.folder import CHECKPOINT, HISTORY, MODEL, RunFolder, place_of
from mlpcli.runs.model_file import ModelFile
from mlpcli.training.events import FoldsDone, SeedsDone


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The content of a run folder, or of a model file alone, which has no history.

    model: None where the training was interrupted before there was one. stopped: why the training is over; ""
    where it is not, or nothing is known of it. epochs: done so far. seeds, folds: where there were any.
    """

    path: Path
    model: ModelFile | None
    history: list[dict[str, str]]
    stopped: str = ""
    epochs: int = 0
    seeds: SeedsDone | None = None
    folds: FoldsDone | None = None


def check(config: ConfigSource, overrides: str | Sequence[str] = ()) -> Problem:
    """Read config and data and build the network, as a training would, and stop there.

    config, overrides: see train. Raises ConfigError, DataError.
    """
    return prepare(config, overrides)


def graph_outputs(prepared: Problem, with_gradients: bool) -> dict[str, Node]:
    """Return the prediction, the cost and the updates of buffers, by name.

    with_gradients: whether to add the gradient of the cost with respect to every trained parameter.
    """
    network = prepared.network
    outputs = {"prediction": network.prediction, "cost": network.cost}
    outputs |= {f"next {node.name}": value for node, value in network.buffer_updates.items()}
    if with_gradients:
        nodes = [p.node for p in network.trained]
        named = zip(nodes, gradients(network.cost, nodes), strict=True)
        outputs |= {f"gradient of {node.name}": gradient for node, gradient in named}
    return outputs


def show_run(path: str | Path) -> Shown:
    """Read a run folder or a model file. Raises ModelFileError where the path is neither, or damaged."""
    place = place_of(path)
    if not os.path.isdir(place):
        return Shown(path=place, model=ModelFile.read(place), history=[])
    folder = RunFolder.find(place)
    seeds, folds, history = seeds_done(folder), folds_of(folder), list(folder.table(HISTORY).rows())
    if not folder.has(CHECKPOINT):
        # The run was killed at its very beginning or among its seeds, or copied in part.
        only_model = seeds is None and folds is None
        model = ModelFile.read(folder.model()) if only_model or folder.has(MODEL) else None
        return Shown(path=place, model=model, history=history, seeds=seeds, folds=folds)
    values = Checkpoint.read(place / CHECKPOINT).values
    return Shown(
        path=place,
        model=ModelFile.read(folder.model()) if folder.has(MODEL) else None,
        history=history,
        stopped=values["stopped"],
        epochs=values["epoch"],
        seeds=seeds,
        folds=folds,
    )
