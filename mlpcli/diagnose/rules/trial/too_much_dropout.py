"""Dropout that takes away more than the network can do without."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.consequences import STANDSTILL
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import percent, plural

MUCH = 0.5
"""Share beyond which more is dropped than kept: what hidden layers usually get, and no more."""
USUAL = 0.2
"""Dropout that is proposed instead."""


class TooMuchDropout(Rule):
    """Too much dropout.

    Dropout makes a network rely on no unit in particular, which helps against learning rows by heart. With
    more than half of the units gone in every step, few of them carry the signal, and a network that is not
    large can no longer learn the training rows. All losses here are taken without dropout, so that the zeros
    themselves do not count.

    What is measured: the largest dropout; then the loss of the same training without any
    Threshold: 0.5; and either the network does not learn and without dropout does (problem), or it leaves 30
        % of the baseline's loss and without dropout halves that (warning)
    Source: Srivastava et al. 2014, JMLR 15, section 7.3 and appendix A.4 (0.5 for hidden layers)
    """

    threshold = MUCH
    measure = "the largest dropout"
    always = True
    order = 40
    explains = (
        *STANDSTILL,
        "cost_oscillates",
        "dead_activation",
        "learning_rate_too_high",
        "targets_unrelated",
        "vanishing_gradient",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        rates = [layer.dropout for layer in problem.network.layers]
        much = [number for number, rate in enumerate(rates) if rate > MUCH]
        if not much or problem.optimizer.rate <= 0:
            return
        none = tuple(f"network.hidden[{at}].dropout=0" for at, rate in enumerate(rates) if rate)
        outcome = evidence.variants.outcome(none)
        severity = evidence.variants.severity_of(outcome) if outcome.learns else ""
        if not severity:
            return
        worst = max(much, key=lambda number: rates[number])
        layer = problem.network.layers[worst]
        dropped = f"{percent(rates[worst])} of its {plural(layer.units, 'unit')}"
        less = tuple(f"network.hidden[{at}].dropout={USUAL:g}" for at in much)
        yield self.finding(
            f"Layer {layer.name} drops {dropped} in every step: the loss, "
            f"taken without dropout, ends at {evidence.trial.loss:.4g}. The same training without dropout "
            f"{outcome.text}.",
            severity=severity,
            where=f"layer {layer.name}",
            key=f"network.hidden[{worst}].dropout",
            value=rates[worst],
            remedies=(
                Remedy("a share that leaves enough to learn with", less),
                Remedy("without, the training rows are learned as far as they can be", none),
            ),
        )
