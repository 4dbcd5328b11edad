"""training.stop ends the training long before it has learned what it could."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import MUCH_BETTER
from mlpcli.runs.finding import Finding, Remedy

KEY = "training.stop"


def _check(evidence: Evidence) -> Iterator[Finding]:
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
    yield Finding(
        "stops_too_early",
        "warning" if trial.beats_baseline else "problem",
        f"The training is stopped after epoch {stopped} of {epochs} at a loss of {trial.loss:.4g}; without "
        f"{KEY} it ends at {whole.loss:.4g}.",
        "",
        KEY,
        whole.share_of(evidence.trial),
        MUCH_BETTER,
        (Remedy("it waits longer for a lower cost, and takes any", changes),),
        measure="loss of the training to its last epoch over that of the one that was stopped",
    )


stops_too_early = Rule(
    title="The training stops too early",
    check=_check,
    statistic="loss of the training to its last epoch over that of the training that training.stop ended",
    threshold="half, with more than 30 % of the baseline's loss left",
    source="Prechelt 1998, Early Stopping — But When?",
    text="""A cost seldom falls in every epoch. With little patience, or with a `min_delta` as large as
what an epoch gains, the training ends at its first pause.""",
    always=True,
    order=10,
    explains=("seed_dependent", "stalled_at_baseline", "too_few_epochs", "too_little_capacity"),
)
