"""Units that no gradient passes, on any row: the activation is flat wherever the rows put them."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import (
    has_rate,
    hidden_layers,
    in_hidden,
    layer_key,
    lower_rate,
    usual_inputs,
    usual_weights,
    with_changes,
)
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.rules.weight_size import usual_size
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import part_of, percent

MOST_DEAD = 0.5
"""Share of a layer's units that is reported: SageMaker Debugger and DeepDiagnosis warn from one half on."""
MEASURE = "share of the layer's units whose slope is 0 on every row"
NOWHERE_FLAT = "its slope is nowhere 0"


class DeadActivation(Rule):
    """The activation is flat wherever the rows are.

    ReLU, hard sigmoid, hard tanh and the like have pieces where their slope is exactly 0. A unit that lies
    there on every row gets no gradient, and neither do the weights before it: it never comes back. That half
    of the values of a ReLU layer are 0 is as it should be: each unit is then 0 on other rows.

    What is measured: share of a layer's units whose activation has slope 0 on every row (loss gradient 0; the
        penalty's gradient not counted), before training and after it
    Threshold: half of the units (SageMaker Debugger, DeepDiagnosis); a problem where it is all of them, or
        where the network learns from weights of the usual size
    Source: AUTOTRAINER, ICSE 2021 (dying ReLU); Lu et al. 2019, arXiv:1903.06733
    """

    threshold = MOST_DEAD
    measure = MEASURE
    order = 55
    explains = (*STANDSTILL, "effectively_linear", "saturated_layer", "vanishing_gradient")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        for health, when in evidence.moments:
            # From the output backwards: what lies before a dead layer gets no gradient because of it.
            for number, layer in reversed(list(enumerate(health))):
                flat = layer.flat_units
                # A slope that only rounding makes 0, as tanh's beyond 20, is saturation.
                if not layer.shape.flat_pieces or flat < MOST_DEAD * layer.units:
                    continue
                share = flat / layer.units
                units = part_of(flat, layer.units, f"{layer.activation} unit")
                yield self.finding(
                    f"Flat on every row {when}: {units} of {layer.name}. On {percent(1 - layer.live_share)} "
                    f"of rows × units the slope is 0{', and no gradient passes' if share == 1.0 else ''}.",
                    severity="problem" if share == 1.0 else _severity(evidence, when),
                    where=f"layer {layer.name}",
                    key=layer_key(evidence.problem, number, "activation"),
                    value=share,
                    remedies=with_changes(_remedies(evidence, number, when != "before training")),
                )
                return


def _severity(evidence: Evidence, when: str) -> str:
    """Judge a layer with many dead units, not all, by the training from usual weights."""
    if when != "before training":
        return "warning"  # units that training killed: other weights at the start prove nothing
    usual = evidence.variants.outcome(usual_weights(evidence.problem))
    return evidence.variants.severity_of(usual) or "warning"


def _remedies(evidence: Evidence, number: int, killed: bool) -> Iterator[Remedy]:
    problem, hidden = evidence.problem, hidden_layers(evidence.problem)
    weights = (*usual_weights(problem), *usual_inputs(problem))
    output: tuple[str, ...] = ()
    if number == hidden:
        bounded = problem.dataset.task != "regression"
        output = (f"network.output.activation={'sigmoid' if bounded else 'linear'}",)
    if not killed:
        yield usual_size(problem, *output)
    yield Remedy(NOWHERE_FLAT, (*output, *in_hidden(problem, "activation", "tanh"), *weights))
    if number < hidden:
        leaky = (*in_hidden(problem, "activation", "leaky_relu"), *weights)
        yield Remedy(f"{NOWHERE_FLAT} either", leaky)
    if killed and has_rate(problem):
        yield Remedy("shorter steps do not throw units out", (*output, lower_rate(problem)))
