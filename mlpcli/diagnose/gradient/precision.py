"""The gradient in the precision that a config trains in, beside that in float64."""

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


@dataclass(frozen=True)
class PrecisionCheck:
    """The gradient of one network in another precision than float64.

    largest: of |difference to float64| / |gradient|, Euclidean norms, over the parameters; worst: which one.
    not_finite: the cost, and parameters by which the gradient is not finite, where they are in float64.
    """

    precision: str
    largest: float
    worst: str
    not_finite: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Say how the gradient fares in that precision."""
        if self.not_finite:
            lost = ", ".join(self.not_finite)
            said = f"in {self.precision}, which the config trains in, not finite, while in float64 they are"
            return f"{said}: {lost}; precision: float64 has the range"
        how = f"off by {self.largest:.1e} of its size at most, by {self.worst}" if self.worst else "the same"
        return f"in {self.precision}, which the config trains in: {how}"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "sentence": self.sentence}


def check_precision(
    network: Network, same: Network, state: Mapping[str, NDArray[Any]], rows: Mapping[str, NDArray[Any]]
) -> PrecisionCheck:
    """Compare the gradients of a network in float64 with those of the same network in another precision.

    state, rows: of the first, in float64.
    """
    values = {**state, **network.counters(), **rows}
    dtype, count = same.inputs.dtype, len(rows["inputs"])
    with np.errstate(over="ignore"):
        fewer_bits = {name: array.astype(dtype) for name, array in values.items()}
    exact = evaluate(_cost_and_gradients(network), values, count)
    found = evaluate(_cost_and_gradients(same), fewer_bits, count)
    lost = [n for n in exact if np.isfinite(exact[n]).all() and not np.isfinite(found[n]).all()]
    largest, worst = 0.0, ""
    for name, gradient in exact.items():
        size = float(np.linalg.norm(gradient))
        if name == COST or not np.isfinite(found[name]).all() or not 0.0 < size < np.inf:
            continue
        off = float(np.linalg.norm(found[name].astype(np.float64) - gradient)) / size
        if off > largest:
            largest, worst = off, name
    return PrecisionCheck(dtype, largest, worst, tuple(lost))


def _cost_and_gradients(network: Network) -> dict[str, Node]:
    nodes = [p.node for p in network.trained]
    found = zip(nodes, gradients(network.cost, nodes), strict=True)
    return {COST: network.cost, **{node.name: gradient for node, gradient in found}}
