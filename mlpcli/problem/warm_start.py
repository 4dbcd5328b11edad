"""`start_from`: initial weights from a run or a model file, by the names of layers and columns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.prepare import Preparation
from mlpcli.data.schema.column_schema import ColumnSchema
from mlpcli.errors import ModelFileError, SettingError
from mlpcli.nn.layer import Layer
from mlpcli.nn.network import Network
from mlpcli.problem.matching import Match, input_names, match, output_names, unit_places
from mlpcli.registry import choice_name
from mlpcli.runs.folder import RunFolder
from mlpcli.runs.model_file import ModelFile
from mlpcli.wording import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = "start_from"


@dataclass(frozen=True)
class Start:
    """Entries of a model's arrays that replace drawn initial weights.

    arrays: the entries, by the name of the array they go to. places: where they go in it, an index along each
    axis; whole arrays have none. notes: what was taken over and what was not, for people.
    """

    arrays: Mapping[str, NDArray[Any]]
    places: Mapping[str, tuple[NDArray[np.int64], ...]]
    notes: tuple[str, ...]

    def over(self, drawn: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return fresh arrays: the drawn ones with the entries of the model in them."""
        values = dict(drawn)
        for name, array in self.arrays.items():
            if name in self.places:
                values[name] = drawn[name].copy()
                values[name][np.ix_(*self.places[name])] = array
            else:
                values[name] = np.array(array, drawn[name].dtype, order="C")
        return values

    @property
    def contents(self) -> dict[str, NDArray[Any]]:
        """Everything in which two starts may differ, as arrays by name."""
        places = {f"{name}, axis {at}": p for name, each in self.places.items() for at, p in enumerate(each)}
        return {**self.arrays, **places}


def known_columns(path: str) -> dict[str, ColumnSchema]:
    """Return the meaning of the columns that a model was trained with, by name. Raises SettingError.

    path: of a run folder or a model file.
    """
    preparation = _read_model(path).preparation
    names = (*preparation.names, *preparation.target.names)
    return {name: preparation.schema.column(name) for name in names}


def _read_model(path: str) -> ModelFile:
    try:
        return ModelFile.read(RunFolder(Path(path)).model() if os.path.isdir(path) else Path(path))
    except ModelFileError as error:
        fault = error.faults[0]
        raise SettingError(KEY, f"{fault.where}: {fault.what}", fault.remedy) from error


def read_start(path: str, network: Network, preparation: Preparation) -> Start:
    """Read initial weights of a network from a run folder or a model file.

    path: of that run or file. preparation: of this data, whose columns and classes are matched by name.
    Layers are matched by name. A hidden layer that both networks have must have the same arrays in both; one
    that the model does not have is drawn. The weights of the first layer are taken row by row, by the names
    of the columns and levels. The output layer is taken unit by unit, by the names of the classes or targets,
    where all hidden layers are the model's, otherwise it is drawn. Raises SettingError for a file that is no
    model, and for a model that does not fit.
    """
    model = _read_model(path)
    there = {layer.name: layer for layer in model.graph().layers}
    hidden, output, its_output = network.layers[:-1], network.layers[-1], there["output"]
    inputs = match(input_names(preparation), input_names(model.preparation))
    units = match(
        output_names(preparation.target, output.units),
        output_names(model.preparation.target, its_output.units),
    )
    first = network.layers[0]
    taken = [layer for layer in hidden if layer.name in there]
    for layer in taken:
        if _shapes(layer, layer is first) != _shapes(there[layer.name], layer is first):
            raise _misfit(layer, there[layer.name], path)
    if len(hidden) == len(taken) == len(there) - 1 and units and _alike(output, its_output):
        taken.append(output)
    if not taken and len(hidden) != len(there) - 1:
        what = f"No layer is like one of {path}: {len(hidden)} hidden layers here, {len(there) - 1} there."
        raise SettingError(KEY, what, "Give this network the hidden layers of that one.")
    if not taken and units:
        raise _misfit(output, its_output, path)
    if not taken:
        raise _others("outputs", units, path)
    if first in taken and not inputs:
        raise _others("inputs", inputs, path)
    arrays, places = {}, {}
    for layer in taken:
        own = inputs if layer is first else None, units if layer is output else None
        for name, array, place in _entries(layer, there[layer.name], *own, model.parameters):
            arrays[name] = array
            if place:
                places[name] = place
    return Start(arrays, places, tuple(_notes(path, network, taken, there, inputs, units)))


def _shapes(layer: Layer, first: bool = False) -> dict[str, tuple[int | None, ...]]:
    """Map the names of a layer's arrays to their shapes; without its number of inputs if it is the first."""
    shapes = {p.node.name: p.node.shape for p in (*layer.parameters, *layer.running)}
    weights = f"{layer.name}.weights"
    return {**shapes, weights: (None, *shapes[weights][1:])} if first else shapes


