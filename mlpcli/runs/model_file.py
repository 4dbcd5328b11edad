"""The model file: everything a prediction needs, and nothing of the machine it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlpcli
from mlpcli.config.schema import HiddenConfig, NetworkConfig, OutputConfig
from mlpcli.data.plain import from_plain, to_plain
from mlpcli.data.prepare import Preparation
from mlpcli.data.weights import UNWEIGHTED, Weighting
from mlpcli.discover import choice_name
from mlpcli.errors import Fault, MlpError, ModelFileError
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.layer import Layer
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Head, Network, build_network
from mlpcli.nn.normalization import Normalization
from mlpcli.nn.normalizations import NORMALIZATIONS
from mlpcli.runs.array_file import read_arrays, write_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "mlp-model"
VERSION = 2
"""1 was without the seal of runs/array_file.py, and knew no normalisation."""
_REMEDY = "Use another copy, or train again."


@dataclass(frozen=True)
class ModelFile:
    """What is in a model file.

    parameters: running averages too. config: the YAML text it was trained from; summary: epochs, cost and so
    on.
    """

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
    weighting: Weighting = UNWEIGHTED
    """How rows were weighted, to score others alike; files of earlier versions have none."""

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
                "hidden": [_described(layer) for layer in self.graph().layers[:-1]],
                "output": _described(self.graph().layers[-1]),
                "loss": _choice(self.head.loss),
            },
            "reading": dict(self.reading),
            "preparation": self.preparation.to_json(),
            "summary": dict(self.summary),
            "config": self.config,
            **({"weighting": to_plain(self.weighting)} if self.weighting else {}),
        }
        write_arrays(path, header, self.parameters)

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Raises ModelFileError where the file is missing, damaged, foreign or newer than this mlp."""
        header, arrays = read_arrays(path, KIND, VERSION)
        try:
            described = header["network"]
            hidden = tuple(
                HiddenConfig(
                    units=int(h["units"]),
                    activation=_chosen(ACTIVATIONS, h["activation"]),
                    normalization=_normalization(h.get("normalisation")),
                    dropout=_share(h.get("dropout", 0.0)),
                    trainable=h.get("trainable", True) is True,
                )
                for h in described["hidden"]
            )
            output = OutputConfig(
                units=int(described["output"]["units"]),
                activation=_chosen(ACTIVATIONS, described["output"]["activation"]),
                trainable=described["output"].get("trainable", True) is True,
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
                from_plain((Weighting,), header["weighting"], "weighting")
                if "weighting" in header
                else UNWEIGHTED,
            )
            model._check()
            expected = {p.node.name: p.node.shape for p in model.graph().arrays}
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, MlpError) as error:
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
        if len(self.weighting.classes) not in (0, outputs):
            raise ValueError("weights and classes differ")
        numbers = sum(array.size for array in self.parameters.values())
        if max(self.head.units, *(layer.units for layer in self.network.hidden), 0) > numbers:
            raise ValueError("it has more units than numbers")  # else the graph may take memory for them
        header, separator = self.reading["header"], self.reading["separator"]
        if not isinstance(header, bool | None) or not isinstance(separator, str | None):
            raise ValueError("header or separator is of no use")

    def graph(self, precision: str | None = None) -> Network:
        """The network, without penalty."""
        return build_network(self.network, self.head, self.width, precision or self.precision)


def _described(layer: Layer) -> dict[str, Any]:
    """What is usual is left out, as it was before it could be otherwise."""
    plain: dict[str, Any] = {"units": layer.units, "activation": _choice(layer.activation)}
    if layer.normalization is not None:
        plain["normalisation"] = _choice(layer.normalization)
    if layer.dropout:
        plain["dropout"] = layer.dropout
    if not layer.trainable:
        plain["trainable"] = False
    return plain


def _normalization(described: Mapping[str, Any] | None) -> Normalization | None:
    """Raises ValueError where a setting is no number in its range: predictions would be no numbers either."""
    if described is None:
        return None
    made: Normalization = _chosen(NORMALIZATIONS, described)
    settings = dataclasses.asdict(made)
    if not all(isinstance(value, float) and 0.0 <= value < 1e300 for value in settings.values()):
        raise ValueError("a normalisation has a setting out of range")
    return made


def _share(rate: Any) -> float:
    """Raises ValueError where it is none."""
    if not isinstance(rate, float) or not 0.0 <= rate < 1.0:
        raise ValueError("a dropout is no share")
    return rate


def _choice(chosen: Any) -> dict[str, Any]:
    """A choice as its table name and its settings."""
    return {"name": choice_name(chosen), **dataclasses.asdict(chosen)}


def _chosen(table: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    settings = {key: value for key, value in described.items() if key != "name"}
    return table[described["name"]](**settings)
