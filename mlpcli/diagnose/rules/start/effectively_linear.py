"""Every row lies on one straight piece of every hidden unit: the network is a linear model."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpcli.diagnose.config_keys import hidden_layers, in_hidden, layer_key, usual_weights
from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.layers.health import LayerHealth, rms
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import all_of, percent

ALL = 1.0


class EffectivelyLinear(Rule):
    """The hidden units are straight on every row.

    ReLU, hard sigmoid, hard tanh and maxout are made of straight pieces; what a network of them can do beyond
    a linear model lies in their bends. The hard sigmoid 0.2·x + 0.5 bends only at |x| = 2.5: weights of the
    usual size and inputs of about 1 do not get there, and where the best linear model is a constant, as for
    XOR, the training stays at that constant for very long.

    What is measured: share of hidden units that are one straight line on all rows, before training and after
        it
    Threshold: all of them, both times; and either the network does not learn, or it leaves 30 % of the
        baseline's loss
    Source: Montúfar et al. 2014, arXiv:1402.1869 (linear regions); Minsky, Papert 1969 (XOR)
    """

    threshold = ALL
    measure = "share of hidden units that are one straight line on all rows after the training"
    always = True
    order = 70
    explains = (*STANDSTILL, "learning_rate_too_high")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, hidden = evidence.problem, hidden_layers(evidence.problem)
        if not evidence.trial.finite or (evidence.learns and not evidence.trial.fits_poorly):
            return
        start, end = evidence.start_health, evidence.trial_health
        # A layer that is flat on every row is dead, which says more.
        if any(layer.live_share == 0.0 for layer in end[:hidden]):
            return
        bent = [number for number in range(hidden) if start[number].shape.straight]
        if not bent or _linear_share(start[:hidden]) < ALL or _linear_share(end[:hidden]) < ALL:
            return
        first = start[bent[0]]
        units = sum(layer.units for layer in start[:hidden])
        shares = "; ".join(
            f"{before.name} {percent(1 - before.live_share)}, then {percent(1 - after.live_share)}"
            for before, after in zip(start, end, strict=True)
            if before.shape.flat_pieces
        )
        outside = (
            f" Rows × units where the slope is 0, at the start and after the training: {shares}."
            if shares
            else ""
        )
        yield self.finding(
            f"{first.activation} is straight wherever the rows lie: for {all_of(units, 'hidden unit')} "
            "every row is on one straight piece, before the training and after it, so the hidden layers do "
            f"what none would and the network is a linear model.{outside}",
            severity="warning" if evidence.learns else "problem",
            where=f"layer {first.name}",
            key=layer_key(problem, bent[0], "activation"),
            value=_linear_share(end[:hidden]),
            remedies=_remedies(evidence),
        )


def _linear_share(layers: list[LayerHealth]) -> float:
    return sum(layer.linear_units for layer in layers) / max(1, sum(layer.units for layer in layers))


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    problem, health = evidence.problem, evidence.start_health
    hidden = hidden_layers(problem)
    tanh = (*in_hidden(problem, "activation", "tanh"), *usual_weights(problem))
    yield Remedy("curved everywhere, from weights of both signs", tanh)
    hard = [number for number, layer in enumerate(health) if layer.activation == "hard_sigmoid"]
    if any(number < hidden for number in hard):
        smooth = tuple(f"{layer_key(problem, number, 'activation')}=sigmoid" for number in hard)
        yield Remedy("what the hard sigmoid imitates, curved everywhere", smooth)
    longer = evidence.trials.longer
    if longer.beats_baseline and (not evidence.learns or longer.much_better_than(evidence.trial)):
        epochs = len(longer.costs)
        why = f"ends at {longer.loss:.3g} in a trial: in the end the weights grow past the bends"
        yield Remedy(why, (f"training.epochs={epochs}",))
    size = rms(evidence.facts.some_rows["inputs"])
    if health[0].shape.bend and size:
        fan_in = problem.network.layers[0].parameters[0].fan_in
        std = health[0].shape.bend / (size * math.sqrt(fan_in))
        wide = in_hidden(problem, "initialisation", f"{{name: normal, std: {std:.2g}}}", [0])
        bend = f"weights that throw rows past the bends at {health[0].shape.bend:g}"
        yield Remedy(bend, wide)
