"""What rules about weights of a wrong size have in common: the proof, the sentence and the remedies."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import layer_key, usual_inputs, usual_weights
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy


class WeightSize(Rule):
    """Base of the rules about the initial weights of hidden layers; Glorot weights are what they propose."""

    measure = "rms(W)·√fan-in of the layer before training"
    always = True

    def of_layer(
        self, evidence: Evidence, number: int, size: str, value: float | Statistic, harmless: str = ""
    ) -> Iterator[Finding]:
        """Yield the finding about one layer, where usual weights would help.

        number: from 0. size: that of its weights, in words. harmless: severity where they would not; "" for
        no finding.
        """
        problem, variants = evidence.problem, evidence.variants
        changes = usual_weights(problem)
        outcome = variants.outcome(changes)
        severity = variants.severity_of(outcome) or harmless
        if not severity:
            return
        name = problem.network.layers[number].name
        yield self.finding(
            f"The first weights of {name} are {size}. The same training from glorot_uniform weights "
            f"{outcome.text}.",
            value,
            (Remedy("weights of the usual size, biases of 0", changes),),
            severity=severity,
            where=f"layer {name}",
            key=layer_key(problem, number, "initialisation"),
        )


def usual_size(problem: Problem, *more: str) -> Remedy:
    """Propose weights and inputs of the usual size. more: changes that belong with them."""
    why = "weights and inputs of a size that keeps units where the slope is"
    return Remedy(why, (*more, *usual_weights(problem), *usual_inputs(problem)))
