"""A rate of 0 moves nothing; a negative one goes uphill."""

from __future__ import annotations

from collections.abc import Iterator

from mlpcli.diagnose.consequences import NOTHING_LEARNED
from mlpcli.diagnose.rule import Rule
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding, Remedy

KEY = "optimiser.learning_rate"


class LearningRateNotPositive(Rule):
    """The learning rate is not above 0.

    A step is w ← w − rate · gradient. With a rate of 0 the weights stay what they were at the start, with a
    negative one the cost grows. Nothing that the training does is then evidence of anything else.

    What is measured: the learning rate of the config
    Threshold: none: it is 0 or below
    Source: Ben Braiek, Khomh 2022, TheDeepChecker (weights not updated; step in the wrong direction)
    """

    key = KEY
    threshold = 0.0
    measure = "learning rate, which has to be above it"
    exact = True
    explains = NOTHING_LEARNED

    def check(self, evidence: Evidence) -> Iterator[Finding]:
        optimizer = evidence.problem.optimizer
        rate = optimizer.rate
        if rate > 0:
            return
        usual = type(optimizer)().rate
        if rate == 0:
            cause = "The learning rate is 0: no step changes any parameter."
        else:
            cause = f"The learning rate is {rate:g}, below 0: every step goes uphill, to a higher cost."
        sizes = (usual,) if rate == 0 or -rate == usual else (-rate, usual)
        remedies = (Remedy("steps go downhill", (f"{KEY}={size:g}",)) for size in sizes)
        yield self.finding(cause, value=rate, remedies=remedies)
