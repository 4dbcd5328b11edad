"""The network has too few units for these rows."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import MUCH_BETTER, Evidence
from mlpcli.diagnose.trials.variant import wide_units
from mlpcli.runs.finding import Finding, Remedy
from mlpcli.wording import listed, plural

NARROW = 8
"""Units of the narrowest hidden layer from which on nothing is looked for."""
TIGHT = 4
"""Outputs for each unit of the narrowest hidden layer, through which all of them have to pass, from which on
the cost need not be at rest."""


class TooLittleCapacity(Rule):
    """Too few units.

    A hidden layer of one unit, or none at all, draws one straight boundary; two tanh units draw two. If the
    classes are not separated by as many, no training helps. A wider network learns the training rows better
    in any case, so only one that halves the loss counts.

    What is measured: loss of a network of four times the units, at least 16, trained in the same way, against
        that of this one from nine seeds
    Threshold: less than half, where the cost is at rest with more than 30 % of the baseline's loss left, and
        a hidden layer has fewer than 8 units or there is none; at rest or not where it has fewer than a
        quarter of the outputs
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
        poor = evidence.leaves_much if tight else evidence.fits_poorly
        if not poor or (narrowest >= NARROW and not tight) or problem.optimizer.rate <= 0:
            return
        wider = evidence.wider
        longer: tuple[str, ...] = ()
        if not hidden and not evidence.learns and not evidence.much_better(wider):
            # A layer more takes more steps: without one these epochs may be enough, but to no end.
            wider = evidence.wider_and_longer
            longer = (f"training.epochs={10 * problem.config.training.epochs}",)
        if not evidence.much_better(wider) or any(map(evidence.much_better, evidence.redraws)):
            return
        if hidden:
            what = f"A hidden layer of {plural(narrowest, 'unit')} is too narrow"
            units = [wide_units(layer.units) for layer in hidden]
            changes = tuple(f"network.hidden[{at}].units={count}" for at, count in enumerate(units))
            compared = f"with {listed(map(str, units))}"
        else:
            what = "Without a hidden layer the network can only draw straight boundaries"
            changes = ("network.hidden=[{units: 16, activation: tanh}]",)
            compared = f"with 16 tanh units{' and ten times the epochs' if longer else ''}"
        yield self.finding(
            f"{what}: the training ends at a loss of {evidence.trial.loss:.4g}, and at less than half of it "
            f"from none of {len(evidence.redraws)} other seeds; {compared} it ends at {wider.loss:.4g}.",
            severity="warning" if evidence.learns else "problem",
            value=evidence.share_of_own(wider),
            remedies=(Remedy(f"ends at {wider.loss:.4g} in a trial", (*changes, *longer)),),
        )
