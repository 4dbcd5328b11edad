"""A loss made for another kind of target: a cross-entropy for numbers, an error of numbers for classes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import Range
from mlpcli.wording import percent, told_apart

KEY = "loss"
HIGHER = (10.0, 100.0)
"""Rates, by factor, at which the loss has to fail as well: the gradients of a squared error are smaller
than those of a cross-entropy, and a higher rate makes up for that."""


class LossFamily(Rule):
    """A loss for another kind of target.

    A cross-entropy is the negative log-likelihood of classes; for a temperature it means nothing. The other
    way round there is less harm: with a squared error and sigmoids classes are learned, only more slowly. The
    absolute error asks for the median: for a class that has less than half of the rows wherever one looks,
    that is 0, and the network never predicts it.

    What is measured: whether the loss suits the task; for numbers under a cross-entropy, the share of targets
        beyond 0 and 1; for classes under another loss, a training with a cross-entropy
    Threshold: none. Numbers beyond 0 and 1 under a cross-entropy are a problem. Classes under another loss
        are a note, and a problem where the network does not learn at 1, 10 and 100 times the rate but does
        with a cross-entropy
    Source: Goodfellow et al. 2016, section 6.2.2; Cao et al. 2022, DeepFD; Zhang et al. 2021, AUTOTRAINER
    """

    key = KEY
    threshold = 0.0
    measure = "share of the targets that are beyond 0 and 1"
    always = True
    order = 30
    explains = (*EVEN_SCALING, "loss_below_minimum", "not_a_probability", "output_range")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        if problem.dataset.task == "regression":
            if is_cross_entropy(problem) and len(np.unique(problem.training_rows["target"])) > 2:
                yield self._of_numbers(evidence)
        elif not is_cross_entropy(problem) and problem.head.loss_name != "formula":
            yield from self._of_classes(evidence)

    def _of_numbers(self, evidence: Evidence) -> Finding:
        problem, target = evidence.problem, evidence.problem.training_rows["target"]
        outside = Range(0.0, 1.0).beyond(target)
        squared = ("loss=squared_error", "network.output.activation=linear", "data.target_scaling=standard")
        count = len(np.unique(target))
        loss = problem.head.loss_name
        cause = f"{loss} is a loss of classes, and the targets are {count} different numbers "
        if outside.any():
            low, high = told_apart(float(target.min()), float(target.max()))
            cause += f"from {low} to {high}, {percent(float(outside.mean()))} of them no probabilities."
            severity = "problem"
        else:
            cause += "between 0 and 1, which it takes for probabilities."
            severity = "note"
            if not evidence.learns and evidence.variants.outcome(squared).learns:
                severity = "problem"
        remedy = Remedy("the squared error measures numbers", squared)
        value = float(outside.mean()) if outside.any() else None
        return self.finding(cause, value, (remedy,), severity=severity, where="target")

    def _of_classes(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        name, task = problem.head.loss_name, problem.dataset.task
        one = problem.head.units == 1 or task == "multilabel"
        head = ("sigmoid", "binary_cross_entropy") if one else ("softmax", "cross_entropy")
        severity, ends = "note", ""
        coded = bool(problem.config.data.classes)
        codes = ("data.classes=[0, 1]",) if coded else ()
        changes = (f"{KEY}={head[1]}", f"network.output.activation={head[0]}", *codes)
        if not evidence.learns and evidence.trial.finite and problem.optimizer.rate > 0 and not coded:
            outcome = evidence.variants.outcome(changes)
            if outcome.learns and not any(evidence.trials.at_rate(f).beats_baseline for f in HIGHER):
                severity = "problem"
                ends = (
                    f" It ends at {evidence.trial.loss:.3g}, no better than a constant "
                    f"({evidence.trial.baseline:.3g}), at ten and a hundred times the rate too; the same "
                    f"training with {head[1]} {outcome.text}"
                )
        end = f".{ends}." if ends else "; it learns all the same." if evidence.learns else "."
        yield self.finding(
            f"{name} measures numbers, and the target is "
            f"{'labels' if task == 'multilabel' else 'classes'}{end}",
            severity=severity,
            where="target",
            remedies=(Remedy("a cross-entropy pulls hardest at what is most wrong", changes),),
        )
