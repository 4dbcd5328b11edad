"""Targets for which the loss has no lower bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.consequences import EVEN_SCALING
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.nn.losses import LOSSES
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.output_range import Range
from mlpcli.wording import percent, told_apart


class LossBelowMinimum(Rule):
    """The loss has no lower bound.

    A cross-entropy, -(t·log p + (1 - t)·log(1 - p)), is 0 at best, for t = p = 1 or t = p = 0. With t = 2,
    from classes written as 1 and 2, it falls below 0 and on to minus infinity as p comes near 1, so that the
    network predicts 1 for every row; with t = -1 it predicts 0. Code the classes as 0 and 1.

    What is measured: targets beyond 0 and 1 under a cross-entropy, or below 0 under poisson
    Threshold: none: one such target is enough
    Source: Zhang et al. 2021, AUTOTRAINER; Goodfellow et al. 2016, section 6.2.2
    """

    exact = True
    order = 20
    explains = (*EVEN_SCALING, "output_range")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, target = evidence.problem, evidence.problem.training_rows["target"]
        if is_cross_entropy(problem):
            allowed, wants = Range(0.0, 1.0), "targets between 0 and 1"
        elif isinstance(problem.head.loss, LOSSES["poisson"]):
            allowed, wants = Range(0.0, np.inf), "counts, which are 0 or more"
        else:
            return
        low, high = evidence.facts.target_span
        if not allowed.beyond(np.array([low, high])).any():
            return
        outside = allowed.beyond(target)
        least, most = told_apart(low, high)
        go = f"go from {least} to {most}" if least != most else f"are {least}"
        grows = "moves to 0" if np.isinf(allowed.high) else "moves on to 0 or 1"
        if high > allowed.high:
            worst = Statistic(high, allowed.high, "largest target")
        else:
            worst = Statistic(low, allowed.low, "smallest target")
        yield self.finding(
            f"{problem.head.loss_name} wants {wants}, and {percent(float(outside.mean()))} of the targets, "
            f"which {go}, are not: for them the loss falls without end as the output {grows}, and no longer "
            "says how good a prediction is.",
            where="target",
            key="data.classes" if problem.config.data.classes else "loss",
            value=worst,
            remedies=_remedies(evidence),
        )


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    problem, target = evidence.problem, evidence.problem.training_rows["target"]
    poisson = isinstance(problem.head.loss, LOSSES["poisson"])
    if problem.config.data.classes:
        yield Remedy("numbers that are probabilities", ("data.classes=[0, 1]",))
        if target.min() >= -1 and target.max() <= 1:
            signed = ("loss=squared_error", "network.output.activation=tanh")
            yield Remedy("a loss and an output for numbers between -1 and 1", signed)
        return
    regression = problem.dataset.task == "regression"
    raw = problem.dataset.preparation.unscale(target) if regression else target
    if poisson and raw.min() >= 0:
        yield Remedy("the counts as they are in the file", ("data.target_scaling=none",))
    if regression and not poisson and target.shape[1] == 1 and len(np.unique(target)) == 2:
        classes = ("data.task=classification", "network.output.activation=sigmoid")
        yield Remedy("the two numbers are classes, told from each other as 0 and 1", classes)
    if regression:
        squared = ("loss=squared_error", "network.output.activation=linear", "data.target_scaling=standard")
        yield Remedy("a loss that takes any number", squared)
