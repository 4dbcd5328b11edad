"""The loss on validation rows rises while that on training rows falls."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

PASSED = 0.1
"""The validation loss at the end is above its lowest by that share: SageMaker Debugger."""
GAP = 0.1
"""(validation - training loss) / training loss: the same."""
HARM = 0.1
"""Share of the baseline's loss by which it is: below that, a loss near 0 stays near it."""
EARLY = 0.7
"""The lowest has to lie before this share of the epochs."""


class Overfitting(Rule):
    """Overfitting.

    A warning only, and a note where training.stop.patience ends the training in time: with validation rows
    the weights of the epoch with the lowest validation loss are kept. Without validation rows nobody can see
    it.

    What is measured: loss on the validation rows at the end of the trial, against its lowest and the training
        loss
    Threshold: both 10 % (SageMaker Debugger), the lowest before 70 % of the epochs, and a rise of 10 % of the
        baseline's loss
    Source: Amazon SageMaker Debugger, rule Overfit; Goodfellow et al. 2016, section 7.8
    """

    key = "network.hidden"
    threshold = PASSED
    measure = "share by which the loss on the validation rows ends above its lowest"
    always = True

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial, problem = evidence.trial, evidence.problem
        if len(trial.watched) < 5 or not trial.finite or problem.optimizer.rate <= 0:
            return
        epoch, lowest = min(trial.watched, key=lambda each: each[1])
        last_epoch, end = trial.watched[-1]
        risen = (end - lowest) / max(abs(lowest), 1e-300)
        gap = (end - trial.loss) / max(abs(trial.loss), 1e-300)
        if (
            (end - lowest) < HARM * evidence.baseline
            or risen < PASSED
            or gap < GAP
            or epoch > EARLY * last_epoch
            or not evidence.beats_baseline(trial.loss)
        ):
            return
        l2 = problem.optimizer.l2
        penalty = max(1e-2, 10 * l2)
        hidden = problem.config.network.hidden
        narrow = tuple(
            f"network.hidden[{at}].units={max(8, layer.units // 8)}"
            for at, layer in enumerate(hidden)
            if layer.units > 8
        )
        dropped = tuple(
            f"network.hidden[{at}].dropout=0.2" for at, layer in enumerate(hidden) if not layer.dropout
        )
        yield self.finding(
            f"The network learns the training rows by heart: their loss falls to {trial.loss:.3g}, that of "
            f"the validation rows is lowest, {lowest:.3g}, about epoch {epoch} and {end:.3g} after "
            f"{last_epoch} epochs.",
            severity="note" if problem.config.training.stop.patience else "warning",
            value=risen,
            remedies=(
                Remedy("weights that stay small make smoother functions", (f"optimiser.l2={penalty:g}",)),
                *((Remedy("fewer units learn less by heart", narrow),) if narrow else ()),
                Remedy("ends before it", (f"training.stop.patience={max(5, last_epoch // 20)}",)),
                *((Remedy("units that may be missing learn less by heart", dropped),) if dropped else ()),
                Remedy("more training rows"),
            ),
        )
