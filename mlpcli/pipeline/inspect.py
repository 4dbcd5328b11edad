"""`graph` and `show`: what a config or a run is made of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node
from mlpcli.pipeline.prepare import Prepared
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.model_file import ModelFile


@dataclass(frozen=True)
class Shown:
    """A run (or a model file alone: no history)."""

    path: Path
    model: ModelFile
    history: list[dict[str, str]]


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
        return Shown(place, ModelFile.read(folder.model()), folder.read_history())
    return Shown(place, ModelFile.read(place), [])
