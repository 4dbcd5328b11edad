"""A formula that is not defined for what it gets: a root of negative numbers, a division by 0."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.config_keys import hidden_layers, layer_key
from mlpcli.diagnose.consequences import FAILURES
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.discover import choice_name
from mlpcli.execute.evaluate import evaluate


def _check(evidence: Evidence) -> Iterator[Finding]:
    case, network = evidence.case, evidence.case.network
    # What is built in is finite for every number; and a training without formulas is not to pay for this.
    written = [choice_name(layer.activation) == "formula" for layer in network.layers]
    of_loss = case.head.loss_name == "formula"
    if not any(written) and not of_loss:
        return
    nodes = {f"before {i}": layer.pre_activation for i, layer in enumerate(network.layers)}
    nodes |= {f"after {i}": layer.output for i, layer in enumerate(network.layers)}
    nodes["loss"] = network.row_loss
    rows, state = evidence.some_rows, case.trained or evidence.start
    found = evaluate(nodes, {**state, **rows}, len(rows["inputs"]))
    for number, layer in enumerate(network.layers):
        lost = ~np.isfinite(found[f"after {number}"])
        if not np.isfinite(found[f"before {number}"]).all():
            return
        if lost.any():
            if written[number]:
                given = found[f"before {number}"][lost]
                what = (
                    f"{layer.activation.shown} in {layer.name} is not a finite number for {lost.mean():.0%} "
                )
                what += f"of what it gets, such as x = {given[0]:.4g}"
                key = layer_key(case, number, "activation")
                yield _finding(
                    what, f"layer {layer.name}", key, float(lost.mean()), _for_layer(evidence, number)
                )
            return
    lost = ~np.isfinite(found["loss"])
    if of_loss and lost.any():
        what = f"The loss {case.head.loss.shown} is not a finite number for {lost.mean():.0%} of the rows"
        yield _finding(what, "loss", "loss", float(lost.mean()), _for_loss(evidence))


def _finding(what: str, where: str, key: str, share: float, remedy: Remedy) -> Finding:
    cause = f"{what}: neither is the cost, and no step can be made."
    measure = "share of the values for which the formula is not finite"
    return Finding("formula_not_finite", "problem", cause, where, key, share, 0.0, (remedy,), measure=measure)


def _for_layer(evidence: Evidence, number: int) -> Remedy:
    case = evidence.case
    key, usual = layer_key(case, number, "activation"), "tanh"
    if number == hidden_layers(case):
        usual = _usual_head(evidence)[0]
    return Remedy("an activation that is defined for every number", (f"{key}={usual}",))


def _for_loss(evidence: Evidence) -> Remedy:
    activation, loss = _usual_head(evidence)
    changes = (f"loss={loss}", f"network.output.activation={activation}")
    return Remedy("a loss that is defined for what the output says", changes)


def _usual_head(evidence: Evidence) -> tuple[str, str]:
    """Output activation and loss of such a task."""
    case = evidence.case
    if case.dataset.task == "regression":
        return "linear", "squared_error"
    one = case.head.units == 1 or case.dataset.task == "multilabel"
    return ("sigmoid", "binary_cross_entropy") if one else ("softmax", "cross_entropy")


formula_not_finite = Rule(
    title="A formula is not defined for what it gets",
    check=_check,
    statistic="share of a layer's values, or of the rows' losses, that a formula makes infinite or NaN "
    "before training",
    threshold="none: one of them",
    source="IEEE 754-2019, sections 6.1 and 6.2: operations on NaN give NaN",
    text="""log(x) and sqrt(x) are no numbers below 0, 1/x is none at 0, and half of what a layer gets is
negative. A single such value makes the cost NaN, and with it every gradient. Keep the argument where the
function is defined: sqrt(x**2 + 1), log(1 + abs(x)), log(max(prediction, 1e-7)). The activations and losses
that have a name are finite for every number.""",
    exact=True,
    order=5,
    explains=(*FAILURES, "exploding_activations"),
)
