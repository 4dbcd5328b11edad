"""A rare class that the network never predicts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.scoring.metrics import class_probabilities
from mlpcli.wording import percent

MOST_TIMES = 10.0
"""Rows of the most frequent class for each row of the rarest."""
LEAST_RECALL = 0.3
"""Share of the rarest class that has to be recognised."""
BALANCED = ("data.class_weights=balanced",)
LEAST_ROWS = 5
"""Rows of the rarest class below which there is too little to learn from."""


class ClassImbalance(Rule):
    """A class too rare to be learned.

    A network that never predicts a class with 2 % of the rows is right in 98 % of them, and its loss is low.
    Look at the recall of each class. With `data.class_weights: balanced` every class counts alike, in the
    scores too. This is only a warning where the network beats the baseline: a rare class that is hard to
    recognise is not a fault of the training.

    What is measured: rows of the most frequent class for each row of the rarest; share of the rarest class
        that is recognised after the trial, and after a trial in which all classes have equal weight
    Threshold: 10 times as many rows, less than 30 % recognised (SageMaker Debugger), and at least 30 % with
        equal weights; never where data.class_weights is set
    Source: Amazon SageMaker Debugger, rule ClassImbalance; He, Garcia 2009, IEEE TKDE 21(9)
    """

    key = "data.class_weights"
    threshold = LEAST_RECALL
    measure = "share of the rarest class that is recognised"
    always = True
    explains = ("stalled_at_baseline",)

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        target = problem.dataset.preparation.target
        if not isinstance(target, ClassTarget) or problem.optimizer.rate <= 0:
            return
        if problem.dataset.weighting.classes:  # the remedy is taken
            return
        trial = evidence.trial
        if not trial.finite:
            return
        classes = _classes(evidence.trial.targets, target)
        counts = np.bincount(classes, minlength=problem.dataset.preparation.outputs)
        own = evidence.trials.runner.rows.get("weights")
        sizes = np.bincount(classes, own, len(counts))
        rarest, commonest = int(np.argmin(sizes)), int(np.argmax(sizes))
        if counts[rarest] < LEAST_ROWS or sizes[commonest] < MOST_TIMES * sizes[rarest]:
            return
        recall = _recall(trial, target, classes, rarest)
        if recall >= LEAST_RECALL:
            return
        balanced = evidence.variants.outcome(BALANCED).trial
        if balanced is None:
            return
        there = _classes(balanced.targets, target)
        reached = _recall(balanced, target, there, rarest)
        # A network that calls everything rare has learned nothing either.
        told_apart = balanced.finite and _recall(balanced, target, there, commonest) > 0.5
        if not told_apart or reached < LEAST_RECALL or reached < 2 * recall:
            return
        name = target.classes[rarest]
        times = sizes[commonest] / sizes[rarest]
        yield self.finding(
            f"Class {name!r} has {counts[rarest]} of {len(classes)} rows, {times:.0f} times fewer than the "
            f"most frequent one{' by their weights' if own is not None else ''}, and {percent(recall)} of "
            "them are recognised, whatever the accuracy says; trained with the classes weighted alike, "
            f"{percent(reached)}.",
            severity="warning" if evidence.learns else "problem",
            where=f"class {name}",
            value=recall,
            remedies=(Remedy("each class counts alike, however many rows it has", BALANCED),),
        )


def _classes(values: np.ndarray, target: ClassTarget) -> np.ndarray:
    numbers: np.ndarray = np.argmax(class_probabilities(values, target.coding), axis=1)
    return numbers


def _recall(trial: Trial, target: ClassTarget, classes: np.ndarray, which: int) -> float:
    called = _classes(trial.predictions, target)
    return float(np.mean(called[classes == which] == which))
