"""Some first weights learn and some do not."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import MUCH_BETTER, Evidence
from mlpcli.diagnose.trials.trial import Trial
from mlpcli.diagnose.trials.variant import wide_units
from mlpcli.runs.finding import Finding, Remedy

KEY = "seed"
LEAST_BETTER = 2
"""Of eight other seeds, where this one does not learn: one alone is more likely the exception."""
CLEARLY_BETTER = 0.7
"""Share of the trial's loss that others must fall below where this one does not learn at all."""
SMALL = 100
"""Parameters of a network whose seeds are compared although it learns."""


class SeedDependent(Rule):
    """The seed decides.

    In networks of a few units the first weights decide in which valley the training ends, and some valleys
    are bad. The same config from other seeds tells that from everything else: what is wrong with the config
    is wrong for all seeds. More units make it rare.

    What is measured: how many of eight trainings from other seeds learn where this one does not, or end at
        less than half of its loss
    Threshold: two of them; 0.7 of its loss where it does not learn at all. Ours: circles with 3 ReLU units
        are stuck for 2 of 10 seeds, with 16 for none
    Source: Blum, Rivest 1992, Training a 3-node neural network is NP-complete; our measurements
    """

    key = KEY
    always = True
    explains = ("stalled_at_baseline", "too_little_capacity")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial, problem = evidence.trial, evidence.problem
        if problem.optimizer.rate <= 0 or not trial.finite:
            return
        if not evidence.at_rest or (
            evidence.learns and not (evidence.fits_poorly and problem.network.size <= SMALL)
        ):
            return
        redraws = evidence.redraws
        better = [at for at, other in enumerate(redraws, 1) if _learns(evidence, other)]
        if len(better) < (1 if evidence.learns else LEAST_BETTER):
            return
        best = min(better, key=lambda at: redraws[at - 1].loss)
        yield self.finding(
            f"This seed is stuck at a loss of {trial.loss:.4g}, and {len(better)} of {len(redraws)} others "
            f"{'is' if len(better) == 1 else 'are'} not: the best ends at {redraws[best - 1].loss:.4g}. The "
            "training depends on the first weights.",
            severity="warning" if evidence.learns else "problem",
            value=Statistic(
                len(better) / len(redraws),
                (1 if evidence.learns else LEAST_BETTER) / len(redraws),
                f"share of {len(redraws)} other seeds that end clearly lower",
            ),
            remedies=_remedies(evidence, problem.config.seed + best),
        )


def _learns(evidence: Evidence, other: Trial) -> bool:
    return evidence.much_better(other, MUCH_BETTER if evidence.learns else CLEARLY_BETTER)


def _remedies(evidence: Evidence, seed: int) -> Iterator[Remedy]:
    hidden = evidence.problem.config.network.hidden
    if hidden and _learns(evidence, evidence.wider):
        units = [wide_units(layer.units) for layer in hidden]
        changes = (f"network.hidden[{at}].units={count}" for at, count in enumerate(units))
        yield Remedy("more units, of which enough start well", tuple(changes))
    yield Remedy("first weights that learn", (f"{KEY}={seed}",))
