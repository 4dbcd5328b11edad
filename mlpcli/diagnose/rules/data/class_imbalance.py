"""A rare class that the network never calls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.data.targets import ClassTarget
from mlpcli.diagnose.evidence import Evidence
from mlpcli.diagnose.finding import Finding, Remedy
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trial import Trainer, Trial
from mlpcli.training.metrics import class_probabilities

MOST_TIMES = 10.0
"""Rows of the most frequent class for one of the rarest."""
LEAST_RECALL = 0.3
LEAST_ROWS = 5
"""Of the rarest class: fewer are too few to learn from."""


def _check(evidence: Evidence) -> Iterator[Finding]:
    case, trial = evidence.case, evidence.trial
    target = case.dataset.preparation.target
    if not isinstance(target, ClassTarget) or not trial.finite or case.optimizer.rate <= 0:
        return
    classes = _classes(evidence.trainer.rows["target"], target)
    counts = np.bincount(classes, minlength=case.dataset.preparation.outputs)
    rarest, commonest = int(np.argmin(counts)), int(np.argmax(counts))
    if counts[rarest] < LEAST_ROWS or counts[commonest] < MOST_TIMES * counts[rarest]:
        return
    recall = _recall(trial, target, classes, rarest)
    if recall >= LEAST_RECALL:
        return
    repeated = np.concatenate(
        [
            np.tile(np.flatnonzero(classes == each), round(counts[commonest] / max(1, count)))
            for each, count in enumerate(counts)
            if count
        ]
    )
    rows = {name: np.ascontiguousarray(array[repeated]) for name, array in evidence.trainer.rows.items()}
    trainer = Trainer(case, rows)
    balanced = trainer.run()
    there = _classes(trainer.rows["target"], target)
    reached = _recall(balanced, target, there, rarest)
    # A network that calls everything rare has learned nothing either.
    told_apart = balanced.finite and _recall(balanced, target, there, commonest) > 0.5
    if not told_apart or reached < LEAST_RECALL or reached < 2 * recall:
        return
    name = target.classes[rarest]
    times = counts[commonest] / counts[rarest]
    yield Finding(
        "class_imbalance",
        "warning" if evidence.learns else "problem",
        f"Class {name!r} has {counts[rarest]} of {len(classes)} rows, {times:.0f} times fewer than the "
        f"most frequent one, and {recall:.0%} of them are recognised, whatever the accuracy says; trained "
        f"with the rare rows repeated, {reached:.0%}.",
        f"class {name}",
        "data.target",
        recall,
        LEAST_RECALL,
        (Remedy(f"the rows of the rare class repeated {times:.0f} times in the file, or more of them"),),
    )


def _classes(values: np.ndarray, target: ClassTarget) -> np.ndarray:
    numbers: np.ndarray = np.argmax(class_probabilities(values, target.coding), axis=1)
    return numbers


def _recall(trial: Trial, target: ClassTarget, classes: np.ndarray, which: int) -> float:
    called = _classes(trial.predictions, target)
    return float(np.mean(called[classes == which] == which))


class_imbalance = Rule(
    title="A class too rare to be learned",
    check=_check,
    statistic="rows of the most frequent class for one of the rarest; share of the rarest that is "
    "recognised after the trial, and after one with its rows repeated until the classes are equal",
    threshold="10 times and less than 30 % recognised (SageMaker Debugger), and at least 30 % with "
    "repeated rows",
    source="Amazon SageMaker Debugger, rule ClassImbalance; He, Garcia 2009, IEEE TKDE 21(9)",
    text="""A network that never calls a class of 2 % is right in 98 % of the rows, and its loss is low.
Look at the recall of each class. A warning where the network beats the baseline: a rare class that is hard
to tell is not a fault of the training.""",
    always=True,
    explains=("stalled_at_baseline",),
)
