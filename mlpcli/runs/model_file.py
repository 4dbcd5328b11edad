"""The model file: everything a prediction needs, and nothing of the machine it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlpcli
from mlpcli.config.schema import HiddenConfig, NetworkConfig, OutputConfig
from mlpcli.data.prepare import Preparation
from mlpcli.discover import choice_name
from mlpcli.errors import Fault, MlpError, ModelFileError
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Network, build_network
from mlpcli.runs.array_file import read_arrays, write_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "mlp-model"
VERSION = 2
"""1 was without the seal of runs/array_file.py."""
_REMEDY = "Use another copy, or train again."


@dataclass(frozen=True)
class ModelFile:
    """What is in a model file. config: the YAML text it was trained from; summary: epochs, cost and so on."""

    task: str
    precision: str
    network: NetworkConfig
    head: Head
    width: int
    preparation: Preparation
    reading: Mapping[str, Any]
    """The config's header and separator: data files to predict are read as those for training were."""
    parameters: Mapping[str, NDArray[Any]]
    config: str
    summary: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Atomically."""
        header = {
            "format": KIND,
            "format_version": VERSION,
            "mlp_version": mlpcli.__version__,
            "task": self.task,
            "precision": self.precision,
            "network": {
                "width": self.width,
                "hidden": [
                    {"units": h.units, "activation": _choice(h.activation)} for h in self.graph().layers[:-1]
                ],
                "output": {"units": self.head.units, "activation": _choice(self.head.activation)},
                "loss": _choice(self.head.loss),
            },
            "reading": dict(self.reading),
            "preparation": self.preparation.to_json(),
            "summary": dict(self.summary),
            "config": self.config,
        }
        write_arrays(path, header, self.parameters)

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Raises ModelFileError where the file is missing, damaged, foreign or newer than this mlp."""
        header, arrays = read_arrays(path, KIND, VERSION)
        try:
            described = header["network"]
            hidden = tuple(
                HiddenConfig(units=int(h["units"]), activation=_chosen(ACTIVATIONS, h["activation"]))
                for h in described["hidden"]
            )
            output = OutputConfig(
                units=int(described["output"]["units"]),
                activation=_chosen(ACTIVATIONS, described["output"]["activation"]),
            )
            loss = _chosen(LOSSES, described["loss"])
            head = Head(int(described["output"]["units"]), output.activation, loss, described["loss"]["name"])
            model = cls(
                header["task"],
                header["precision"],
                NetworkConfig(hidden, output),
                head,
                int(described["width"]),
                Preparation.from_json(header["preparation"]),
                {"header": header["reading"]["header"], "separator": header["reading"]["separator"]},
                arrays,
                str(header["config"]),
                dict(header["summary"]),
            )
            model._check()
            expected = {p.node.name: p.node.shape for p in model.graph().parameters}
        except (KeyError, TypeError, ValueError, AttributeError, MlpError) as error:
            why = f"its header does not describe a model ({type(error).__name__}: {error})"
            raise ModelFileError(Fault(str(path), f"The file cannot be used: {why}.", _REMEDY)) from error
        found = {name: array.shape for name, array in arrays.items()}
        if found != expected or any(str(a.dtype) != model.precision for a in arrays.values()):
            what = "Its arrays are not those of the network it describes."
            raise ModelFileError(Fault(str(path), what, _REMEDY))
        return model

    def _check(self) -> None:
        """Raises ValueError where the parts do not fit each other."""
        outputs = self.preparation.outputs
        one_for_two = self.task == "classification" and (self.head.units, outputs) == (1, 2)
        fits = self.head.units == outputs or one_for_two
        if not fits or (self.preparation.width, self.preparation.target.task) != (self.width, self.task):
            raise ValueError("columns and network differ")
        header, separator = self.reading["header"], self.reading["separator"]
        if not isinstance(header, bool | None) or not isinstance(separator, str | None):
            raise ValueError("header or separator is of no use")

    def graph(self, precision: str | None = None) -> Network:
        """The network, without penalty."""
        return build_network(self.network, self.head, self.width, precision or self.precision)


def _choice(chosen: Any) -> dict[str, Any]:
    """A choice as its table name and its settings."""
    return {"name": choice_name(chosen), **dataclasses.asdict(chosen)}


def _chosen(table: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    settings = {key: value for key, value in described.items() if key != "name"}
    return table[described["name"]](**settings)