def _alike(output: Layer, other: Layer) -> bool:
    """Tell whether two output layers have the same arrays but for the number of their units."""
    return _for_each_unit(output) == _for_each_unit(other)


def _for_each_unit(layer: Layer) -> dict[str, int]:
    """Map the names of a layer's arrays to the columns that each unit has of them; 0 where units share."""
    return {p.node.name: len(unit_places(p.node.shape[-1] or 0, layer.units)) for p in layer.parameters}


def _entries(
    layer: Layer,
    other: Layer,
    inputs: Match | None,
    units: Match | None,
    arrays: Mapping[str, NDArray[Any]],
) -> Iterator[tuple[str, NDArray[Any], tuple[NDArray[np.int64], ...]]]:
    """Yield the name of each array of a layer, the model's entries, and their places, () for the whole array.

    other: the model's layer; arrays: its arrays by name. inputs: matches weights along the first axis; units:
    matches all arrays along the last one; None: they are the same.
    """
    for p in (*layer.parameters, *layer.running):
        name, shape = p.node.name, tuple(int(size or 0) for size in p.node.shape)
        array = arrays[name]
        here = [np.arange(size) for size in shape]
        there = [np.arange(size) for size in array.shape]
        if inputs is not None and p.role == "weights":
            here[0], there[0] = inputs.here, inputs.there
        columns = unit_places(shape[-1], layer.units), unit_places(array.shape[-1], other.units)
        if units is not None and len(columns[0]):
            here[-1], there[-1] = columns[0][:, units.here].ravel(), columns[1][:, units.there].ravel()
        whole = shape == array.shape and all(map(np.array_equal, here, there))
        whole = whole and all(len(places) == size for places, size in zip(here, shape, strict=True))
        yield (name, array, ()) if whole else (name, array[np.ix_(*there)], tuple(here))


def _others(kind: str, found: Match, path: str) -> SettingError:
    """Return the fault of a model that shares no input, or no output, with the data. kind: which of them."""
    what = (
        f"The {kind} are others than those of {path}: {listed(found.new)} here, {listed(found.gone)} there."
    )
    names = "columns" if kind == "inputs" else "classes or targets"
    return SettingError(KEY, what, f"Name the {names} as that model does, or leave start_from out.")


def _misfit(layer: Layer, other: Layer, path: str) -> SettingError:
    """Return the fault of a layer whose arrays have other shapes in the model."""
    here, there = _shapes(layer), _shapes(other)
    weights = f"{layer.name}.weights"
    if here[weights] == there[weights]:
        differing = [n for n in {**here, **there} if here.get(n) != there.get(n)]
        parts = [f"{n} is {here.get(n, 'missing')} here, {there.get(n, 'missing')} there" for n in differing]
        what = "; ".join(parts)
    else:
        what = f"its weights are {here[weights]} here, {there[weights]} there"
    remedy = f"Give layer {layer.name} what it has there: {_described(other)}."
    return SettingError(KEY, f"Layer {layer.name} does not fit that of {path}: {what}.", remedy)


def _described(layer: Layer) -> str:
    """Return the settings of a layer as a config has them."""
    words = [f"units: {layer.units}", f"activation: {choice_name(layer.activation)}"]
    if layer.normalization is not None:
        words.append(f"normalisation: {choice_name(layer.normalization)}")
    return ", ".join(words)


def _notes(
    path: str, network: Network, taken: list[Layer], there: Mapping[str, Layer], inputs: Match, units: Match
) -> Iterator[str]:
    """Yield what was taken over from the model, what was drawn instead and why, and what is left unused."""
    names = listed(layer.name for layer in taken)
    yield f"{names}: first weights from {path}; inputs are scaled by this data, not by that model's"
    for layer in network.layers:
        other = there.get(layer.name)
        if layer in taken:
            continue
        if other is None:
            why = "that model has no such layer"
        elif layer.units != other.units:
            why = f"it has {layer.units} {'unit' if layer.units == 1 else 'units'} here, {other.units} there"
        elif not units:
            why = f"its outputs are others: {listed(units.new)} here, {listed(units.gone)} there"
        elif not _alike(layer, other):
            why = f"that model has others for it: {_described(other)}"
        else:
            why = "the layer before it is another one"
        yield f"{layer.name}: drawn anew, since {why}"
    left = [name for name in there if name not in {layer.name for layer in network.layers}]
    if left:
        yield f"{listed(left)} of that model: not used, this network has no such layer"
    for layer in taken:
        was, now = (choice_name(each.activation) for each in (there[layer.name], layer))
        if was != now:
            yield f"{layer.name}: trained as {was}, and {now} here"
    first, output = network.layers[0], network.layers[-1]
    for layer, found, kind in ((first, inputs, "inputs"), (output, units, "outputs")):
        if layer in taken and found.new:
            yield f"{layer.name}: drawn for {kind} that the model does not have: {listed(found.new)}"
        if layer in taken and found.gone:
            yield f"{layer.name}: {kind} of the model that are not here are left out: {listed(found.gone)}"
