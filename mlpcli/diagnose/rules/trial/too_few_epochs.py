"""A training that ends while the cost is still falling."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import STILL_FALLING
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import plural, told_apart

KEY = "training.epochs"
FALLING = 0.01
"""Relative fall of the cost per epoch at the end."""
CLEARLY_BETTER = 0.7
"""Share of the loss that ten times the epochs must come down to. Ours: wine quality and Titanic, which still
fall a little when their epochs are over, come down to 0.87 and 0.91."""
HALF_WAY = 0.5
"""Share of the baseline's loss that has to be left where the network learns."""


class TooFewEpochs(Rule):
    """Too few epochs.

    The number of steps is epochs × rows / batch size. Where the cost is still falling after the last of them,
    more steps help, or longer ones (a higher learning rate).

    What is measured: relative fall of the cost per epoch at the end of the training, and the loss after ten
        times the epochs
    Threshold: 1 % per epoch, with more than half of the baseline's loss left, or 0.5 % in the last quarter
        where the network does not learn; ten times the epochs have to end below 0.7 of the loss, or to make a
        network learn that does not
    Source: Cao et al. 2022, DeepFD (insufficient iterations)
    """

    key = KEY
    always = True
    explains = ("overconfident_start", "seed_dependent", "stalled_at_baseline", "too_little_capacity")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem, trial = evidence.problem, evidence.trial
        epochs = problem.config.training.epochs
        if problem.optimizer.rate <= 0 or not (trial.complete and trial.finite):
            return
        if evidence.learns and (trial.falling_an_epoch < FALLING or _nearly_done(evidence)):
            return
        if not evidence.learns and trial.falling < STILL_FALLING:
            return
        longer = evidence.trials.longer
        if not longer.much_better_than(evidence.trial, CLEARLY_BETTER if evidence.learns else 1.0):
            return
        many = len(longer.costs)
        done = f"{plural(epochs, 'epoch')}, {plural(trial.steps, 'step')}, {'is' if epochs == 1 else 'are'}"
        ends, later = told_apart(trial.loss, longer.loss)
        yield self.finding(
            f"{done} too few: the cost still falls by {trial.falling_an_epoch:.2g} of itself an epoch at the "
            f"end and the loss is {ends}; {plural(many, 'epoch')} end at {later}.",
            severity="warning" if evidence.learns else "problem",
            value=_fall(evidence),
            remedies=(
                Remedy(f"ends at {longer.loss:.4g} in a trial", (f"{KEY}={many}",)),
                *_smaller_batches(evidence),
            ),
        )


def _fall(evidence: Evidence) -> Statistic:
    """Return how the cost still falls; a network that learns is held against the stricter bound."""
    trial = evidence.trial
    if evidence.learns:
        return Statistic(trial.falling_an_epoch, FALLING, "relative fall of the cost an epoch at the end")
    measure = "relative fall of the cost from the third quarter to the last"
    return Statistic(trial.falling, STILL_FALLING, measure)


def _smaller_batches(evidence: Evidence) -> Iterator[Remedy]:
    batch = evidence.problem.batch_rows
    if batch > 16:
        yield Remedy("more steps in as many epochs", (f"training.batch_size={min(64, max(8, batch // 10))}",))


def _nearly_done(evidence: Evidence) -> bool:
    if evidence.trial.baseline <= 0:  # nothing of it can be left
        return evidence.trial.loss < HALF_WAY * evidence.trial.baseline
    return evidence.trial.left < HALF_WAY
