"""The gradient in the precision that a config trains in, beside the one in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.execute.evaluate import evaluate
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node
from mlpcli.nn.network import Network

if TYPE_CHECKING:
    from numpy.typing import NDArray


COST = "the cost"
"""Name of the cost among the gradients, as messages call it."""


@dataclass(frozen=True)
class PrecisionCheck:
    """The comparison of a network's gradient in float64 with the one in another precision.

    largest: the largest |difference| / |gradient| of any parameter, in Euclidean norms; worst: the name of
    that parameter, "" where nothing differs. not_finite: "the cost", and parameters, where it or the gradient
    by them is finite in float64 but not in that precision.
    """

    precision: str
    largest: float
    worst: str
    not_finite: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """A description of how the gradient fares in that precision."""
        if self.not_finite:
            names = ", ".join(self.not_finite)
            where = f"in {self.precision}, which the config trains in, not finite, while in float64 they are"
            return f"{where}: {names}; precision: float64 has the range"
        how = f"off by {self.largest:.1e} of its size at most, by {self.worst}" if self.worst else "the same"
        return f"in {self.precision}, which the config trains in: {how}"

    def as_json(self) -> dict[str, Any]:
        """Return every field by name, and the sentence, as plain data."""
        return {**asdict(self), "sentence": self.sentence}


def check_precision(
    network: Network, same: Network, state: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> PrecisionCheck:
    """Compare the gradient of a network in float64 with the one of the same network in another precision.

    same: that network, whose inputs have the other precision. state, rows: arrays by name, float64.
    """
    values = {**state, **network.counters(), **rows}
    dtype, count = same.inputs.dtype, len(rows["inputs"])
    with np.errstate(over="ignore"):
        fewer_bits = {name: array.astype(dtype) for name, array in values.items()}
    exact = evaluate(_cost_and_gradients(network), values, count)
    found = evaluate(_cost_and_gradients(same), fewer_bits, count)
    non_finite = [n for n in exact if np.isfinite(exact[n]).all() and not np.isfinite(found[n]).all()]
    largest, worst = 0.0, ""
    for name, gradient in exact.items():
        size = float(np.linalg.norm(gradient))
        if name == COST or not np.isfinite(found[name]).all() or not 0.0 < size < np.inf:
            continue
        off = float(np.linalg.norm(found[name].astype(np.float64) - gradient)) / size
        if off > largest:
            largest, worst = off, name
    return PrecisionCheck(dtype, largest, worst, tuple(non_finite))


def _cost_and_gradients(network: Network) -> dict[str, Node]:
    nodes = [p.node for p in network.trained]
    found = zip(nodes, gradients(network.cost, nodes), strict=True)
    return {COST: network.cost, **{node.name: gradient for node, gradient in found}}
