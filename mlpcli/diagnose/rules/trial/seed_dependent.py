"""Initial weights of which some learn and some do not."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.config_keys import widened
from mlpcli.diagnose.detector import Statistic
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.trial import MUCH_BETTER, Trial
from mlpcli.runs.finding import Finding, Remedy

KEY = "seed"
LEAST_BETTER = 2
"""Seeds, of eight others, that have to learn where this one does not: one alone may be the exception."""
CLEARLY_BETTER = 0.7
"""Share of the trial's loss that others must fall below where this one does not learn at all."""
SMALL = 100
"""Parameters of a network whose seeds are compared although it learns."""
MORE_UNITS = "more units, of which enough start well"


class SeedDependent(Rule):
    """The seed decides.

    In networks of a few units the initial weights decide in which valley the training ends, and some valleys
    are bad. Training the same config from other seeds tells this from everything else: what is wrong with the
    config is wrong for all seeds. More units make it rare.

    What is measured: how many of eight trainings from other seeds learn where this one does not, or end at
        less than half of its loss
    Threshold: two of them, or one where this one learns; 0.7 of its loss where it does not learn at all.
        Ours: circles with 3 ReLU units are stuck for 2 of 10 seeds, with 16 for none
    Source: Blum, Rivest 1992, Training a 3-node neural network is NP-complete; our measurements
    """

    key = KEY
    always = True
    explains = ("stalled_at_baseline", "too_little_capacity")

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        trial, problem = evidence.trial, evidence.problem
        if problem.optimizer.rate <= 0 or not trial.finite:
            return
        if not evidence.trial.at_rest or (
            evidence.learns and not (evidence.trial.fits_poorly and problem.network.size <= SMALL)
        ):
            return
        others = evidence.trials.other_seeds
        better = [at for at, other in enumerate(others, 1) if _learns(evidence, other)]
        if len(better) < (1 if evidence.learns else LEAST_BETTER):
            return
        best = min(better, key=lambda at: others[at - 1].loss)
        yield self.finding(
            f"This seed is stuck at a loss of {trial.loss:.4g}, and {len(better)} of {len(others)} others "
            f"{'is' if len(better) == 1 else 'are'} not: the best ends at {others[best - 1].loss:.4g}. The "
            "training depends on the first weights.",
            severity="warning" if evidence.learns else "problem",
            value=Statistic(
                len(better) / len(others),
                (1 if evidence.learns else LEAST_BETTER) / len(others),
                f"share of {len(others)} other seeds that end clearly lower",
            ),
            remedies=_remedies(evidence, problem.config.seed + best),
        )


def _learns(evidence: Evidence, other: Trial) -> bool:
    return other.much_better_than(evidence.trial, MUCH_BETTER if evidence.learns else CLEARLY_BETTER)


def _remedies(evidence: Evidence, seed: int) -> Iterator[Remedy]:
    if evidence.problem.config.network.hidden:
        changes = widened(evidence.problem)
        wider = evidence.variants.outcome(changes).trial
        if wider is not None and _learns(evidence, wider):
            yield Remedy(MORE_UNITS, changes)
    yield Remedy("first weights that learn", (f"{KEY}={seed}",))
