"""Remedies on the user's file: which lines they change, and what a short training with them does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mlpcli.config.load import ConfigFile, load_config_text
from mlpcli.diagnose.trials.budget import OutOfBudget
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.errors import Fault, MlpError
from mlpcli.problem.build import CHOICES
from mlpcli.runs.finding import Finding, Remedy

MOST_TRIED = {"problem": 3, "warning": 1, "note": 0}
"""Remedies of a finding that are tried."""
RUNS_AWAY = 1.5
"""A loss above that many times the best constant's, and what it is without the change, has run away."""


@dataclass(frozen=True)
class ChangedLine:
    """A line that is removed (-, its number in the file) or added (+, its number in the changed file)."""

    sign: str
    number: int
    text: str


@dataclass(frozen=True)
class Effect:
    """The end of a short training of the config with the change. error: why it cannot be built, else ""."""

    loss: float
    baseline: float
    learns: bool
    error: str = ""


@dataclass(frozen=True)
class Proposal:
    """A remedy on this file.

    lines: what differs; empty where it fits no line. effect: None where it was not tried. in_vain: whether it
    cannot be built, or its training runs away: then it is not proposed.
    """

    remedy: Remedy
    lines: tuple[ChangedLine, ...]
    effect: Effect | None
    in_vain: bool = False


@dataclass(frozen=True)
class Diagnosed:
    """A finding, where in the file its key stands ("" without a key), and its remedies as changes."""

    finding: Finding
    line: str
    proposals: tuple[Proposal, ...]

    @property
    def page(self) -> str:
        """The documentation page of its rule."""
        return page_of(self.finding.rule)

    @property
    def best(self) -> Proposal | None:
        """The first change that helps, or else that was not tried; none that was tried in vain."""
        return next((each for each in self.proposals if each.remedy.changes and not each.in_vain), None)


def page_of(rule: str) -> str:
    """Return the documentation page of a rule."""
    return f"docs/findings/{rule}.md"


def changed_text(file: ConfigFile, changes: Sequence[str]) -> str:
    """Return the file's text with the changes in it, comments kept. Raises ConfigError where they do not fit.

    They are written forwards and backwards, and the text that touches fewer lines is taken where both mean
    the same: an anchor can be changed in its place once nothing refers to it.
    """
    forwards, backwards = (
        load_config_text(file.text, file.path, order, CHOICES, check_files=False)
        for order in (changes, changes[::-1])
    )
    if backwards.config != forwards.config:
        return forwards.text
    return min((forwards.text, backwards.text), key=lambda text: len(changed_lines(file.text, text)))


def changed_lines(old: str, new: str) -> tuple[ChangedLine, ...]:
    """Return the lines that differ, in the order of the file."""
    before, after = old.splitlines(), new.splitlines()
    found: list[ChangedLine] = []
    for kind, i, i_end, j, j_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            found += [ChangedLine("-", at + 1, before[at]) for at in range(i, i_end)]
            found += [ChangedLine("+", at + 1, after[at]) for at in range(j, j_end)]
    return tuple(found)


def propose(finding: Finding, evidence: Evidence, try_them: bool) -> Diagnosed:
    """Return the finding with its remedies on this config: helpful ones first, those tried in vain last.

    evidence: of the config; remedies are its variants, so that what a rule has tried is not trained again.
    What its budget has no room for is not tried, and counted there. try_them: whether remedies are tried.
    """
    file = evidence.problem.file
    line = file.with_location(Fault("", "", key=finding.key)).where if finding.key else ""
    # Without a trial nothing is tried that could be compared with it.
    own_loss = evidence.trial.loss if try_them else math.inf
    left = MOST_TRIED[finding.severity] if try_them else 0
    proposals = []
    for remedy in finding.remedies:
        lines: tuple[ChangedLine, ...] = ()
        effect = None
        if remedy.changes:
            try:
                lines = changed_lines(file.text, changed_text(file, remedy.changes))
            except MlpError:
                lines = ()  # on this file it cannot be made: the effect says so
            if left:
                left -= 1
                try:
                    effect = effect_of(evidence, remedy.changes)
                except OutOfBudget:
                    evidence.budget.untried += 1
        in_vain = effect is not None and _runs_away(effect, own_loss)
        proposals.append(Proposal(remedy, lines, effect, in_vain))
    proposals.sort(key=lambda each: (each.in_vain, not (each.effect and each.effect.learns)))
    return Diagnosed(finding, line, tuple(proposals))


def _runs_away(effect: Effect, own_loss: float) -> bool:
    """Tell whether a change makes it worse; one of two that are needed may do nothing by itself."""
    if effect.learns:
        return False
    if effect.error or not math.isfinite(effect.loss):
        return True
    return effect.loss > RUNS_AWAY * max(abs(effect.baseline), own_loss)


def effect_of(evidence: Evidence, changes: Sequence[str]) -> Effect:
    """Return what a short training of the config with these changes does. Raises OutOfBudget."""
    trial = evidence.variants.trial(changes)
    if isinstance(trial, str):
        return Effect(math.nan, math.nan, False, trial)
    return Effect(trial.loss, trial.baseline, trial.learns)
