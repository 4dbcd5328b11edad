"""The cost stays where a prediction that ignores the inputs would be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.baseline import is_cross_entropy
from mlpcli.diagnose.trials.budget import OutOfBudget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import told_apart

MEASURE = "loss on the training rows after the training; the threshold is 5 % below the baseline"
CLEARLY_BETTER = 0.7
"""Share of the loss that a remedy must come down to."""
ALIKE = 0.05
"""Range of the predictions over that of the targets, up to which they count as the same for every row."""


class StalledAtBaseline(Rule):
    """The cost stays at the baseline.

    A loss of ln 2 = 0.693 on two balanced classes, or of the target's variance in a regression, is what the
    best constant prediction gives. A network that stays there has learned how frequent the classes are, and
    nothing about the inputs. This is a symptom: the finding above it says why. Where there is none above it,
    it is often a plateau, which a longer training, a higher rate or another seed leaves; what did so in a
    trial is proposed.

    What is measured: loss on the training rows after the trial, against that of the best constant prediction
    Threshold: not 5 % below it; where the predictions range over less than 5 % of the targets' range, the
        network ignores its inputs. Ours: seeds of XOR that are stuck end within 0.1 % of ln 2
    Source: Karpathy 2019, A Recipe for Training Neural Networks (input-independent baseline)
    """

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial, baseline = evidence.trial, evidence.trial.baseline
        if not trial.finite or evidence.learns or trial.beats_baseline:
            return
        what = (
            "the entropy of the label frequencies"
            if is_cross_entropy(evidence.problem)
            else "the loss of the best constant"
        )
        if _says_the_same(evidence):
            said = "ignores its inputs and predicts the same for every row."
        else:
            better = "hardly" if trial.loss < baseline else "no"
            said = f"is, by its loss, {better} better than a prediction that is the same for every row."
        ends, constant = told_apart(trial.loss, baseline)
        cause = f"The loss ends at {ends}; {what} is {constant}: the network {said}"
        remedies = tuple(_remedies(evidence)) if evidence.problem.optimizer.rate > 0 else ()
        yield self.finding(
            cause,
            value=Statistic(trial.loss, evidence.trial.clearly_below, MEASURE),
            remedies=remedies,
        )


def _says_the_same(evidence: Evidence) -> bool:
    """Tell whether the predictions hardly differ between rows, compared with their targets."""
    said, wanted = (np.ptp(each, axis=0) for each in (evidence.trial.predictions, evidence.trial.targets))
    return bool(np.all(said <= ALIKE * wanted))


def _remedies(evidence: Evidence) -> Iterator[Remedy]:
    """Yield what makes the network learn in a trial, the best first, whatever the cause."""
    problem = evidence.problem
    rate, epochs = problem.optimizer.rate, problem.config.training.epochs
    faster = f"optimiser.learning_rate={10 * rate:g}"
    tried: list[tuple[Trial, tuple[str, ...]]] = []
    # The symptom is told although the budget has no room for all of these.
    try:
        tried.append((evidence.trials.at_rate(10.0), (faster,)))
        tried.append((evidence.trials.at_rate(0.1), (f"optimiser.learning_rate={rate / 10:g}",)))
        if evidence.trial.complete:
            longer = f"training.epochs={10 * epochs}"
            tried.append((evidence.trials.longer, (longer,)))
            tried.append((evidence.trials.longer_and_faster, (longer, faster)))
            for number, other in enumerate(evidence.trials.other_seeds, 1):
                tried.append((other, (f"seed={problem.config.seed + number}",)))
    except OutOfBudget:
        evidence.budget.untried += 1
    better = [
        (other, changes) for other, changes in tried if other.much_better_than(evidence.trial, CLEARLY_BETTER)
    ]
    for other, changes in sorted(better, key=lambda each: each[0].loss)[:3]:
        yield Remedy(f"ends at {other.loss:.4g} in a trial", changes)
