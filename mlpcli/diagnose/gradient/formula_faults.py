"""Where a formula, or its slope, is no finite number: which formula, for which x, in which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.case import Case
from mlpcli.diagnose.config_keys import hidden_layers, layer_key
from mlpcli.execute.evaluate import evaluate
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node
from mlpcli.nn.layer import Layer
from mlpcli.nn.loss import Loss
from mlpcli.nn.network import Forward, Network
from mlpcli.ops.reduce import reduce_sum
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Remedy

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class FormulaFault:
    """A formula that is not finite, or has a slope that is not, for some of what it is given.

    formula: as it is shown. layer: its number from 0; None for the loss. name: how messages call it.
    argument: "x", or "prediction" for the loss. x: the first value of it where this happens. what: "value",
    "infinite slope" or "slope". rows: in which it happens, (rows,). share: of all that the formula is given.
    """

    formula: str
    layer: int | None
    name: str
    argument: str
    x: float
    what: str
    rows: NDArray[np.bool_]
    share: float

    @property
    def sentence(self) -> str:
        """Name the formula and the point, without a full stop."""
        point = f"{self.name} at {self.argument} = {self.x:.4g}"
        if self.what == "value":
            return f"{self.formula} is not a finite number in {point}"
        how = "infinite" if self.what == "infinite slope" else "not a number"
        return f"the slope of {self.formula} is {how} in {point}"

    @property
    def large(self) -> bool:
        """Whether what the formula is given is so large that shorter steps may avoid it."""
        return not abs(self.x) < LARGE


LARGE = 50.0
"""The size of x from which weights that ran away may be to blame: exp(89) is more than float32 can hold."""


def uses_formulas(network: Network, loss: Loss) -> bool:
    """Whether an activation or the loss is a formula: what is built in is finite for every number."""
    return "formula" in map(choice_name, (loss, *(layer.activation for layer in network.layers)))


def value_fault(
    forward: Forward, loss: Loss, values: Mapping[str, NDArray[Any]], rows: int
) -> FormulaFault | None:
    """Find the first formula, from the inputs on, that is not finite although what it is given is.

    values: of every parameter and placeholder, by name. None where something else is not finite before it,
    or nothing is.
    """
    nodes: dict[str, Node] = {"loss": forward.row_loss}
    for number, layer in enumerate(forward.layers):
        nodes |= {f"before {number}": layer.pre_activation, f"after {number}": layer.output}
    found = evaluate(nodes, values, rows)
    for number, layer in enumerate(forward.layers):
        before, lost = found[f"before {number}"], ~np.isfinite(found[f"after {number}"])
        if not np.isfinite(before).all():
            return None
        if lost.any():
            formula = choice_name(layer.activation) == "formula"
            return _of_layer(layer, number, "value", before, lost) if formula else None
    lost = ~np.isfinite(found["loss"])
    if choice_name(loss) != "formula" or not lost.any():
        return None
    return _of_loss(loss, "value", found[f"after {len(forward.layers) - 1}"], lost[:, None])


def slope_fault(
    forward: Forward, loss: Loss, values: Mapping[str, NDArray[Any]], rows: int
) -> FormulaFault | None:
    """Find the last formula, nearest to the cost, whose slope is not finite at what it is given.

    values: as of value_fault(). None where every slope is finite.
    """
    nodes: dict[str, Node] = {}
    if choice_name(loss) == "formula":
        output = forward.prediction
        (slope,) = gradients(reduce_sum(forward.row_loss), [output], allow_disconnected=True)
        nodes |= {"slope of loss": slope, "prediction": output}
    for number, layer in enumerate(forward.layers):
        if choice_name(layer.activation) == "formula":
            (slope,) = gradients(reduce_sum(layer.output), [layer.pre_activation])
            nodes |= {f"slope {number}": slope, f"before {number}": layer.pre_activation}
    found = evaluate(nodes, values, rows)
    if "prediction" in found and not np.isfinite(found["slope of loss"]).all():
        slopes = found["slope of loss"]
        return _of_loss(loss, _how(slopes), found["prediction"], ~np.isfinite(slopes))
    for number, layer in reversed(list(enumerate(forward.layers))):
        if f"slope {number}" in found:
            before, slopes = found[f"before {number}"], found[f"slope {number}"]
            lost = np.isfinite(before) & ~np.isfinite(slopes)
            if lost.any():
                return _of_layer(layer, number, _how(slopes), before, lost)
    return None


CUSP_STEPS = (1e-6, 1e-8)
"""How far from x slopes are looked at. That of a root is ten times as large at the second; of anything smooth
it is the same there."""


def cusps(forward: Forward, values: Mapping[str, NDArray[Any]], rows: int) -> list[str]:
    """Say of which formulas the slope is infinite on both sides of an x that they are given, and counts as 0.

    values: as of value_fault(). Layers with a normalisation are left out: their biases move nothing.
    """
    said = []
    for layer in forward.layers:
        if choice_name(layer.activation) != "formula" or layer.normalization is not None:
            continue
        (slope,) = gradients(reduce_sum(layer.output), [layer.pre_activation])
        bias = layer.parameters[1].node.name
        nodes = {"slope": slope, "x": layer.pre_activation}
        here = evaluate(nodes, values, rows)
        sharp = np.isfinite(here["slope"])
        for side in (1.0, -1.0):
            far, near = (
                np.abs(evaluate(nodes, {**values, bias: values[bias] + side * step}, rows)["slope"])
                for step in CUSP_STEPS
            )
            sharp = sharp & (near > 3.0 * far) & (near > 10.0 * np.abs(here["slope"])) & (near > 1e3)
        if np.any(sharp):
            fault = _of_layer(layer, 0, "infinite slope", here["x"], sharp)
            said.append(f"{fault.sentence}, on both sides; there it counts as 0")
    return said


def _how(slopes: NDArray[Any]) -> str:
    return "infinite slope" if np.isinf(slopes).any() else "slope"


def _of_layer(
    layer: Layer, number: int, what: str, given: NDArray[Any], lost: NDArray[np.bool_]
) -> FormulaFault:
    return _fault(layer.activation.shown, number, f"layer {layer.name}", "x", what, given, lost)


def _of_loss(loss: Loss, what: str, given: NDArray[Any], lost: NDArray[np.bool_]) -> FormulaFault:
    return _fault(loss.shown, None, "the loss", "prediction", what, given, lost)


def _fault(
    formula: str,
    layer: int | None,
    name: str,
    argument: str,
    what: str,
    given: NDArray[Any],
    lost: NDArray[np.bool_],
) -> FormulaFault:
    lost, formula = np.broadcast_to(lost, given.shape), formula.removeprefix("(").removesuffix(")")
    x = float(given[lost][0]) + 0.0  # 0 instead of -0
    in_row: NDArray[np.bool_] = np.any(lost, axis=1)
    return FormulaFault(formula, layer, name, argument, x, what, in_row, float(lost.mean()))


def usual_instead(case: Case, layer: int | None) -> Remedy:
    """Propose an activation (of the layer with that number), or a loss, that is finite for every number."""
    activation, loss = _usual_head(case)
    if layer is None:
        changes = (f"loss={loss}", f"network.output.activation={activation}")
        return Remedy("a loss that is defined for what the output says", changes)
    usual = activation if layer == hidden_layers(case) else "tanh"
    key = layer_key(case, layer, "activation")
    return Remedy("an activation that is defined for every number", (f"{key}={usual}",))


def _usual_head(case: Case) -> tuple[str, str]:
    """Output activation and loss of such a task."""
    if case.dataset.task == "regression":
        return "linear", "squared_error"
    one = case.head.units == 1 or case.dataset.task == "multilabel"
    return ("sigmoid", "binary_cross_entropy") if one else ("softmax", "cross_entropy")
