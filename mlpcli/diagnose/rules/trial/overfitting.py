"""The loss on validation rows rises while that on training rows falls."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.problem import Problem
from mlpcli.runs.finding import Finding, Remedy

KEY = "network.hidden"
BY_HEART = "The network learns the training rows by heart"
PASSED = 0.1
"""Share by which the validation loss at the end is above its lowest: SageMaker Debugger."""
GAP = 0.1
"""Share by which the validation loss is above the training loss: SageMaker Debugger."""
HARM = 0.1
"""Share of the baseline's loss by which it rises: a smaller rise of a loss near 0 leaves it near 0."""
EARLY = 0.7
"""Share of the epochs before which the lowest has to lie."""
LEAST_EPOCHS = 5
"""Validation losses below which no course can be seen."""


class Overfitting(Rule):
    """Overfitting.

    The network fits its training rows better and better, and new rows worse. This is only a warning, and a
    note where training.stop.patience ends the training in time: with validation rows, the weights of the
    epoch with the lowest validation loss are kept. Without validation rows it cannot be seen.

    What is measured: loss on the validation rows at the end of the trial, against its lowest and the training
        loss
    Threshold: 10 % above both (SageMaker Debugger), the lowest before 70 % of the epochs, and a rise of 10 %
        of the baseline's loss
    Source: Amazon SageMaker Debugger, rule Overfit; Goodfellow et al. 2016, section 7.8
    """

    key = KEY
    threshold = PASSED
    measure = "share by which the loss on the validation rows ends above its lowest"
    always = True

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial, problem = evidence.trial, evidence.problem
        if len(trial.watched) < LEAST_EPOCHS or not trial.finite or problem.optimizer.rate <= 0:
            return
        epoch, lowest = min(trial.watched, key=lambda each: each[1])
        last_epoch, end = trial.watched[-1]
        risen, gap = share_above(end, lowest), share_above(end, trial.loss)
        harms = end - lowest >= HARM * trial.baseline and trial.beats_baseline
        if not harms or risen < PASSED or gap < GAP or epoch > EARLY * last_epoch:
            return
        yield self.finding(
            f"{BY_HEART}: their loss falls to {trial.loss:.3g}, that of the validation rows is lowest, "
            f"{lowest:.3g}, about epoch {epoch} and {end:.3g} after {last_epoch} epochs.",
            severity=severity_of(problem),
            value=risen,
            remedies=remedies(problem, last_epoch),
        )


def share_above(loss: float, other: float) -> float:
    """Return by which share of the other loss a loss is above it."""
    return (loss - other) / max(abs(other), 1e-300)


def severity_of(problem: Problem) -> str:
    """Return "note" where training.stop.patience ends the training in time, else "warning"."""
    return "note" if problem.config.training.stop.patience else "warning"


def remedies(problem: Problem, epochs: int) -> Iterator[Remedy]:
    """Yield what keeps a network from learning rows by heart. epochs: of the training."""
    penalty = max(1e-2, 10 * problem.optimizer.l2)
    yield Remedy("weights that stay small make smoother functions", (f"optimiser.l2={penalty:g}",))
    hidden = [(f"network.hidden[{at}]", layer) for at, layer in enumerate(problem.config.network.hidden)]
    narrow = tuple(f"{key}.units={max(8, layer.units // 8)}" for key, layer in hidden if layer.units > 8)
    if narrow:
        yield Remedy("fewer units learn less by heart", narrow)
    yield Remedy("ends before it", (f"training.stop.patience={max(5, epochs // 20)}",))
    dropped = tuple(f"{key}.dropout=0.2" for key, layer in hidden if not layer.dropout)
    if dropped:
        yield Remedy("units that may be missing learn less by heart", dropped)
    yield Remedy("more training rows")
