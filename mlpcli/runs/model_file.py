"""The model file: everything a prediction needs, and nothing of the machine it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.config.bind import Choices
from mlpcli.config.recorded import settings_from
from mlpcli.config.schema import NetworkConfig
from mlpcli.config.setting import setting, yaml_name
from mlpcli.data.json_records import as_tagged, read_tagged
from mlpcli.data.prepare import Preparation
from mlpcli.data.weights import UNWEIGHTED, Weighting
from mlpcli.errors import Fault, MlpError, ModelFileError
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.initializers import INITIALIZERS
from mlpcli.nn.layer import Layer, Parameter
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Network, build_network, network_arrays
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.registry import choice_name
from mlpcli.runs.array_file import array_bytes, read_arrays, write_arrays
from mlpcli.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "mlp-model"
VERSION = 3
"""Version 1 had no seal (see runs/array_file.py) and no normalisation, version 2 no schema of the columns."""
_REMEDY = "Use another copy, or train again."


CHOICES: Choices = {
    "activation": ACTIVATIONS,
    "initialisation": INITIALIZERS,
    "normalisation": NORMALIZATIONS,
    "loss": LOSSES,
}


@dataclass(frozen=True)
class _Chosen:
    """The part of a header that describes the network beside its layers."""

    width: int = setting(at_least=1)
    loss: Any = setting(choice_of="loss")
    task: str = setting(one_of=("classification", "multilabel", "regression"))
    precision: str = setting(one_of=("float32", "float64"))


@dataclass(frozen=True)
class _Reading:
    """The part of a header that says how data files are read."""

    header: bool | int | None = setting(None, at_least=1, at_most=20)
    separator: str | None = setting(None)
    skip: int = setting(0, at_least=0)
    comment: str | None = setting(None)


READING_KEYS = tuple(field.name for field in dataclasses.fields(_Reading))
"""Keys of the data section that say how a file is read, and so concern files to predict, too."""


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """The content of a model file.

    width: columns of the input matrix. reading: the keys of the config that say how files are read, as data
    files to predict are read like those for training. parameters: running averages too. config: the YAML text
    it was trained from. summary: epochs, cost and so on. weighting: how rows were weighted, to score others
    alike; files of earlier versions have none.
    """

    task: str
    precision: str
    network: NetworkConfig
    head: Head
    width: int
    preparation: Preparation
    reading: Mapping[str, Any]
    parameters: Mapping[str, NDArray[Any]]
    config: str
    summary: Mapping[str, Any]
    weighting: Weighting = UNWEIGHTED

    def write(self, path: Path) -> None:
        """Write the file atomically. Raises OutputError."""
        write_arrays(path, self._header(), self.parameters)

    def to_bytes(self) -> bytes:
        """Return the bytes that write() puts into a file."""
        return array_bytes(self._header(), self.parameters)

    def _header(self) -> dict[str, Any]:
        return {
            "format": KIND,
            "format_version": VERSION,
            "mlp_version": __version__,
            "task": self.task,
            "precision": self.precision,
            "network": {
                "width": self.width,
                "hidden": [_described(layer) for layer in self.graph().layers[:-1]],
                "output": _described(self.graph().layers[-1]),
                "loss": choice_record(self.head.loss),
            },
            "reading": dict(self.reading),
            "preparation": self.preparation.to_json(),
            "summary": dict(self.summary),
            "config": self.config,
            **({"weighting": as_tagged(self.weighting)} if self.weighting else {}),
        }

    @classmethod
    def read(cls, path: Path, data: bytes | None = None) -> ModelFile:
        """Read a model. Raises ModelFileError where it is missing, damaged, foreign or newer than this mlp.

        data: what to_bytes() gave; nothing is then read from `path`, which is a name for messages.
        """
        header, arrays = read_arrays(path, KIND, VERSION, data=data)
        try:
            model = cls._described_by(header, arrays)
            model._check()
            model.graph()
        except MlpError as error:
            why = "; ".join(f"{fault.key or fault.where}: {fault.what}" for fault in error.faults[:3])
            raise _unusable(path, why) from error
        except ValueError as error:
            raise _unusable(path, f"{error}.") from error
        except (KeyError, TypeError, OverflowError, AttributeError, RecursionError) as error:
            why = f"its header does not describe a model ({type(error).__name__}: {error})."
            raise _unusable(path, why) from error
        return model

    @classmethod
    def _described_by(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ModelFile:
        """Return the model with each part under the limits of a config.

        Raises ConfigError, ModelFileError, ValueError, and what Python raises for plain data of another form.
        """
        described, reading = header["network"], header["reading"]
        hidden, output = described["hidden"], described["output"]
        if len(hidden) > len(arrays):  # before each of them is looked at
            raise ValueError(f"it has {len(hidden)} hidden layers and {len(arrays)} arrays")
        network = settings_from(NetworkConfig, {"hidden": hidden, "output": output}, CHOICES, "network")
        rest = {"width": described["width"], "loss": described["loss"]}
        rest |= {"task": header["task"], "precision": header["precision"]}
        chosen = settings_from(_Chosen, rest, CHOICES, "network")
        units, last, loss = network.output.units, network.output.activation, chosen.loss
        if units is None or None in (loss, last, *(layer.activation for layer in network.hidden)):
            raise ValueError("units, activation or loss are missing in its header")
        assert isinstance(last, Activation)
        weighting = UNWEIGHTED
        if "weighting" in header:
            weighting = read_tagged((Weighting,), header["weighting"], "weighting")
        own = {key: reading[key] for key in READING_KEYS if key in reading}
        return cls(
            task=chosen.task,
            precision=chosen.precision,
            network=network,
            head=Head(units, last, loss, choice_name(loss)),
            width=chosen.width,
            preparation=Preparation.from_json(header["preparation"]),
            reading=dataclasses.asdict(settings_from(_Reading, own, {}, "reading")),
            parameters=arrays,
            config=str(header["config"]),
            summary=dict(header["summary"]),
            weighting=weighting,
        )

    def _check(self) -> None:
        """Raise ValueError where the parts do not fit each other, or numbers are not finite.

        The arrays come first: they are in the file, so no graph is built that is larger than it.
        """
        described = list(self._arrays())
        roles = {p.node.name: p.role for p in described}
        expected = {p.node.name: f"{self.precision} {p.node.shape}" for p in described}
        found = {name: f"{array.dtype} {array.shape}" for name, array in self.parameters.items()}
        for name in {**expected, **found}:
            there, right = found.get(name, "missing"), expected.get(name, "unknown")
            if there != right:
                raise ValueError(
                    f"its arrays are not those of its network: {name[:60]} is {there}, not {right}"
                )
        for name, array in self.parameters.items():
            strange = array.size - np.count_nonzero(np.isfinite(array))
            if strange:
                raise ValueError(f"{strange} of {array.size} numbers of {name} are not finite")
            if roles[name] == "running_variance" and array.min() < 0:
                raise ValueError(f"{name} has a variance below 0")
        outputs = self.preparation.outputs
        one_for_two = self.task == "classification" and (self.head.units, outputs) == (1, 2)
        fits = self.head.units == outputs or one_for_two
        if not fits or (self.preparation.width, self.preparation.target.task) != (self.width, self.task):
            raise ValueError("columns and network differ")
        if len(self.weighting.classes) not in (0, outputs):
            raise ValueError("weights and classes differ")
        if self.weighting.column in (*self.preparation.names, *self.preparation.target.names):
            raise ValueError("the column of weights is an input or a target, too")

    def _arrays(self) -> Iterator[Parameter]:
        """Yield all arrays of the network in the order of the file, without building its graph."""
        layers = network_arrays(self.network, self.head, self.width, self.precision)
        yield from (p for layer in layers for p in layer.parameters)
        yield from (p for layer in layers for p in layer.running)

    def graph(self, precision: str | None = None) -> Network:
        """Build the network, without penalty. precision: of its arrays; None: as trained."""
        return build_network(self.network, self.head, self.width, precision or self.precision)


def _unusable(path: Path, why: str) -> ModelFileError:
    return ModelFileError(Fault(str(path), f"The file cannot be used: {why}", _REMEDY))


def _described(layer: Layer) -> dict[str, Any]:
    """Return a layer as plain data. Defaults are left out: early versions could not say anything else."""
    plain: dict[str, Any] = {"units": layer.units, "activation": choice_record(layer.activation)}
    if layer.normalization is not None:
        plain["normalisation"] = choice_record(layer.normalization)
    if layer.dropout:
        plain["dropout"] = layer.dropout
    if not layer.trainable:
        plain["trainable"] = False
    return plain


def choice_record(chosen: Any) -> dict[str, Any]:
    """Return a choice as plain data: its table name, and its settings under the keys of a config."""
    settings = dataclasses.asdict(chosen)
    return {"name": choice_name(chosen)} | {
        yaml_name(each): settings[each.name] for each in dataclasses.fields(chosen)
    }
