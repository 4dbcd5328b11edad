"""Readings of the weights while a network is trained, which take little of its time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.trials.baseline import baseline_loss, mean_loss, minimum_loss
from mlpcli.execute.evaluate import evaluate
from mlpcli.execute.numpy.executor import NumpyExecutor
from mlpcli.execute.rows import Rows
from mlpcli.graph.node import Node
from mlpcli.problem.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.diagnose.layers.health import LayerHealth

SAMPLE = 128
"""Rows on which units are looked at in every reading."""
CONFIRMED_ON = 1024
"""Rows on which layers with many flat units are looked at once more."""
MANY = 0.5
"""Share of a layer's units that must be flat for a second look at it."""


class WeightProbe:
    """Reader of the weights in `state`, which training changes; it changes nothing itself.

    fresh: whether there was a reading at this report epoch. As of the last reading: change: ‖ΔW‖ / ‖W‖ of all
    parameters since the reading before, relative to the larger of both; constant: for each layer, the number
    of units with one output for the whole sample.
    """

    def __init__(self, problem: Problem, state: Mapping[str, NDArray[Any]]) -> None:
        self._problem, self._state = problem, state
        self._before = {p.node.name: state[p.node.name].copy() for p in problem.network.trained}
        self.fresh = False
        self.change = 0.0
        self.constant: list[int] = []

    def read(self) -> None:
        """Read the current weights: how far they have moved, and how many units of each layer are flat."""
        with np.errstate(all="ignore"):
            self.change = self._changed()
        rows, nodes = self._sample
        found = evaluate(nodes, {**self._state, "inputs": rows}, len(rows))
        self.constant = [
            _constant_units(found[f"{at} before"], found[f"{at} after"], layer.units)
            if layer.activation.elementwise or at < len(self._problem.network.layers) - 1
            else 0  # of a softmax no unit is flat by itself
            for at, layer in enumerate(self._problem.network.layers)
        ]
        self.fresh = True

    @cached_property
    def baseline(self) -> float:
        """The loss of the best constant prediction."""
        return baseline_loss(self._problem)

    @cached_property
    def minimum_loss(self) -> float:
        """The loss of a perfect prediction."""
        return minimum_loss(self._problem)

    def loss(self) -> tuple[float, float]:
        """Return the loss of the current weights, without dropout and penalty, and that of the best constant.

        Both are of up to CONFIRMED_ON training rows.
        """
        rows = self._rows
        values = {**self._state, **rows}
        losses = evaluate({"loss": self._problem.network.row_loss}, values, len(rows["inputs"]))["loss"]
        return mean_loss(losses, rows), baseline_loss(self._problem, rows)

    @property
    def suspects(self) -> list[int]:
        """The layers with many constant units, from the output back; none where the reading is an old one."""
        layers = self._problem.network.layers
        numbers = [at for at, flat in enumerate(self.constant) if flat and flat >= MANY * layers[at].units]
        return numbers[::-1] if self.fresh else []

    def health(self) -> list[LayerHealth]:
        """Measure everything about every layer, on more rows; this takes its time."""
        # Imported here: a healthy training has no need of it.
        from mlpcli.diagnose.layers.health import layer_health

        return layer_health(self._problem.network, self._state, self._rows, NumpyExecutor())[0]

    @property
    def _rows(self) -> Rows:
        return {
            name: array[_spread(len(array), CONFIRMED_ON)]
            for name, array in self._problem.training_rows.items()
        }

    @cached_property
    def _sample(self) -> tuple[NDArray[Any], dict[str, Node]]:
        """Some rows, and the nodes before and after the activation of every layer."""
        nodes: dict[str, Node] = {}
        for at, layer in enumerate(self._problem.network.inspection.layers):
            nodes |= {f"{at} before": layer.pre_activation, f"{at} after": layer.output}
        inputs = self._problem.training_rows["inputs"]
        return inputs[_spread(len(inputs), SAMPLE)], nodes

    def _changed(self) -> float:
        changed = size = 0.0
        for name, before in self._before.items():
            now = self._state[name]
            size += max(_squares(before), _squares(now))
            np.subtract(now, before, before)
            changed += _squares(before)
            before[...] = now
        return math.sqrt(changed / size) if size else 0.0


def _squares(array: NDArray[Any]) -> float:
    return float(np.vdot(array, array))


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """Choose up to `most` of so many rows, evenly: of sorted rows some of every kind."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)


def _constant_units(before: NDArray[Any], after: NDArray[Any], units: int) -> int:
    """Count the units with the same output on all rows although what they get differs."""
    differ = (before != before[0]).any(axis=0).reshape(-1, units).any(axis=0)
    return int(np.sum(differ & (after == after[0]).all(axis=0)))
