"""Sigmoids or tanhs that are flat on most rows: hardly any gradient passes."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import (
    has_rate,
    hidden_layers,
    in_hidden,
    layer_key,
    lower_rate,
    usual_weights,
    with_changes,
)
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.rules.weight_size import usual_size
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import part_of, percent

MOST = 0.5
"""Share of rows × units that may be flat."""


class SaturatedLayer(Rule):
    """A hidden layer is saturated.

    Sigmoid, tanh and their kind are flat where what comes in is large: such a unit puts out the same for many
    rows, and its gradient is nearly 0, so it stays there. Inputs, weights or steps are too large.

    What is measured: share of rows × units of a layer with a bounded activation where the slope is below 2 %
        of the steepest (|tanh| > 0.99), before training and after it
    Threshold: half, where the network does not learn
    Source: Glorot, Bengio 2010; Wardat et al. 2022, DeepDiagnosis; Rakitianskaia, Engelbrecht 2015
    """

    threshold = MOST
    measure = "share of rows × units where the slope is below 2 % of the steepest"
    order = 60
    explains = (*STANDSTILL, "effectively_linear", "vanishing_gradient")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, hidden = evidence.problem, hidden_layers(evidence.problem)
        for health, when in evidence.moments:
            for number, layer in enumerate(health[:hidden]):
                if not layer.shape.bounded or layer.flat_share <= MOST:
                    continue
                yield self.finding(
                    f"The {layer.activation} of {layer.name} is flat on {percent(layer.flat_share)} of rows "
                    f"× units {when}, on nearly every row for "
                    f"{part_of(layer.saturated, layer.units, 'unit')}: what comes in has an rms of "
                    f"{layer.pre_activation_rms:.3g}, and the mean slope is {layer.mean_slope:.2g}.",
                    where=f"layer {layer.name}",
                    key=layer_key(problem, number, "initialisation"),
                    value=layer.flat_share,
                    remedies=with_changes(_remedies(evidence, when != "before training")),
                )
                return


def _remedies(evidence: Evidence, by_steps: bool) -> Iterator[Remedy]:
    problem = evidence.problem
    if by_steps and has_rate(problem):
        yield Remedy("shorter steps leave units where the slope is", (lower_rate(problem),))
    yield usual_size(problem)
    relu = (*in_hidden(problem, "activation", "relu"), *usual_weights(problem))
    yield Remedy("not flat on both sides", relu)
