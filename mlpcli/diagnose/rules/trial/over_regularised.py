"""The penalty on the weights is stronger than the data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.config_keys import weaker_penalty
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.metrics import class_probabilities
from mlpcli.wording import percent, told_apart

WEAKER = (0.1, 0.01, 0.001)
"""Factors of the penalty that are tried, besides none at all."""
MEASURE = "loss after the same training without the penalty; the threshold is 5 % below the baseline"


class OverRegularised(Rule):
    """The penalty on the weights is too strong.

    l1 and l2 pull every weight towards 0. Where that pull is stronger than the gradient of the loss, all
    weights vanish, and only the bias of the output is left: the best constant.

    What is measured: the loss of the same training without the penalty, and with 0.1, 0.01 and 0.001 of it,
        where the network does not learn
    Threshold: without the penalty it ends 5 % below the baseline
    Source: Ben Braiek, Khomh 2022, TheDeepChecker; Goodfellow et al. 2016, section 7.1
    """

    explains = (
        "cost_oscillates",
        "dead_activation",
        "learning_rate_too_high",
        "saturated_layer",
        "seed_dependent",
        "stalled_at_baseline",
        "too_little_capacity",
        "vanishing_gradient",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, trial = evidence.problem, evidence.trial
        optimizer = problem.optimizer
        names = [name for name in ("l1", "l2") if getattr(optimizer, name)]
        if not names or not trial.finite or optimizer.rate <= 0:
            return
        free = evidence.variants.outcome(weaker_penalty(problem, 0.0)).trial
        if free is None or not free.beats_baseline:
            return
        found = [
            (factor, evidence.variants.outcome(weaker_penalty(problem, factor)).trial) for factor in WEAKER
        ]
        better = [
            (factor, weaker) for factor, weaker in found if weaker is not None and weaker.beats_baseline
        ]
        weights = [name for name in trial.state if name.endswith(".weights")]
        sizes = [
            float(np.sqrt(sum(np.sum(state[name] ** 2) for name in weights)))
            for state in (evidence.facts.initial_values, trial.state)
        ]
        given = " and ".join(f"{name} = {getattr(optimizer, name):g}" for name in names)
        before, after = told_apart(*sizes, digits=3)
        kept = f"change from a size of {before} to {after}" if before != after else f"keep a size of {after}"
        ends, constant, without = told_apart(trial.loss, evidence.trial.baseline, free.loss)
        yield self.finding(
            f"The penalty holds the loss up: with {given} it ends at {ends}, where the best constant has "
            f"{constant}; without the penalty it ends at {without}. The weights {kept}"
            f"{_classified(evidence)}.",
            key=f"optimiser.{names[-1]}",
            value=Statistic(free.loss, evidence.trial.clearly_below, MEASURE),
            remedies=(
                Remedy(
                    f"ends at {weaker.loss:.4g} in a trial",
                    weaker_penalty(problem, factor),
                )
                for factor, weaker in sorted([*better, (0.0, free)], key=lambda each: each[1].loss)
            ),
        )


def _classified(evidence: Evidence) -> str:
    """Say how many rows are classified rightly although the loss is high; "" where that is nothing special.

    Small weights make all probabilities alike, and the largest may still be the right one.
    """
    target = evidence.problem.dataset.preparation.target
    if not isinstance(target, ClassTarget):
        return ""
    true, said = (
        np.argmax(class_probabilities(values, target.coding), axis=1)
        for values in (evidence.trial.targets, evidence.trial.predictions)
    )
    right, most = float(np.mean(true == said)), float(np.max(np.bincount(true)) / len(true))
    return f", and {percent(right)} of the rows are told right all the same" if right > most else ""
