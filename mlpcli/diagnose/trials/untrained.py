"""The evidence before any training."""

from __future__ import annotations

from functools import cached_property

from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.diagnose.trials.facts import Facts


class Untrained(Evidence):
    """Evidence about a problem of which nothing is known to go wrong; no trial is made."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts.problem)
        self.facts = facts

    @cached_property
    def learns(self) -> bool:
        return True
