"""Formulas whose value or slope is not finite: which formula, for which x, in which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.diagnose.config_keys import hidden_layers, layer_key
from mlpcli.execute.evaluate import evaluate
from mlpcli.grad.reverse import gradients
from mlpcli.graph.node import Node
from mlpcli.nn.layer import Layer
from mlpcli.nn.loss import Loss
from mlpcli.nn.network import Forward, Network
from mlpcli.ops.reduce import reduce_sum
from mlpcli.problem.problem import Problem
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Remedy

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class FormulaFault:
    """A formula that is not finite, or has a slope that is not, for some of what it is given.

    formula: its text, as it is shown. layer: number of its layer, from 0; None for the loss. name: "layer …"
    or "the loss", for messages. argument: "x", or "prediction" for the loss. x: the first value of the
    argument where this happens. what: "value", "infinite slope" or "slope". rows: whether it happens in each
    row, (rows,). share: share of all values that the formula is given where it happens.
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
        """A description of the formula and the point, without a full stop."""
        point = f"{self.name} at {self.argument} = {self.x:.4g}"
        if self.what == "value":
            return f"{self.formula} is not a finite number in {point}"
        how = "infinite" if self.what == "infinite slope" else "not a number"
        return f"the slope of {self.formula} is {how} in {point}"

    @property
    def large(self) -> bool:
        """Whether the argument is so large that shorter steps may avoid the fault."""
        return not abs(self.x) < LARGE


LARGE = 50.0
"""Size of x from which weights that ran away may be to blame: exp(89) is more than float32 can hold."""


def uses_formulas(network: Network, loss: Loss) -> bool:
    """Return whether an activation or the loss is a formula: what is built in is finite for every number."""
    return "formula" in map(choice_name, (loss, *(layer.activation for layer in network.layers)))


def value_fault(
    forward: Forward, loss: Loss, values: Mapping[str, NDArray[Any]], rows: int
) -> FormulaFault | None:
    """Find the first formula, from the inputs on, that is not finite although what it is given is.

    values: arrays of every parameter and placeholder, by name; rows: length of the batch. None where all is
    finite, or where something else is not finite before a formula.
    """
    nodes: dict[str, Node] = {"loss": forward.row_loss}
    for number, layer in enumerate(forward.layers):
        nodes |= {f"before {number}": layer.pre_activation, f"after {number}": layer.output}
    found = evaluate(nodes, values, rows)
    for number, layer in enumerate(forward.layers):
        before, bad = found[f"before {number}"], ~np.isfinite(found[f"after {number}"])
        if not np.isfinite(before).all():
            return None
        if bad.any():
            formula = choice_name(layer.activation) == "formula"
            return _layer_fault(layer, number, "value", before, bad) if formula else None
    bad = ~np.isfinite(found["loss"])
    if choice_name(loss) != "formula" or not bad.any():
        return None
    return _loss_fault(loss, "value", found[f"after {len(forward.layers) - 1}"], bad[:, None])


def slope_fault(
    forward: Forward, loss: Loss, values: Mapping[str, NDArray[Any]], rows: int
) -> FormulaFault | None:
    """Find the last formula, nearest to the cost, whose slope is not finite at what it is given.

    values, rows: see value_fault(). None where every slope is finite.
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
        return _loss_fault(loss, _kind_of(slopes), found["prediction"], ~np.isfinite(slopes))
    for number, layer in reversed(list(enumerate(forward.layers))):
        if f"slope {number}" in found:
            before, slopes = found[f"before {number}"], found[f"slope {number}"]
            bad = np.isfinite(before) & ~np.isfinite(slopes)
            if bad.any():
                return _layer_fault(layer, number, _kind_of(slopes), before, bad)
    return None


CUSP_STEPS = (1e-6, 1e-8)
"""Distances from x at which slopes are looked at. A root's slope is ten times as large at the second; that of
anything smooth is the same there."""


def cusps(forward: Forward, values: Mapping[str, NDArray[Any]], rows: int) -> list[str]:
    """Describe each formula whose slope is infinite on both sides of an x that it is given.

    At that x the slope counts as 0. values, rows: see value_fault(). Layers with a normalisation are left
    out: their biases move nothing.
    """
    sentences = []
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
            fault = _layer_fault(layer, 0, "infinite slope", here["x"], sharp)
            sentences.append(f"{fault.sentence}, on both sides; there it counts as 0")
    return sentences


def _kind_of(slopes: NDArray[Any]) -> str:
    return "infinite slope" if np.isinf(slopes).any() else "slope"


def _layer_fault(
    layer: Layer, number: int, what: str, given: NDArray[Any], bad: NDArray[np.bool_]
) -> FormulaFault:
    return _fault(layer.activation.shown, number, f"layer {layer.name}", "x", what, given, bad)


def _loss_fault(loss: Loss, what: str, given: NDArray[Any], bad: NDArray[np.bool_]) -> FormulaFault:
    return _fault(loss.shown, None, "the loss", "prediction", what, given, bad)


def _fault(
    formula: str,
    layer: int | None,
    name: str,
    argument: str,
    what: str,
    given: NDArray[Any],
    bad: NDArray[np.bool_],
) -> FormulaFault:
    bad = np.broadcast_to(bad, given.shape)
    in_row: NDArray[np.bool_] = np.any(bad, axis=1)
    return FormulaFault(
        formula=formula.removeprefix("(").removesuffix(")"),
        layer=layer,
        name=name,
        argument=argument,
        x=float(given[bad][0]) + 0.0,  # 0 instead of -0
        what=what,
        rows=in_row,
        share=float(bad.mean()),
    )


def usual_instead(problem: Problem, layer: int | None) -> Remedy:
    """Propose an activation or a loss that is finite for every number.

    layer: number of the layer whose activation it is, from 0; None for the loss.
    """
    activation, loss = _usual_head(problem)
    if layer is None:
        changes = (f"loss={loss}", f"network.output.activation={activation}")
        return Remedy("a loss that is defined for what the output says", changes)
    usual = activation if layer == hidden_layers(problem) else "tanh"
    key = layer_key(problem, layer, "activation")
    return Remedy("an activation that is defined for every number", (f"{key}={usual}",))


def _usual_head(problem: Problem) -> tuple[str, str]:
    """Return the usual output activation and loss of the task."""
    if problem.dataset.task == "regression":
        return "linear", "squared_error"
    one = problem.head.units == 1 or problem.dataset.task == "multilabel"
    return ("sigmoid", "binary_cross_entropy") if one else ("softmax", "cross_entropy")
