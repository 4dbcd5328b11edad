"""`gradcheck`: is the gradient right, and does it arrive? On the user's own config and rows, in float64."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.gradient_check import ParameterCheck, check_gradients
from mlpcli.diagnose.layer_health import LayerHealth, layer_health
from mlpcli.errors import Fault, ModelFileError
from mlpcli.execute import EXECUTORS
from mlpcli.execute.rows import EpochRunner
from mlpcli.optim.step import training_step
from mlpcli.pipeline.prepare import Prepared, prepare, random_stream
from mlpcli.runs.folder import CONFIG, RunFolder
from mlpcli.runs.model_file import ModelFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 64
"""Rows of the gradient check: two runs per entry, so few; layer health looks at MOST_HEALTH_ROWS."""
MOST_HEALTH_ROWS = 1024


@dataclass(frozen=True)
class GradientReport:
    """Both answers. weights: "initial" or "trained".

    delayed: layers that no gradient reaches now, but does after one step: those before weights that are 0.
    """

    weights: str
    rows: int
    cost: float
    checks: tuple[ParameterCheck, ...]
    layers: tuple[LayerHealth, ...]
    delayed: tuple[str, ...]

    @property
    def cut_off(self) -> tuple[LayerHealth, ...]:
        """Layers that no gradient reaches, now and after one step."""
        return tuple(layer for layer in self.layers if layer.cut_off and layer.name not in self.delayed)

    @property
    def healthy(self) -> bool:
        """The gradient is right, and reaches every layer."""
        return all(check.right for check in self.checks) and not self.cut_off and not self.unjudged

    @property
    def unjudged(self) -> tuple[ParameterCheck, ...]:
        """Parameters of which no entry could be judged, since rounding of the cost hides the differences."""
        return tuple(c for c in self.checks if not c.checked and c.lost_in_rounding)

    def as_json(self) -> dict[str, Any]:
        """Plain data, with every number that is printed."""
        return {
            "weights": self.weights,
            "rows": self.rows,
            "cost": self.cost,
            "healthy": self.healthy,
            "gradient": [
                {
                    **asdict(check),
                    "worst": check.worst
                    and {**asdict(check.worst), "relative_error": check.worst.relative_error},
                }
                for check in self.checks
            ],
            "layers": [asdict(layer) for layer in self.layers],
            "delayed": list(self.delayed),
        }


def gradcheck(path: str | Path, overrides: Sequence[str] = ()) -> GradientReport:
    """path: a config file (its initial weights are checked) or a run folder (its trained ones).

    Raises ConfigError, DataError, ModelFileError.
    """
    place = Path(path)
    is_run = os.path.isdir(place)
    config = RunFolder.find(place).path / CONFIG if is_run else place
    prepared = prepare(config, overrides, precision="float64")
    state = prepared.initial_values()
    if is_run:
        _take_weights(RunFolder.find(place).model(), state)
    rows = prepared.rows(prepared.dataset.training)
    count = len(rows["inputs"])
    rng = random_stream(prepared.config.seed, "shuffle")
    chosen = np.sort(rng.permutation(count)[:MOST_HEALTH_ROWS])
    few = np.sort(rng.permutation(chosen)[:MOST_ROWS])
    executor = EXECUTORS["numpy"]()
    checks = check_gradients(
        prepared.network.cost,
        [p.node for p in prepared.network.parameters],
        state,
        {name: array[few] for name, array in rows.items()},
        executor,
        rng,
    )
    some = {name: array[chosen] for name, array in rows.items()}
    layers, cost = layer_health(prepared.network, state, some, executor)
    delayed: tuple[str, ...] = ()
    if any(layer.cut_off for layer in layers):
        later, _ = layer_health(prepared.network, _after_one_step(prepared, state, some), some, executor)
        delayed = tuple(old.name for old, new in zip(layers, later, strict=True) if old.cut_off > new.cut_off)
    weights = "trained" if is_run else "initial"
    return GradientReport(weights, len(chosen), cost, tuple(checks), tuple(layers), delayed)


def _after_one_step(
    prepared: Prepared, state: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """The weights after one step of the config's optimiser on these rows."""
    step = training_step(prepared.network, prepared.optimizer)
    moved = {name: array.copy() for name, array in state.items()} | step.optimizer_state()
    count = len(rows["inputs"])
    EpochRunner(EXECUTORS["numpy"](), {"cost": step.cost}, step.updates, moved, rows, count).run(
        np.arange(count), lambda: True
    )
    return moved


def _take_weights(path: Path, state: dict[str, NDArray[Any]]) -> None:
    """Copy those of a model file. Raises ModelFileError where they are of another network."""
    weights = ModelFile.read(path).parameters
    for name in {**state, **weights}:
        there, here = (arrays[name].shape if name in arrays else "missing" for arrays in (weights, state))
        if there != here:
            what = f"Its weights are of another network: {name} is {there} there, by config and --set {here}."
            remedy = "Leave network and columns as they were in training, or check the config by itself."
            raise ModelFileError(Fault(str(path), what, remedy))
        state[name][...] = weights[name]
