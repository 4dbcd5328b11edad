"""Batches of rows in the order of the file, which is sorted by class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

KEY = "training.shuffle"
LONGER = 3.0
"""Ratio of the mean run of one class to that in random order."""
LEAST_ROWS = 20
"""Rows below which the length of runs says little."""


class SortedRows(Rule):
    """Sorted rows, not shuffled.

    With rows sorted by class, each step forgets the class before. Short steps even that out, so it often does
    no harm.

    What is measured: mean length of a run of rows of one class, against that in random order; then a training
        with shuffling
    Threshold: 3 times; a note, unless the shuffled training halves the loss (warning) or learns where this
        one does not (problem)
    Source: Bengio 2012, arXiv:1206.5533, section 3 (shuffle at least once)
    """

    key = KEY
    threshold = LONGER
    measure = "mean length of a run of rows of one class, over that in random order"
    always = True
    explains = (
        "cost_oscillates",
        "learning_rate_too_high",
        "seed_dependent",
        "stalled_at_baseline",
        "too_few_epochs",
    )

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        training = problem.dataset.training
        if (
            problem.config.training.shuffle
            or problem.dataset.task != "classification"
            or problem.batch_rows >= problem.count
        ):
            return
        labels = training.targets
        share = np.bincount(labels) / len(labels)
        run = len(labels) / (1 + int(np.count_nonzero(np.diff(labels))))
        by_chance = 1.0 / max(1.0 - float(np.sum(share**2)), 1.0 / len(labels))
        if len(labels) < LEAST_ROWS or run < LONGER * by_chance:
            return
        cured = not evidence.learns and evidence.trials.shuffled.beats_baseline
        harmed = cured or (
            evidence.trial.baseline > 0
            and evidence.trial.left > 0.1
            and evidence.trials.shuffled.much_better_than(evidence.trial)
        )
        proof = ""
        if harmed:
            loss, own = evidence.trials.shuffled.loss, evidence.trial.loss
            proof = f"; shuffled, the loss ends at {loss:.4g} instead of {own:.4g}"
        yield self.finding(
            f"The rows are sorted by class and not shuffled: on average {run:.3g} rows of one class follow "
            f"each other, in random order {by_chance:.2g}{proof}.",
            severity="problem" if cured else "warning" if harmed else "note",
            value=run / by_chance,
            remedies=(Remedy("every batch has rows of all classes", (f"{KEY}=true",)),),
        )
