"""The same case with another network: wider, or with another penalty. What a remedy would make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.config.schema import HiddenConfig, NetworkConfig
from mlpcli.diagnose.case import Case
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.network import Penalty, build_network, initial_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE = 16
"""Units that a widened layer has at least."""
TIMES = 4
"""By how much a layer is widened."""


def weighted(case: Case, weights: NDArray[Any]) -> Case:
    """Every row counted by a weight, (rows,), times the one it has; their mean is made 1."""
    weights = weights * case.rows["weights"] if "weights" in case.rows else weights
    rows = {**case.rows, "weights": weights / weights.mean()}
    return _with(replace(case, rows=rows), case.config.network, _penalty(case, 1.0))


def widened(case: Case) -> Case:
    """Every hidden layer four times as wide, at least 16 units; without one, a tanh layer of 16."""
    config = case.config.network
    hidden = tuple(replace(layer, units=max(WIDE, TIMES * layer.units)) for layer in config.hidden)
    if not hidden:
        hidden = (HiddenConfig(units=WIDE, activation=ACTIVATIONS["tanh"]()),)
    return _with(case, replace(config, hidden=hidden), _penalty(case, 1.0))


def with_penalty(case: Case, factor: float) -> Case:
    """l1 and l2 times a factor."""
    return _with(case, case.config.network, _penalty(case, factor))


def _penalty(case: Case, factor: float) -> Penalty:
    own = case.optimizer
    return Penalty(own.l1 * factor, own.l2 * factor, own.penalise_biases)


def _with(case: Case, config: NetworkConfig, penalty: Penalty) -> Case:
    width = case.dataset.preparation.width
    dtype, weighted = case.network.inputs.dtype, "weights" in case.rows
    network = build_network(config, case.head, width, dtype, penalty, weighted)

    def draw(number: int) -> dict[str, NDArray[Any]]:
        if network.size == case.network.size:
            return case.draw(number)
        return initial_values(network, case.shuffle(number))

    return replace(case, network=network, draw=draw)
