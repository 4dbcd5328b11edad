"""What a rule is: one known training problem, how it is found, and how it is explained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from mlpcli.diagnose.detector import Detector
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding

KINDS = ("graph", "data", "start", "trial", "symptom")
"""Folders of rules/, in the order in which causes are looked for: facts of graph and data, what the first
forward and backward pass show, what a short training shows, and last the symptoms, each of which has one of
these as its cause."""


class Rule(Detector, ABC):
    """One file of rules/, which gives it its name; the folder is its kind.

    The docstring of a rule is its page in docs/findings: a title, why it is a problem (Markdown), and the
    paragraphs that begin with `What is measured:`, `Threshold:` and `Source:`.

    exact: true or false without a threshold, whatever the network makes of it. Rules that are not exact are
    asked only about networks that do not learn (Evidence.learns); `always` lifts that for those that have
    their own guard. before_training: looks at config and data alone, so that mlp train reports it before the
    first epoch, as it does exact rules. order: position within its kind, exact rules first; causes come
    before what they cause. explains: rules whose findings are consequences where this one has found
    something.
    """

    exact: ClassVar[bool] = False
    always: ClassVar[bool] = False
    before_training: ClassVar[bool] = False
    order: ClassVar[int] = 50
    explains: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def check(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield what is found in this evidence.

        Raises OutOfBudget where a trial that the rule needs does not fit into the budget of the evidence.
        """
