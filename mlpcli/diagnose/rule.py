"""What a rule is: one known training problem, the statistic that shows it, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.runs.finding import Finding

KINDS = ("graph", "data", "start", "trial", "symptom")
"""Folders of rules/, in the order in which causes are looked for: facts of graph and data, what the first
forward and backward pass show, what a short training shows, and last what has to have one of these as its
cause."""


@dataclass(frozen=True)
class Rule:
    """One file of rules/. Its name is that of the file, its kind that of the folder.

    exact: true or false without a threshold, whatever the network makes of it. Rules that are not exact are
    asked only about networks that do not learn (Evidence.learns); `always` lifts that for those that have
    their own guard. explains: rules whose findings are consequences where this one has found something.
    order: within its kind, after exactness; causes before what they cause.
    before_training: looks at config and data alone, so that mlp train tells it before the first epoch, as it
    does exact rules.
    title, statistic, threshold, source and text are what the documentation says; text is Markdown.
    """

    title: str
    check: Callable[[Evidence], Iterator[Finding]]
    statistic: str
    threshold: str
    source: str
    text: str
    exact: bool = False
    always: bool = False
    order: int = 50
    before_training: bool = False
    explains: tuple[str, ...] = ()
