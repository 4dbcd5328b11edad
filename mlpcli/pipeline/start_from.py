"""`start_from`: the first weights are those of a run or a model file, layer by layer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.prepare import Preparation
from mlpcli.discover import choice_name
from mlpcli.errors import ModelFileError, SettingError
from mlpcli.nn.layer import Layer
from mlpcli.nn.network import Network
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.wording import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = "start_from"


@dataclass(frozen=True)
class Start:
    """Arrays by name that take the place of drawn ones, and what is to be said of it."""

    arrays: Mapping[str, NDArray[Any]]
    notes: tuple[str, ...]

    def values(self, network: Network) -> dict[str, NDArray[Any]]:
        """Fresh arrays in the network's precision."""
        dtype = network.inputs.dtype
        return {name: np.array(array, dtype, order="C") for name, array in self.arrays.items()}


def read_start(path: str, network: Network, preparation: Preparation) -> Start:
    """path: of a run folder or a model file.

    Layers are matched by name. A hidden layer that both networks have must have the same arrays in both, or
    it is a SettingError; one that the model does not have is drawn. The output layer is taken where all
    hidden layers are the model's and its arrays have the same shapes, otherwise it is drawn.
    """
    try:
        model = ModelFile.read(RunFolder(Path(path)).model() if os.path.isdir(path) else Path(path))
    except ModelFileError as error:
        first = error.faults[0]
        raise SettingError(KEY, f"{first.where}: {first.what}", first.remedy) from error
    there = {layer.name: layer for layer in model.graph().layers}
    hidden = network.layers[:-1]
    known = [layer for layer in hidden if layer.name in there]
    for layer in known:
        if _shapes(layer) != _shapes(there[layer.name]):
            raise _misfit(layer, there[layer.name], path, network, model)
    taken = list(known)
    output, its_output = network.layers[-1], there["output"]
    if len(hidden) == len(known) == len(there) - 1 and _shapes(output) == _shapes(its_output):
        taken.append(output)
    if not taken:
        if not hidden and len(there) == 1 and output.units == its_output.units:
            raise _misfit(output, its_output, path, network, model)
        what = f"No layer is like one of {path}: {len(hidden)} hidden layers here, {len(there) - 1} there."
        raise SettingError(KEY, what, "Give this network the hidden layers of that one.")
    names = {name for layer in taken for name in _shapes(layer)}
    arrays = {name: array for name, array in model.parameters.items() if name in names}
    return Start(arrays, tuple(_notes(path, network, taken, there, preparation, model)))


def _shapes(layer: Layer) -> dict[str, tuple[int | None, ...]]:
    return {p.node.name: p.node.shape for p in (*layer.parameters, *layer.running)}


def _misfit(layer: Layer, other: Layer, path: str, network: Network, model: ModelFile) -> SettingError:
    here, there = _shapes(layer), _shapes(other)
    weights = f"{layer.name}.weights"
    remedy = f"Give layer {layer.name} what it has there: {_described(other)}."
    if here[weights] == there[weights]:
        differing = [n for n in {**here, **there} if here.get(n) != there.get(n)]
        parts = [f"{n} is {here.get(n, 'missing')} here, {there.get(n, 'missing')} there" for n in differing]
        what = "; ".join(parts)
    else:
        what = f"its weights are {here[weights]} here, {there[weights]} there"
        if here[weights][0] != there[weights][0] and layer.name in ("hidden1", "output"):
            width = network.inputs.shape[1]
            what += f", since the columns of this data make {width} inputs, those of the model {model.width}"
            remedy = "Give it the columns that the model was trained with (data.ignore leaves columns out)."
    return SettingError(KEY, f"Layer {layer.name} does not fit that of {path}: {what}.", remedy)


def _described(layer: Layer) -> str:
    words = [f"units: {layer.units}", f"activation: {choice_name(layer.activation)}"]
    if layer.normalization is not None:
        words.append(f"normalisation: {choice_name(layer.normalization)}")
    return ", ".join(words)


def _notes(
    path: str,
    network: Network,
    taken: list[Layer],
    there: Mapping[str, Layer],
    preparation: Preparation,
    model: ModelFile,
) -> list[str]:
    names = listed(layer.name for layer in taken)
    said = [f"{names}: first weights from {path}; inputs are scaled by this data, not by that model's"]
    for layer in network.layers:
        if layer in taken:
            continue
        other = there.get(layer.name)
        if other is None:
            why = "that model has no such layer"
        elif layer.units == other.units:
            why = "the layer before it is another one"
        else:
            why = f"it has {layer.units} {'unit' if layer.units == 1 else 'units'} here, {other.units} there"
        said.append(f"{layer.name}: drawn anew, since {why}")
    left = [name for name in there if name not in {layer.name for layer in network.layers}]
    if left:
        said.append(f"{listed(left)} of that model: not used, this network has no such layer")
    for layer in taken:
        was, now = (choice_name(each.activation) for each in (there[layer.name], layer))
        if was != now:
            said.append(f"{layer.name}: trained as {was}, and {now} here")
    old, new = (_columns(each) for each in (model.preparation, preparation))
    if old != new:
        said.append("the inputs are other columns than those of that model")
    return said


def _columns(preparation: Preparation) -> list[str]:
    return [name for column in preparation.columns for name in column.names]
