"""A training that training.stop ends long before it has learned what it could."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import MUCH_BETTER
from mlpcli.runs.finding import Finding, Remedy

KEY = "training.stop"


class StopsTooEarly(Rule):
    """The training stops too early.

    A cost seldom falls in every epoch. With little patience, or with a `min_delta` as large as what an epoch
    gains, the training ends at its first pause.

    What is measured: loss of a training to its last epoch over that of the training that training.stop ended
    Threshold: half, with more than 30 % of the baseline's loss left
    Source: Prechelt 1998, Early Stopping — But When?
    """

    key = KEY
    threshold = MUCH_BETTER
    measure = "loss of the training to its last epoch over that of the one that was stopped"
    always = True
    order = 10
    explains = ("seed_dependent", "stalled_at_baseline", "too_few_epochs", "too_little_capacity")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial, stop = evidence.trial, evidence.problem.config.training.stop
        if not trial.stopped or not evidence.trial.leaves_much:
            return
        whole = evidence.trials.unstopped
        if not whole.much_better_than(evidence.trial, MUCH_BETTER):
            return
        stopped, epochs = len(trial.costs), len(whole.costs)
        patience = stop.patience or 0
        longer = max(2 * patience, epochs // 5, 5)
        changes = (f"{KEY}.patience={longer}", *((f"{KEY}.min_delta=0",) if stop.min_delta else ()))
        if stop.patience is None:
            changes = (f"{KEY}={{patience: {longer}}}",)
        yield self.finding(
            f"The training is stopped after epoch {stopped} of {epochs} at a loss of {trial.loss:.4g}; "
            f"without {KEY} it ends at {whole.loss:.4g}.",
            severity="warning" if trial.beats_baseline else "problem",
            value=whole.share_of(trial),
            remedies=(Remedy("it waits longer for a lower cost, and takes any", changes),),
        )
