"""A network with too few units for its rows."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import wide_units, widened
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import MUCH_BETTER
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, plural

NARROW = 8
"""Units of the narrowest hidden layer from which on it is wide enough."""
TIGHT = 4
"""Outputs for each unit of the narrowest hidden layer, through which all of them have to pass, from which on
the cost need not be at rest."""


class TooLittleCapacity(Rule):
    """Too few units.

    A hidden layer of one unit, or none at all, draws one straight boundary; two tanh units draw two. If so
    many do not separate the classes, no training helps. A wider network learns the training rows better in
    any case, so only one that halves the loss counts.

    What is measured: loss of a network of four times the units, at least 16, trained in the same way, against
        that of this one from nine seeds
    Threshold: less than half, where the cost is at rest with more than 30 % of the baseline's loss left, and
        a hidden layer has fewer than 8 units or there is none; at rest or not where a hidden layer has fewer
        units than a quarter of the outputs
    Source: Karpathy 2019, A Recipe for Training Neural Networks (overfit first); TheDeepChecker
    """

    key = "network.hidden"
    threshold = MUCH_BETTER
    measure = "loss of the wider network over that of this one"
    always = True
    explains = ("stalled_at_baseline",)

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        problem = evidence.problem
        hidden = problem.config.network.hidden
        narrowest = min((layer.units for layer in hidden), default=0)
        tight = bool(hidden) and TIGHT * narrowest < problem.head.units - 1
        poor = evidence.trial.leaves_much if tight else evidence.trial.fits_poorly
        if not poor or (narrowest >= NARROW and not tight) or problem.optimizer.rate <= 0:
            return
        own, changes = evidence.trial, widened(problem)
        wider = evidence.variants.outcome(changes).trial
        longer: tuple[str, ...] = ()
        if not hidden and not evidence.learns and not (wider and wider.much_better_than(own)):
            # A layer more takes more steps: without one these epochs may be enough, but to no end.
            longer = (f"training.epochs={10 * problem.config.training.epochs}",)
            wider = evidence.variants.outcome((*changes, *longer)).trial
        if wider is None or not wider.much_better_than(own):
            return
        if any(other.much_better_than(own) for other in evidence.trials.other_seeds):
            return
        if hidden:
            what = f"A hidden layer of {plural(narrowest, 'unit')} is too narrow"
            compared = f"with {listed(map(str, wide_units(problem)))}"
        else:
            what = "Without a hidden layer the network can only draw straight boundaries"
            compared = f"with 16 tanh units{' and ten times the epochs' if longer else ''}"
        yield self.finding(
            f"{what}: the training ends at a loss of {evidence.trial.loss:.4g}, and at less than half of it "
            f"from none of {len(evidence.trials.other_seeds)} other seeds; {compared} it ends at "
            f"{wider.loss:.4g}.",
            severity="warning" if evidence.learns else "problem",
            value=wider.share_of(own),
            remedies=(Remedy(f"ends at {wider.loss:.4g} in a trial", (*changes, *longer)),),
        )
